#include "data_service/client/read_hold.h"

#include <cstring>

#include "common/log/log.h"
#include "common/orb/model_wire.h"
#include "data_service/client/describe.h"
#include "data_service/corba/group_wire.h"

namespace juxta::data {
namespace {

constexpr unsigned attempt_ms = 1000;
constexpr std::size_t most_pieces = 64;
constexpr std::uint64_t small_hole = 64 * 1024;

// Zeroes, without memory for those that nobody looks at.
LocalPiece hole(std::uint64_t offset, std::uint64_t length) {
    LocalPiece piece;
    piece.offset = offset;
    piece.length = length;
    if (length <= small_hole) {
        piece.bytes.resize(length);
    } else {
        piece.fd = std::make_shared<const UniqueFd>(make_memory_file(length));
    }
    return piece;
}

}  // namespace

std::string name_of_content(const SegmentId& id) {
    return to_string(id.datum) + "." + std::to_string(id.block) + "." + std::to_string(id.token) +
           "." + std::to_string(id.number);
}

void check_range(const DatumInfo& info, std::uint64_t offset, std::uint64_t length) {
    if (offset > info.bytes || length > info.bytes - offset) {
        throw Error(ErrorCode::invalid_argument,
                    std::to_string(length) + " bytes from byte " + std::to_string(offset) +
                        " on lie outside datum " + label_of(info) + ", which has " +
                        std::to_string(info.bytes) + " bytes");
    }
}

RemoteReadHold::RemoteReadHold(std::shared_ptr<SessionCore> core, HeldVersionPtr held)
    : core_(std::move(core)),
      held_(std::move(held)),
      info_(held_->info),
      extents_(held_->extents),
      description_(describe(*info_)),
      reader_(*core_, info_->id, tally_, [this] { check_held(); }) {
    description_.version = held_->version;
}

void RemoteReadHold::check_held() const {
    if (!held_->lost()) return;
    if (held_->is_locked()) {
        throw Error(ErrorCode::lease_expired,
                    "the shared lock of datum " + label_of(*info_) +
                        " was lost: its lease ended before it was renewed, and others may have "
                        "written since; acquire it again");
    }
    throw Error(ErrorCode::stale_version,
                "version " + std::to_string(held_->version) + " of datum " + label_of(*info_) +
                    " is no longer kept for this reader; read the newest one");
}

void RemoteReadHold::read(std::uint64_t offset, std::span<std::byte> into,
                          const Progress& progress) {
    check_range(*info_, offset, into.size());
    if (into.empty()) return;
    if (mapped_) {
        std::memcpy(into.data(), bytes_.data() + offset, into.size());
        if (progress) progress(into.size(), into.size());
        return;
    }
    reader_.read(extents_, offset, into, progress);
}

std::span<const std::byte> RemoteReadHold::map() {
    if (mapped_ || info_->bytes == 0) return bytes_;
    bool local = false;
    try {
        local = core_->local().contact() && reader_.fetch(extents_, held_->version);
    } catch (const Error& e) {
        // It may be full, or die just now: private memory serves as well.
        if (e.code() != ErrorCode::out_of_space && !may_pass(e.code())) throw;
        log::info("{}", e.what());
    }
    if (!local || !map_locally()) {
        segments_.clear();
        range_ = Mapping::anonymous(info_->bytes);
        reader_.read(extents_, 0, range_.bytes(), {});
        bytes_ = range_.bytes();
    }
    mapped_ = true;
    return bytes_;
}

// Every extent can be laid into one range of addresses.
bool RemoteReadHold::is_mappable() const {
    if (extents_.size() > most_pieces) return false;
    for (std::size_t i = 0; i < extents_.size(); ++i) {
        const Extent& extent = extents_[i];
        const bool ends = extent.offset + extent.length == info_->bytes;
        if (!segments_[i]->content.fd || !is_page_aligned(extent.offset) ||
            !is_page_aligned(extent.segment_offset) || !(ends || is_page_aligned(extent.length))) {
            return false;
        }
    }
    return true;
}

bool RemoteReadHold::map_locally() {
    segments_.clear();
    for (const Extent& extent : extents_) {
        auto segment = reader_.local(extent);
        if (!segment) return false;  // dropped again meanwhile
        segments_.push_back(std::move(segment));
    }
    if (extents_.size() == 1 && extents_[0].offset == 0 && extents_[0].length == info_->bytes) {
        bytes_ = segments_[0]->bytes().subspan(extents_[0].segment_offset, info_->bytes);
        return true;
    }
    if (!is_mappable()) return false;
    range_ = Mapping::anonymous(info_->bytes);
    for (std::size_t i = 0; i < extents_.size(); ++i) {
        range_.lay_over(extents_[i].offset, segments_[i]->content.fd->get(),
                        extents_[i].segment_offset, extents_[i].length);
    }
    bytes_ = range_.bytes();
    return true;
}

std::vector<LocalPiece> RemoteReadHold::pieces() {
    std::vector<LocalPiece> pieces;
    if (info_->bytes == 0) return pieces;
    if (!reader_.fetch(extents_, held_->version)) {
        throw Error(ErrorCode::unavailable,
                    "host " + core_->place().host +
                        " has no provider through which another process could map datum " +
                        label_of(*info_));
    }
    std::uint64_t done = 0;
    for (const Extent& extent : extents_) {
        if (extent.offset > done) pieces.push_back(hole(done, extent.offset - done));
        const auto segment = reader_.local(extent);
        if (!segment) {
            throw Error(ErrorCode::unavailable, "this host's provider dropped a part of datum " +
                                                    label_of(*info_) + " just now; try again");
        }
        LocalPiece piece;
        piece.offset = extent.offset;
        piece.length = extent.length;
        piece.segment = name_of_content(extent.segment);
        if (segment->content.fd) {
            piece.fd = segment->content.fd;
            piece.fd_offset = extent.segment_offset;
        } else {
            const auto part = segment->bytes().subspan(extent.segment_offset, extent.length);
            piece.bytes.assign(part.begin(), part.end());
        }
        pieces.push_back(std::move(piece));
        done = extent.offset + extent.length;
    }
    if (done < info_->bytes) pieces.push_back(hole(done, info_->bytes - done));
    return pieces;
}

namespace {

// Oneway: nobody waits for it, and a pin that is not given back ends by itself.
void unpin(SessionCore& core, const DataId& id, const Lease& lease) noexcept {
    try {
        const InfoPtr info = core.info(id, false, SessionCore::Clock::now());
        const auto primary = SessionCore::primary_of(*info);
        if (!primary) return;
        const Wire::Provider_var remote = core.provider(primary->address);
        orb::Deadline attempt(500);
        orb::ask([&] { remote->unpin(core.caller(lease.rid), orb::to_wire(id), lease.number); });
    } catch (const std::exception& e) {
        log::debug("a pin of {} was not given back and ends by itself: {}", to_string(id),
                   e.what());
    }
}

}  // namespace

HeldVersionPtr take_pin(SessionCore& core, const DataId& id) {
    return core.at_coordinator(
        id, core.control_deadline(), attempt_ms,
        [&](Wire::Provider_ptr remote, const ProviderContact&, const InfoPtr& info) {
            auto lease = std::make_shared<Lease>();
            lease->datum = id;
            lease->client = core.client();
            lease->rid = core.next_rid();
            const Time sent = monotonic_now();
            const Wire::Snapshot_var taken =
                remote->acquire_read(core.caller(lease->rid), orb::to_wire(id));
            lease->number = taken->version;
            lease->length = std::chrono::milliseconds(taken->lease_ms);
            lease->renewed(sent);
            const Extents extents =
                BlockMap(info->spec, info->bytes).joined(from_wire(taken->blocks));
            core.keeper().keep(lease);
            return std::make_shared<const HeldVersion>(info, taken->version, extents, lease,
                                                       [&core, id, lease] {
                                                           core.keeper().drop(lease);
                                                           unpin(core, id, *lease);
                                                       });
        });
}

std::unique_ptr<ReadHold> take_snapshot(const std::shared_ptr<SessionCore>& core,
                                        const DataId& id) {
    const InfoPtr info = core->info(id, false, core->control_deadline());
    const ConsistencyProtocol* protocol = find_consistency(info->spec.protocol);
    if (protocol == nullptr || !protocol->keeps_versions()) {
        return std::make_unique<RemoteReadHold>(core, take_pin(*core, id));
    }
    const Time asked = monotonic_now();
    HeldVersionPtr held = core->kept().answer(id, *protocol, asked);
    if (!held) {
        held = take_pin(*core, id);
        // The only version that will ever be is never retired.
        if (protocol->write_once() && held->version > 0) {
            held = std::make_shared<const HeldVersion>(held->info, held->version, held->extents,
                                                       nullptr, nullptr);
        }
        core->kept().keep(id, held, asked);
    }
    return std::make_unique<RemoteReadHold>(core, std::move(held));
}

}  // namespace juxta::data
