#include "data_service/client/locks.h"

#include <algorithm>

#include "common/log/log.h"
#include "common/orb/model_wire.h"
#include "data_service/client/read_hold.h"
#include "data_service/client/write_hold.h"
#include "data_service/corba/group_wire.h"

namespace juxta::data {
namespace {

using std::chrono::milliseconds;
using Clock = SessionCore::Clock;

constexpr unsigned poll_ms = 200;      // short, so that silence is seen soon
constexpr unsigned attempt_ms = 1000;  // beyond the poll's own wait
constexpr milliseconds shortest_lease{500};
constexpr milliseconds longest_lease{24 * 3600 * 1000};

// One wait for a lock, under a client id and request number of its own.
class LockRequest {
public:
    LockRequest(SessionCore& core, const LockWanted& wanted, bool shared)
        : core_(core),
          wanted_(wanted),
          shared_(shared),
          client_(core.borrow_identity()),
          rid_(core.next_rid()) {}
    // Whoever took the grant gives the client id back.
    ~LockRequest() {
        if (!granted_) core_.return_identity(client_);
    }

    // nullopt: not had by the deadline, and withdrawn.
    std::optional<LockGrant> poll() {
        for (;;) {
            auto grant = poll_once();
            granted_ = grant.has_value();
            if (grant) return grant;
            const bool given_up = wanted_.options.given_up && wanted_.options.given_up();
            if (!given_up && Clock::now() < wanted_.deadline) continue;
            cancel();
            if (!given_up) return std::nullopt;
            throw Error(ErrorCode::cancelled, "the wait for the lock of datum " +
                                                  to_string(wanted_.id) +
                                                  " was given up; nothing was changed");
        }
    }

    // As of the answer with the grant.
    const InfoPtr& info() const { return info_; }

private:
    std::optional<LockGrant> poll_once() {
        const auto tried_until = std::min(std::max(latest(), began_), core_.control_deadline());
        return core_.at_coordinator(
            wanted_.id, tried_until + milliseconds(attempt_ms), poll_ms + attempt_ms,
            [&](Wire::Provider_ptr remote, const ProviderContact&,
                const InfoPtr& info) -> std::optional<LockGrant> {
                const Time sent = monotonic_now();
                const auto now = Clock::now();
                const Wire::Grant_var grant = remote->acquire(
                    {client_.value, rid_}, orb::to_wire(wanted_.id), shared_,
                    static_cast<CORBA::ULong>(wanted_.options.lease.count()), since(began_, now),
                    std::min<CORBA::ULong>(poll_ms, since(now, latest())));
                if (!grant->granted) return std::nullopt;
                info_ = info;
                auto lease = std::make_shared<Lease>();
                lease->kind = Lease::Kind::lock;
                lease->datum = wanted_.id;
                lease->client = client_;
                lease->rid = rid_;
                lease->number = grant->token;
                lease->length = milliseconds(grant->lease_ms);
                lease->renewed(sent);
                return LockGrant{client_,
                                 grant->token,
                                 grant->version,
                                 BlockMap(info->spec, info->bytes).joined(from_wire(grant->blocks)),
                                 std::move(lease),
                                 nullptr};
            });
    }

    void cancel() {
        try {
            core_.at_coordinator(
                wanted_.id, Clock::now() + std::chrono::seconds(1), 1000,
                [&](Wire::Provider_ptr remote, const ProviderContact&, const InfoPtr&) {
                    remote->cancel_acquire({client_.value, rid_}, orb::to_wire(wanted_.id));
                });
        } catch (const Error& e) {
            log::debug("a request for a lock was not withdrawn and ends by itself: {}", e.what());
        }
    }

    // So that times can be added to it.
    Clock::time_point latest() const {
        return std::min(wanted_.deadline, began_ + std::chrono::hours(24 * 365));
    }
    static CORBA::ULong since(Clock::time_point from, Clock::time_point to) {
        const auto ms = std::chrono::duration_cast<milliseconds>(to - from).count();
        return static_cast<CORBA::ULong>(std::clamp<long long>(ms, 0, 0x7fffffff));
    }

    SessionCore& core_;
    const LockWanted& wanted_;
    const bool shared_;
    const ClientId client_;
    const std::uint64_t rid_;
    const Clock::time_point began_ = Clock::now();
    InfoPtr info_;
    bool granted_ = false;
};

// use(grant, info) with the lock that was granted.
template <class Use>
auto with_grant(SessionCore& core, const LockWanted& wanted, bool shared, const Use& use) {
    const milliseconds lease = wanted.options.lease;
    if (lease.count() != 0 && (lease < shortest_lease || lease > longest_lease)) {
        throw Error(ErrorCode::invalid_argument, "a lock's lease is 0.5 s to 24 h long, not " +
                                                     std::to_string(lease.count()) + " ms");
    }
    for (;;) {
        try {
            LockRequest request(core, wanted, shared);
            if (auto grant = request.poll()) return use(std::move(*grant), request.info());
        } catch (const Error& e) {
            // Granted, but the answer came only after the lease had ended: ask anew.
            if (e.code() != ErrorCode::lease_expired || Clock::now() >= wanted.deadline) throw;
            continue;
        }
        throw Error(ErrorCode::deadline_exceeded,
                    "the lock of datum " + to_string(wanted.id) +
                        " was not had in time: another holds it, or its copies do not all answer "
                        "('juxta data' shows who and where). Nothing was changed");
    }
}

void unlock(SessionCore& core, const Lease& lease) noexcept {
    try {
        const Wire::Caller who{lease.client.value, core.next_rid()};
        core.at_coordinator(lease.datum, Clock::now() + std::chrono::seconds(2), 1000,
                            [&](Wire::Provider_ptr remote, const ProviderContact&, const InfoPtr&) {
                                remote->unlock(who, orb::to_wire(lease.datum), lease.number);
                            });
    } catch (const std::exception& e) {
        log::debug("a shared lock was not given back and ends with its lease: {}", e.what());
    }
}

bool is_written_once(const DatumInfo& info) {
    const ConsistencyProtocol* protocol = find_consistency(info.spec.protocol);
    return protocol != nullptr && protocol->write_once();
}

void refuse_second_version(const DatumInfo& info) {
    throw Error(ErrorCode::invalid_argument,
                "datum " + label_of(info) +
                    " is immutable and was written: it has version 1 for ever, and nothing was "
                    "changed; put what is new as another datum");
}

}  // namespace

std::unique_ptr<WriteHold> take_lock(const std::shared_ptr<SessionCore>& core,
                                     const LockWanted& wanted) {
    return with_grant(*core, wanted, false, [&](LockGrant grant, const InfoPtr& info) {
        const bool written = grant.base > 0;
        auto hold = std::make_unique<RemoteWriteHold>(core, info, std::move(grant));
        if (written && is_written_once(*info)) refuse_second_version(*info);
        return hold;
    });
}

std::unique_ptr<ReadHold> take_shared_lock(const std::shared_ptr<SessionCore>& core,
                                           const LockWanted& wanted) {
    return with_grant(*core, wanted, true, [&](LockGrant grant, const InfoPtr& info) {
        SessionCore& session = *core;
        session.keeper().keep(grant.lease);
        session.met(*info, grant.base);
        auto held =
            std::make_shared<const HeldVersion>(info, grant.base, std::move(grant.extents),
                                                grant.lease, [&session, lease = grant.lease] {
                                                    session.keeper().drop(lease);
                                                    if (!lease->lost) unlock(session, *lease);
                                                    session.return_identity(lease->client);
                                                });
        return std::make_unique<RemoteReadHold>(core, std::move(held));
    });
}

std::unique_ptr<WriteHold> resume_lock(const std::shared_ptr<SessionCore>& core, const DataId& id,
                                       Token token) {
    const LockStatus status = look_at_lock(*core, id);
    const bool holds = std::ranges::find(status.holders, token, &LockStatus::Holder::token) !=
                       status.holders.end();
    if (!holds || status.mode != LockStatus::Mode::exclusive) {
        throw Error(holds ? ErrorCode::invalid_argument : ErrorCode::lease_expired,
                    "datum " + to_string(id) + " cannot be written under token " +
                        std::to_string(token) +
                        (holds ? ": that is a shared lock, for reading"
                               : ": it does not hold the lock, or holds it no longer; nothing was "
                                 "written"));
    }
    HeldVersionPtr base = take_pin(*core, id);
    if (base->version > 0 && is_written_once(*base->info)) refuse_second_version(*base->info);
    LockGrant grant{core->borrow_identity(), token, base->version, base->extents, nullptr, base};
    return std::make_unique<RemoteWriteHold>(core, base->info, std::move(grant));
}

LockStatus look_at_lock(SessionCore& core, const DataId& id) {
    return core.at_coordinator(
        id, core.control_deadline(), attempt_ms,
        [&](Wire::Provider_ptr remote, const ProviderContact&, const InfoPtr&) {
            const Wire::LockState_var state = remote->look(orb::to_wire(id));
            LockStatus status;
            status.waiting = state->waiting;
            status.newest = state->newest;
            if (state->token != 0) {
                status.mode = LockStatus::Mode::exclusive;
                status.holders.push_back(
                    {state->token, ClientId{state->holder}, milliseconds(state->lease_left_ms)});
            } else if (state->readers.length() > 0) {
                status.mode = LockStatus::Mode::shared;
                status.holders = orb::collect(state->readers, [](const Wire::SharedHold& hold) {
                    return LockStatus::Holder{hold.token, ClientId{hold.client},
                                              milliseconds(hold.left_ms)};
                });
            }
            return status;
        });
}

}  // namespace juxta::data
