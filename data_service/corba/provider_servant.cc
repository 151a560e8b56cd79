#include "data_service/corba/provider_servant.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/log/log.h"
#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"
#include "data_service/corba/group_wire.h"
#include "data_service/corba/provider_wire.h"

namespace juxta::data {
namespace {

constexpr CORBA::ULong kLongestRead = 1024 * 1024;

Caller caller(const Wire::Caller& who) { return {ClientId{who.client}, who.rid}; }

SegmentWanted wanted(const Wire::SegmentRequest& request) {
    return {from_wire(request.segment), request.size_bytes,
            orb::collect(request.holders, [](const Wire::Source& source) {
                return FetchSource{source.address.in(), source.provider_name.in()};
            })};
}

SmallContent small_content(const Wire::SmallSegment& wire) {
    const auto* first = reinterpret_cast<const std::byte*>(wire.content.get_buffer());
    return {from_wire(wire.segment),
            std::make_shared<const std::vector<std::byte>>(first, first + wire.content.length())};
}

}  // namespace

void ProviderServant::reserve(const Wire::Reservations& wanted) {
    orb::answer([&] {
        for (CORBA::ULong i = 0; i < wanted.length(); ++i) provider_.reserve(from_wire(wanted[i]));
    });
}

void ProviderServant::adopt(const Wire::GroupViews& views) {
    orb::answer([&] { provider_.adopt(from_wire(views)); });
}

Wire::u64 ProviderServant::incarnation() {
    return orb::answer([&] { return provider_.incarnation(); });
}

Wire::PeerMessages* ProviderServant::deliver(const Wire::PeerMessages& messages) {
    return orb::answer([&] {
        const std::vector<PeerMessage> answers = provider_.deliver(orb::collect(
            messages, [](const Wire::PeerMessage& message) { return from_wire(message); }));
        Wire::PeerMessages_var wire = new Wire::PeerMessages;
        fill_in(wire.inout(), answers);
        return wire._retn();
    });
}

Wire::Grant* ProviderServant::acquire(const Wire::Caller& who, const Wire::DataId& datum,
                                      CORBA::Boolean shared, CORBA::ULong lease_ms,
                                      CORBA::ULong waited_ms, CORBA::ULong wait_ms) {
    return orb::answer([&] {
        Acquire wanted;
        wanted.shared = shared;
        wanted.waited = waited_ms * kMillisecond;
        wanted.lease = lease_ms * kMillisecond;
        const auto granted =
            provider_.acquire(caller(who), orb::from_wire(datum), wanted, wait_ms * kMillisecond);
        Wire::Grant_var grant = new Wire::Grant;
        grant->granted = granted.has_value();
        grant->token = granted ? granted->token : 0;
        grant->version = granted ? granted->version : 0;
        if (granted) grant->blocks = to_wire(granted->blocks);
        grant->lease_ms = lease_ms != 0 ? lease_ms : milliseconds(provider_.lock_lease());
        return grant._retn();
    });
}

void ProviderServant::cancel_acquire(const Wire::Caller& who, const Wire::DataId& datum) {
    orb::answer([&] { provider_.cancel_acquire(caller(who), orb::from_wire(datum)); });
}

void ProviderServant::renew(const Wire::Caller& who, const Wire::DataId& datum, Wire::u64 token) {
    orb::answer([&] { provider_.renew(caller(who), orb::from_wire(datum), token); });
}

Wire::u64 ProviderServant::release(const Wire::Caller& who, const Wire::DataId& datum,
                                   Wire::u64 token, const Wire::Changes& changed,
                                   const Wire::SmallSegments& carried, CORBA::Boolean keep_lock) {
    return orb::answer([&] {
        return provider_.release(caller(who), orb::from_wire(datum), token, from_wire(changed),
                                 orb::collect(carried, small_content), keep_lock);
    });
}

void ProviderServant::abandon(const Wire::Caller& who, const Wire::DataId& datum, Wire::u64 token) {
    orb::answer([&] { provider_.abandon(caller(who), orb::from_wire(datum), token); });
}

void ProviderServant::unlock(const Wire::Caller& who, const Wire::DataId& datum, Wire::u64 token) {
    orb::answer([&] { provider_.unlock(caller(who), orb::from_wire(datum), token); });
}

Wire::LockState* ProviderServant::look(const Wire::DataId& datum) {
    return orb::answer([&] {
        const Looked seen = provider_.look(orb::from_wire(datum));
        Wire::LockState_var state = new Wire::LockState;
        state->token = seen.holder;
        state->holder = seen.holder_client.value;
        state->lease_left_ms = milliseconds(seen.lease_left);
        orb::fill(state->readers, seen.readers, [](const SharedHold& reader) {
            return Wire::SharedHold{reader.token, reader.client.value, milliseconds(reader.left)};
        });
        state->waiting = static_cast<CORBA::ULong>(seen.waiting);
        state->newest = seen.newest;
        return state._retn();
    });
}

Wire::Snapshot* ProviderServant::acquire_read(const Wire::Caller& who, const Wire::DataId& datum) {
    return orb::answer([&] {
        const SnapshotTaken taken = provider_.acquire_read(caller(who), orb::from_wire(datum));
        Wire::Snapshot_var snapshot = new Wire::Snapshot;
        snapshot->version = taken.version;
        snapshot->blocks = to_wire(taken.blocks);
        snapshot->lease_ms = milliseconds(provider_.pin_lease());
        return snapshot._retn();
    });
}

void ProviderServant::renew_pin(const Wire::Caller& who, const Wire::DataId& datum,
                                Wire::u64 version) {
    orb::answer([&] { provider_.renew_pin(caller(who), orb::from_wire(datum), version); });
}

// Oneway: nobody hears of a failure, and the pin ends by itself.
void ProviderServant::unpin(const Wire::Caller& who, const Wire::DataId& datum, Wire::u64 version) {
    try {
        provider_.unpin(caller(who), orb::from_wire(datum), version);
    } catch (const Error& error) {
        log::debug("a pin was not given back: {}", error.what());
    }
}

void ProviderServant::upload(const Wire::SegmentId& segment, Wire::u64 size_bytes, Wire::u64 offset,
                             const Wire::Bytes& content) {
    orb::answer([&] {
        const auto* first = reinterpret_cast<const std::byte*>(content.get_buffer());
        provider_.upload(from_wire(segment), size_bytes, offset, {first, content.length()});
    });
}

void ProviderServant::stage(const Wire::Caller& who, const Wire::SegmentId& segment,
                            Wire::u64 size_bytes) {
    orb::answer([&] { provider_.stage(caller(who), from_wire(segment), size_bytes); });
}

CORBA::ULong ProviderServant::read(const Wire::SegmentId& segment, Wire::u64 offset,
                                   CORBA::ULong length_bytes, Wire::Bytes& content) {
    return orb::answer([&]() -> CORBA::ULong {
        if (length_bytes > kLongestRead) {
            throw Error(ErrorCode::invalid_argument,
                        "one read gives at most " + std::to_string(kLongestRead) + " bytes, not " +
                            std::to_string(length_bytes));
        }
        content.length(length_bytes);
        return provider_.read(from_wire(segment), offset,
                              {reinterpret_cast<std::byte*>(content.get_buffer()), length_bytes});
    });
}

void ProviderServant::doubt(const Wire::SegmentId& segment) {
    orb::answer([&] { provider_.doubt(from_wire(segment)); });
}

Wire::Movements* ProviderServant::fetch(const Wire::DataId& datum, Wire::u64 version,
                                        const Wire::SegmentRequests& segments) {
    return orb::answer([&] {
        return new Wire::Movements(orb::to_wire(
            provider_.fetch(orb::from_wire(datum), version, orb::collect(segments, wanted))));
    });
}

}  // namespace juxta::data
