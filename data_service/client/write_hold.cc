#include "data_service/client/write_hold.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "common/log/log.h"
#include "common/orb/model_wire.h"
#include "data_service/client/describe.h"
#include "data_service/client/read_hold.h"
#include "data_service/corba/group_wire.h"

namespace juxta::data {
namespace {

constexpr unsigned poll_ms = 1250;  // T_lock / 4
constexpr unsigned attempt_ms = 5000;
constexpr std::uint64_t large_write = 1 << 20;   // gets a segment of its own
constexpr std::uint64_t most_patches = 8 << 20;  // kept in memory
constexpr std::size_t most_extents = 64;
constexpr auto seal_patience = std::chrono::seconds(2);  // for a writer's mapping to go

// Time to replicate: 20 MB/s beyond the usual.
unsigned stage_ms(std::uint64_t bytes) {
    return static_cast<unsigned>(std::min<std::uint64_t>(attempt_ms + bytes / 20000, 3600000));
}

}  // namespace

RemoteWriteHold::RemoteWriteHold(std::shared_ptr<SessionCore> core, InfoPtr info, LockGrant grant,
                                 std::shared_ptr<Lease> lease)
    : core_(std::move(core)),
      info_(std::move(info)),
      description_(describe(*info_)),
      token_(grant.token),
      base_version_(grant.base),
      base_(std::move(grant.extents)),
      lease_(std::move(lease)),
      reader_(*core_, info_->id, tally_, [this] { check_held(); }) {
    description_.version = base_version_;
    core_->keeper().keep(lease_);
}

RemoteWriteHold::~RemoteWriteHold() {
    core_->keeper().drop(lease_);
    if (!over_) abandon();
    core_->leave_write(info_->id);
}

void RemoteWriteHold::check_held() const {
    if (over_ || lease_->lost) {
        throw Error(ErrorCode::lease_expired,
                    over_ ? "the lock of datum " + label_of(*info_) + " is given back already"
                          : "the lock of datum " + label_of(*info_) +
                                " was lost: its lease ended before it was renewed. Nothing written "
                                "under it is or will be committed; acquire it again");
    }
}

SegmentId RemoteWriteHold::next_segment() { return {info_->id, 0, token_, ++last_number_}; }

void RemoteWriteHold::read(std::uint64_t offset, std::span<std::byte> into) {
    check_held();
    check_range(*info_, offset, into.size());
    if (into.empty()) return;
    if (whole_) return read_whole(offset, into);
    reader_.read(overlay(base_, changes_), offset, into, {});
    patches_.lay_over(offset, into);
}

void RemoteWriteHold::write(std::uint64_t offset, std::span<const std::byte> from,
                            const Progress& progress) {
    check_held();
    check_range(*info_, offset, from.size());
    if (from.empty()) return;
    if (whole_) return write_whole(offset, from);
    if (from.size() < large_write) {
        patches_.write(offset, from);
        if (progress) progress(from.size(), from.size());
        if (patches_.bytes() > most_patches) finish_patches();
        return;
    }
    finish_patches();
    const SegmentId segment = next_segment();
    stage(segment, from, std::nullopt, progress);
    changes_ = overlay(changes_, {{offset, from.size(), segment, 0}});
}

LocalPiece RemoteWriteHold::create_whole() {
    check_held();
    LocalPiece piece;
    piece.length = info_->bytes;
    if (info_->bytes == 0) return piece;
    piece.fd = begin_whole(true).fd;
    return piece;
}

std::span<std::byte> RemoteWriteHold::map_whole() {
    check_held();
    if (info_->bytes == 0) return {};
    Whole& whole = begin_whole(false);
    if (whole.memory.bytes().empty()) {
        whole.memory = Mapping::writable(whole.fd->get(), info_->bytes);
    }
    return whole.memory.bytes();
}

RemoteWriteHold::Whole& RemoteWriteHold::begin_whole(bool for_another_process) {
    if (whole_) return *whole_;
    Whole whole;
    whole.segment = next_segment();
    if (info_->bytes > SegmentStore::kSmall) {
        const InfoPtr info = core_->info(info_->id, false, core_->control_deadline());
        const auto primary = SessionCore::primary_of(*info);
        if (primary && is_local(*primary)) {
            try {
                whole.fd = core_->local().with_socket([&](SegmentSocketClient& socket) {
                    return socket.create(whole.segment, info_->bytes);
                });
                whole.made_at = primary->self;
            } catch (const Error& e) {
                if (e.code() == ErrorCode::out_of_space) throw;
                log::info("this host's provider gives no memory: {}; a file of our own serves",
                          e.what());
            }
        }
        if (!whole.fd && for_another_process) {
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

bool RemoteWriteHold::is_local(const ProviderContact& primary) {
    const auto local = core_->local().contact();
    return local && local->self == primary.self;
}

void RemoteWriteHold::seal(const SegmentId& segment) {
    const auto until = SessionCore::Clock::now() + seal_patience;
    for (;;) {
        try {
            return core_->local().with_socket(
                [&](SegmentSocketClient& socket) { socket.seal(segment); });
        } catch (const Error& e) {
            if (e.code() != ErrorCode::unavailable || SessionCore::Clock::now() >= until) throw;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

void RemoteWriteHold::put_locally(const SegmentId& segment, std::span<const std::byte> content) {
    const bool small = content.size() <= SegmentStore::kSmall;
    core_->local().with_socket([&](SegmentSocketClient& socket) {
        if (small) return socket.write_small(segment, content);
        const auto fd = socket.create(segment, content.size());
        Mapping memory = Mapping::writable(fd->get(), content.size());
        std::memcpy(memory.bytes().data(), content.data(), content.size());
    });
    seal(segment);
}

void RemoteWriteHold::stage(const SegmentId& segment, std::span<const std::byte> content,
                            const std::optional<Member>& made_at, const Progress& listener) {
    std::optional<Member> has_it;  // whole, as far as known
    const std::uint64_t rid = core_->next_rid();
    core_->at_coordinator(
        info_->id, core_->control_deadline() + std::chrono::milliseconds(stage_ms(content.size())),
        stage_ms(content.size()),
        [&](Wire::Provider_ptr remote, const ProviderContact& primary, const InfoPtr&) {
            check_held();
            if (has_it != primary.self) {
                ProgressCount progress(listener, content.size());
                if (made_at == primary.self) {
                    seal(segment);
                } else if (is_local(primary)) {
                    put_locally(segment, content);
                    progress.add(content.size());
                } else {
                    SegmentTransfer(*core_, tally_).push(primary, segment, content, progress);
                }
                has_it = primary.self;
            }
            try {
                remote->stage(core_->caller(rid), to_wire(segment), content.size());
            } catch (...) {
                // Repeated from the start if it may pass: a provider may have dropped the bytes.
                if (made_at != primary.self) has_it.reset();
                throw;
            }
        });
}

void RemoteWriteHold::finish_patches() {
    if (patches_.empty()) return;
    const SegmentId segment = next_segment();
    std::vector<std::byte> content;
    content.reserve(patches_.bytes());
    Extents extents;
    for (const auto& [offset, piece] : patches_.pieces()) {
        extents.push_back({offset, piece.size(), segment, content.size()});
        content.insert(content.end(), piece.begin(), piece.end());
    }
    stage(segment, content, std::nullopt, {});
    changes_ = overlay(changes_, extents);
    patches_.clear();
}

void RemoteWriteHold::finish_whole() {
    if (!whole_) return;
    if (whole_->fd) whole_->memory.reset();  // sealed only once nobody can write any more
    const bool made = whole_->made_at.has_value();
    const std::optional<ProviderContact> primary =
        SessionCore::primary_of(*core_->info(info_->id, false, core_->control_deadline()));
    if (made && primary && primary->self == *whole_->made_at) {
        try {
            seal(whole_->segment);
        } catch (const Error& e) {
            if (e.code() == ErrorCode::unavailable) throw;  // somebody still writes
            log::debug("{}; the memory is uploaded to another provider", e.what());
        }
    }
    // Once sealed it can be mapped to be read without standing in the way.
    const Mapping view =
        whole_->fd ? Mapping::readable(whole_->fd->get(), info_->bytes) : Mapping();
    const std::span<const std::byte> content =
        whole_->fd ? std::span<const std::byte>(view.bytes()) : whole_->memory.bytes();
    stage(whole_->segment, content, whole_->made_at, {});
    changes_ = {{0, info_->bytes, whole_->segment, 0}};
    whole_.reset();
}

void RemoteWriteHold::merge_if_scattered() {
    const Extents next = overlay(base_, changes_);
    if (next.size() <= most_extents) return;
    Mapping memory = Mapping::anonymous(info_->bytes);
    reader_.read(next, 0, memory.bytes(), {});
    const SegmentId segment = next_segment();
    stage(segment, memory.bytes(), std::nullopt, {});
    changes_ = {{0, info_->bytes, segment, 0}};
}

Version RemoteWriteHold::release() {
    check_held();
    finish_whole();
    finish_patches();
    merge_if_scattered();
    std::vector<BlockChange> changes;
    if (!changes_.empty()) changes.push_back({0, changes_});
    const std::uint64_t rid = core_->next_rid();
    try {
        const Version version = core_->at_coordinator(
            info_->id, core_->control_deadline(), attempt_ms,
            [&](Wire::Provider_ptr remote, const ProviderContact&, const InfoPtr&) -> Version {
                return remote->release(core_->caller(rid), orb::to_wire(info_->id), token_,
                                       to_wire(changes));
            });
        over_ = true;
        return version;
    } catch (const Error& e) {
        if (e.code() == ErrorCode::lease_expired) {
            lease_->lost = true;
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

void RemoteWriteHold::abandon() noexcept {
    try {
        if (whole_ && whole_->made_at) {
            const SegmentId segment = whole_->segment;
            whole_.reset();
            core_->local().with_socket(
                [&](SegmentSocketClient& socket) { socket.discard(segment); });
        }
    } catch (const std::exception& e) {
        log::debug("memory of an abandoned write was not given back: {}", e.what());
    }
    if (lease_->lost) return;
    try {
        const std::uint64_t rid = core_->next_rid();
        core_->at_coordinator(
            info_->id, SessionCore::Clock::now() + std::chrono::seconds(2), 1000,
            [&](Wire::Provider_ptr remote, const ProviderContact&, const InfoPtr&) {
                remote->abandon(core_->caller(rid), orb::to_wire(info_->id), token_);
            });
    } catch (const std::exception& e) {
        log::debug("a lock was not given back and ends with its lease: {}", e.what());
    }
}

namespace {

// One request, polled until it is granted or the deadline has passed.
std::unique_ptr<WriteHold> poll_for_lock(const std::shared_ptr<SessionCore>& core, const DataId& id,
                                         std::uint64_t rid,
                                         SessionCore::Clock::time_point deadline) {
    using std::chrono::milliseconds;
    const auto began = SessionCore::Clock::now();
    const auto since = [](auto from, auto to) {
        const auto ms = std::chrono::duration_cast<milliseconds>(to - from).count();
        return static_cast<CORBA::ULong>(std::max<long long>(ms, 0));
    };
    for (;;) {
        auto hold = core->at_coordinator(
            id, std::max(deadline, began) + milliseconds(3000), poll_ms + 3000,
            [&](Wire::Provider_ptr remote, const ProviderContact&,
                const InfoPtr& info) -> std::unique_ptr<WriteHold> {
                const auto now = SessionCore::Clock::now();
                const Wire::Grant_var grant =
                    remote->acquire(core->caller(rid), orb::to_wire(id), false, since(began, now),
                                    std::min<CORBA::ULong>(poll_ms, since(now, deadline)));
                if (!grant->granted) return nullptr;
                auto lease = std::make_shared<Lease>();
                lease->kind = Lease::Kind::lock;
                lease->datum = id;
                lease->rid = rid;
                lease->number = grant->token;
                lease->every = milliseconds(grant->lease_ms / 4);
                std::vector<Extents> blocks = from_wire(grant->blocks);
                LockGrant taken{grant->token, grant->version,
                                blocks.empty() ? Extents{} : std::move(blocks.front())};
                return std::make_unique<RemoteWriteHold>(core, info, std::move(taken),
                                                         std::move(lease));
            });
        if (hold || SessionCore::Clock::now() >= deadline) return hold;
    }
}

void cancel(SessionCore& core, const DataId& id, std::uint64_t rid) {
    try {
        core.at_coordinator(id, SessionCore::Clock::now() + std::chrono::seconds(1), 1000,
                            [&](Wire::Provider_ptr remote, const ProviderContact&, const InfoPtr&) {
                                remote->cancel_acquire(core.caller(rid), orb::to_wire(id));
                            });
    } catch (const Error& e) {
        log::debug("a request for a lock was not withdrawn and ends by itself: {}", e.what());
    }
}

}  // namespace

std::unique_ptr<WriteHold> take_lock(const std::shared_ptr<SessionCore>& core, const DataId& id,
                                     SessionCore::Clock::time_point deadline) {
    const Error too_late(ErrorCode::deadline_exceeded,
                         "the lock of datum " + to_string(id) +
                             " was not had in time: another holds it. Nothing was changed");
    if (!core->enter_write(id, deadline)) throw too_late;
    for (;;) {
        const std::uint64_t rid = core->next_rid();
        try {
            if (auto hold = poll_for_lock(core, id, rid, deadline)) return hold;
            cancel(*core, id, rid);
            core->leave_write(id);
            throw too_late;
        } catch (const Error& e) {
            // Granted, but the answer came only after the lease had ended: ask anew.
            if (e.code() == ErrorCode::lease_expired && SessionCore::Clock::now() < deadline) {
                continue;
            }
            core->leave_write(id);
            throw;
        }
    }
}

}  // namespace juxta::data
