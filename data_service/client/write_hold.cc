#include "data_service/client/write_hold.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "common/base/random.h"
#include "common/log/log.h"
#include "common/orb/model_wire.h"
#include "data_service/client/describe.h"
#include "data_service/client/read_hold.h"
#include "data_service/corba/group_wire.h"

namespace juxta::data {
namespace {

constexpr unsigned attempt_ms = 1500;             // of a release, which a disk may delay
constexpr std::uint64_t large_write = 1 << 20;    // gets a segment of its own
constexpr std::uint64_t most_patches = 8 << 20;   // kept in memory
constexpr std::uint64_t most_carried = 64 << 10;  // in a release
constexpr std::size_t most_extents = 64;          // of a block

// Several processes may write under one token, one after the other: each numbers its segments from
// a place of its own.
std::uint32_t first_number_of_resumed() {
    return 0x80000000u | static_cast<std::uint32_t>(secure_random() & 0x7fff0000u);
}

}  // namespace

RemoteWriteHold::RemoteWriteHold(std::shared_ptr<SessionCore> core, InfoPtr info, LockGrant grant)
    : core_(std::move(core)),
      info_(std::move(info)),
      description_(describe(*info_)),
      map_(info_->spec, info_->bytes),
      grant_(std::move(grant)),
      reader_(*core_, info_->id, tally_, [this] { check_held(); }),
      stage_(*core_, grant_.client, tally_, [this] { check_held(); }),
      last_number_(grant_.lease ? 0 : first_number_of_resumed()) {
    description_.version = grant_.base;
    if (!is_resumed()) core_->keeper().keep(grant_.lease);
    core_->met(*info_, grant_.base);
}

RemoteWriteHold::~RemoteWriteHold() {
    if (!is_resumed()) core_->keeper().drop(grant_.lease);
    if (!over_) abandon();
    core_->return_identity(grant_.client);
}

void RemoteWriteHold::check_held() const {
    if (over_ || lost()) {
        throw Error(ErrorCode::lease_expired,
                    over_ ? "the lock of datum " + label_of(*info_) + " is given back already"
                          : "the lock of datum " + label_of(*info_) +
                                " was lost: its lease ended before it was renewed. Nothing written "
                                "under it is or will be committed; acquire it again");
    }
}

SegmentId RemoteWriteHold::next_segment(BlockNumber block) {
    return {info_->id, block, grant_.token, ++last_number_};
}

void RemoteWriteHold::read(std::uint64_t offset, std::span<std::byte> into) {
    check_held();
    check_range(*info_, offset, into.size());
    if (into.empty()) return;
    if (whole_) return read_whole(offset, into);
    reader_.read(overlay(grant_.extents, changes_), offset, into, {});
    patches_.lay_over(offset, into);
}

void RemoteWriteHold::write(std::uint64_t offset, std::span<const std::byte> from,
                            const Progress& progress) {
    check_held();
    check_range(*info_, offset, from.size());
    if (from.empty()) return;
    if (whole_) return write_whole(offset, from);
    std::uint64_t done = 0;
    for (const BlockMap::Part& part : map_.cut(offset, from.size())) {
        const auto content = from.subspan(part.offset - offset, part.length);
        if (content.size() < large_write) {
            patches_.write(part.offset, content);
            if (patches_.bytes() > most_patches) finish_patches(false);
        } else {
            finish_patches(false);
            const SegmentId segment = next_segment(part.block);
            const Progress further =
                progress
                    ? [&](std::uint64_t now, std::uint64_t) { progress(done + now, from.size()); }
                    : Progress();
            stage_.put(segment, content, std::nullopt, further);
            changes_ = overlay(changes_, {{part.offset, part.length, segment, 0}});
        }
        done += part.length;
        if (progress) progress(done, from.size());
    }
}

LocalPiece RemoteWriteHold::create_whole(const WholeOptions& options) {
    check_held();
    LocalPiece piece;
    piece.length = info_->bytes;
    if (info_->bytes == 0) return piece;
    const Whole& whole = begin_whole(&options);
    piece.fd = whole.fd;
    if (whole.made) piece.segment = name_of_content(whole.segment);
    return piece;
}

std::span<std::byte> RemoteWriteHold::map_whole() {
    check_held();
    if (info_->bytes == 0) return {};
    Whole& whole = begin_whole(nullptr);
    if (whole.memory.bytes().empty()) {
        whole.memory = Mapping::writable(whole.fd->get(), info_->bytes);
    }
    return whole.memory.bytes();
}

RemoteWriteHold::Whole& RemoteWriteHold::begin_whole(const WholeOptions* for_another_process) {
    if (whole_) return *whole_;
    Whole whole;
    if (info_->bytes > SegmentStore::kSmall) {
        const InfoPtr info = core_->info(info_->id, false, core_->control_deadline());
        const auto primary = SessionCore::primary_of(*info);
        // One range of addresses for several blocks is nobody's segment.
        if (map_.count() == 1 && primary && stage_.is_local(*primary)) {
            whole.segment = next_segment(0);
            try {
                whole.fd = core_->local().with_socket([&](SegmentSocketClient& socket) {
                    return socket.create(whole.segment, info_->bytes,
                                         for_another_process != nullptr
                                             ? std::span<const ino_t>(for_another_process->reusable)
                                             : std::span<const ino_t>());
                });
                whole.made = {primary->self, for_another_process != nullptr &&
                                                 for_another_process->writer_keeps_it};
            } catch (const Error& e) {
                if (e.code() == ErrorCode::out_of_space) throw;
                log::info("this host's provider gives no memory: {}; a file of our own serves",
                          e.what());
            }
        }
        if (!whole.fd && for_another_process != nullptr) {
            whole.fd = std::make_shared<const UniqueFd>(make_memory_file(info_->bytes));
        }
    }
    if (!whole.fd) whole.memory = Mapping::anonymous(info_->bytes);
    changes_.clear();
    patches_.clear();
    whole_ = std::move(whole);
    return *whole_;
}

void RemoteWriteHold::write_whole(std::uint64_t offset, std::span<const std::byte> from) {
    if (!whole_->memory.bytes().empty()) {
        std::memcpy(whole_->memory.bytes().data() + offset, from.data(), from.size());
        return;
    }
    Mapping once = Mapping::writable(whole_->fd->get(), info_->bytes);
    std::memcpy(once.bytes().data() + offset, from.data(), from.size());
}

void RemoteWriteHold::read_whole(std::uint64_t offset, std::span<std::byte> into) const {
    if (!whole_->memory.bytes().empty()) {
        std::memcpy(into.data(), whole_->memory.bytes().data() + offset, into.size());
        return;
    }
    const Mapping once = Mapping::readable(whole_->fd->get(), info_->bytes);
    std::memcpy(into.data(), once.bytes().data() + offset, into.size());
}

void RemoteWriteHold::finish_patches(bool may_carry) {
    if (patches_.empty()) return;
    struct Gathered {
        std::vector<std::byte> content;
        Extents extents;
    };
    std::map<BlockNumber, Gathered> blocks;
    for (const auto& [offset, piece] : patches_.pieces()) {
        for (const BlockMap::Part& part : map_.cut(offset, piece.size())) {
            Gathered& into = blocks[part.block];
            into.extents.push_back({part.offset, part.length, {}, into.content.size()});
            const auto* first = piece.data() + (part.offset - offset);
            into.content.insert(into.content.end(), first, first + part.length);
        }
    }
    Extents extents;
    for (auto& [block, gathered] : blocks) {
        const SegmentId segment = next_segment(block);
        for (Extent& extent : gathered.extents) extent.segment = segment;
        std::ranges::copy(gathered.extents, std::back_inserter(extents));
        if (may_carry && block == 0 && gathered.content.size() <= most_carried) {
            carried_ = {segment, std::move(gathered.content)};
        } else {
            stage_.put(segment, gathered.content, std::nullopt, {});
        }
    }
    changes_ = overlay(changes_, extents);
    patches_.clear();
}

void RemoteWriteHold::stage_whole(std::span<const std::byte> content) {
    changes_.clear();
    for (const BlockMap::Part& part : map_.cut(0, info_->bytes)) {
        const bool made = whole_->made.has_value();
        const SegmentId segment = made ? whole_->segment : next_segment(part.block);
        stage_.put(segment, content.subspan(part.offset, part.length), whole_->made, {});
        changes_.push_back({part.offset, part.length, segment, 0});
    }
}

void RemoteWriteHold::finish_whole() {
    if (!whole_) return;
    if (!whole_->fd) {
        const Mapping memory = std::move(whole_->memory);
        if (info_->bytes <= most_carried) {
            patches_.write(0, memory.bytes());
        } else {
            stage_whole(memory.bytes());
        }
        return whole_.reset();
    }
    whole_->memory.reset();  // sealed only once nobody can write any more
    const std::optional<ProviderContact> primary =
        SessionCore::primary_of(*core_->info(info_->id, false, core_->control_deadline()));
    if (whole_->made && primary && primary->self == whole_->made->at) {
        try {
            stage_.seal(whole_->segment, whole_->made->kept_by_writer);
        } catch (const Error& e) {
            if (e.code() == ErrorCode::unavailable) throw;  // somebody still writes
            log::debug("{}; the memory is uploaded to another provider", e.what());
        }
    }
    // Once sealed it can be mapped to be read without standing in the way.
    const Mapping view = Mapping::readable(whole_->fd->get(), info_->bytes);
    stage_whole(view.bytes());
    whole_.reset();
}

// A block of too many pieces is written anew as one.
void RemoteWriteHold::merge_scattered() {
    const Extents next = overlay(grant_.extents, changes_);
    std::vector<std::size_t> pieces(map_.count());
    for (const Extent& extent : next) ++pieces[extent.segment.block];
    for (BlockNumber block = 0; block < map_.count(); ++block) {
        if (pieces[block] <= most_extents) continue;
        const Extent whole{map_.start(block), map_.size(block), next_segment(block), 0};
        Mapping memory = Mapping::anonymous(whole.length);
        reader_.read(next, whole.offset, memory.bytes(), {});
        stage_.put(whole.segment, memory.bytes(), std::nullopt, {});
        changes_ = overlay(changes_, {whole});
    }
}

Version RemoteWriteHold::release() {
    check_held();
    finish_whole();
    // Each piece of the patches cuts at most one of the base in two.
    const bool scatters =
        grant_.extents.size() + 2 * (changes_.size() + patches_.pieces().size()) > most_extents;
    finish_patches(!scatters);
    if (scatters) merge_scattered();
    try {
        const Version version = commit();
        over_ = true;
        core_->met(*info_, version);
        return version;
    } catch (const Error& e) {
        if (e.code() == ErrorCode::lease_expired) {
            if (!is_resumed()) grant_.lease->lost = true;
            check_held();
        }
        if (e.code() == ErrorCode::unavailable) {
            throw Error(e.code(), std::string(e.what()) +
                                      ". Whether this release was committed is not known: look at "
                                      "the version of the datum");
        }
        throw;
    }
}

// One entry names the new segments of all blocks: all are visible with it, or none.
Version RemoteWriteHold::commit() {
    const std::vector<BlockChange> changes = map_.divided(changes_);
    Wire::SmallSegments carried;
    if (carried_) {
        carried.length(1);
        carried[0].segment = to_wire(carried_->segment);
        carried[0].content.replace(static_cast<CORBA::ULong>(carried_->content.size()),
                                   static_cast<CORBA::ULong>(carried_->content.size()),
                                   reinterpret_cast<CORBA::Octet*>(carried_->content.data()),
                                   false);
    }
    const Wire::Caller who{grant_.client.value, core_->next_rid()};
    return core_->at_coordinator(
        info_->id, core_->control_deadline(), attempt_ms,
        [&](Wire::Provider_ptr remote, const ProviderContact&, const InfoPtr&) -> Version {
            return remote->release(who, orb::to_wire(info_->id), grant_.token, to_wire(changes),
                                   carried, is_resumed());
        });
}

void RemoteWriteHold::abandon() noexcept {
    try {
        if (whole_ && whole_->made) {
            const SegmentId segment = whole_->segment;
            whole_.reset();
            core_->local().with_socket(
                [&](SegmentSocketClient& socket) { socket.discard(segment); });
        }
    } catch (const std::exception& e) {
        log::debug("memory of an abandoned write was not given back: {}", e.what());
    }
    if (is_resumed() || lost()) return;
    try {
        const Wire::Caller who{grant_.client.value, core_->next_rid()};
        core_->at_coordinator(
            info_->id, SessionCore::Clock::now() + std::chrono::seconds(2), 1000,
            [&](Wire::Provider_ptr remote, const ProviderContact&, const InfoPtr&) {
                remote->abandon(who, orb::to_wire(info_->id), grant_.token);
            });
    } catch (const std::exception& e) {
        log::debug("a lock was not given back and ends with its lease: {}", e.what());
    }
}

}  // namespace juxta::data
