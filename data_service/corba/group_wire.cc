#include "data_service/corba/group_wire.h"

#include <cstring>
#include <limits>
#include <string>

#include "common/base/error.h"
#include "common/orb/model_wire.h"

namespace juxta::data {
namespace {

static_assert(static_cast<int>(EntryKind::grant_exclusive) == Wire::GRANT_EXCLUSIVE);
static_assert(static_cast<int>(EntryKind::commit) == Wire::COMMIT);
static_assert(static_cast<int>(EntryKind::forget) == Wire::FORGET);

constexpr std::size_t kLargestCarried = 65536;
constexpr Duration kLongestLease = 365 * 86400 * kSecond;

void check(bool holds, const char* what) {
    if (!holds) throw Error(ErrorCode::invalid_argument, std::string("on the wire: ") + what);
}

Duration lease_from_wire(Wire::u64 lease_us) {
    check(lease_us <= static_cast<Wire::u64>(kLongestLease), "a lease without end");
    return static_cast<Duration>(lease_us);
}

EntryKind kind_from_wire(Wire::EntryKind kind) {
    check(kind <= Wire::FORGET, "unknown kind of ledger entry");
    return static_cast<EntryKind>(kind);
}

Extents in_order(Extents extents) {
    std::uint64_t end = 0;
    for (const Extent& extent : extents) {
        check(extent.offset >= end, "extents of a version out of order");
        end = extent.offset + extent.length;
    }
    return extents;
}

std::vector<Extents> blocks_from_wire(const Wire::BlockExtents& wire) {
    check(wire.length() <= kMaxBlocks, "too many blocks");
    return orb::collect(wire,
                        [](const Wire::Extents& extents) { return in_order(from_wire(extents)); });
}

Wire::LedgerSnapshot snapshot(const View& view, const LedgerSnapshot& ledger) {
    Wire::LedgerSnapshot wire;
    wire.installed = to_wire(view);
    wire.contents = to_wire(*ledger);
    return wire;
}

Wire::SegmentOffer offer(const SegmentId& segment, std::uint64_t bytes) {
    Wire::SegmentOffer wire;
    wire.segment = to_wire(segment);
    wire.size_bytes = bytes;
    return wire;
}

void fill_in(Wire::SegmentOffers& wire, const std::vector<CarriedSegment>& carried) {
    orb::fill(wire, carried,
              [](const CarriedSegment& one) { return offer(one.segment, one.bytes); });
}

std::vector<CarriedSegment> carried_from_wire(const Wire::SegmentOffers& wire) {
    return orb::collect(wire, [](const Wire::SegmentOffer& one) {
        return CarriedSegment{from_wire(one.segment), one.size_bytes};
    });
}

void fill_in(Wire::Contents& wire, const Contents& contents) {
    wire.length(static_cast<CORBA::ULong>(contents.size()));
    CORBA::ULong next = 0;
    for (const auto& content : contents) {
        Wire::Bytes& bytes = wire[next++];
        bytes.length(static_cast<CORBA::ULong>(content->size()));
        if (!content->empty()) std::memcpy(bytes.get_buffer(), content->data(), content->size());
    }
}

Contents contents_from_wire(const Wire::Contents& wire,
                            const std::vector<CarriedSegment>& carried) {
    check(wire.length() == carried.size(), "carried segments without their bytes");
    Contents contents;
    for (CORBA::ULong i = 0; i < wire.length(); ++i) {
        const Wire::Bytes& bytes = wire[i];
        check(bytes.length() == carried[i].bytes, "a carried segment of another size");
        check(bytes.length() <= kLargestCarried, "a carried segment that is too large");
        const auto* begin = reinterpret_cast<const std::byte*>(bytes.get_buffer());
        contents.push_back(
            std::make_shared<const std::vector<std::byte>>(begin, begin + bytes.length()));
    }
    return contents;
}

void fill_in(Wire::Entry& wire, const Entry& entry) {
    wire.lsn = entry.lsn;
    wire.kind = static_cast<Wire::EntryKind>(entry.kind);
    wire.client = entry.client.value;
    wire.rid = entry.rid;
    wire.token = entry.token;
    wire.version = entry.version;
    if (!entry.changes.empty()) wire.changed = to_wire(entry.changes);
    wire.lease_us = static_cast<Wire::u64>(entry.lease);
    wire.keeps_lock = entry.keeps_lock;
    fill_in(wire.carried, entry.carried);
    wire.first_version = entry.first;
}

// Sets the body that belongs to each kind of message.
struct BodyToWire {
    Wire::PeerBody& wire;

    void operator()(const Barrier& body) { wire.snapshot(snapshot(body.view, body.ledger)); }
    void operator()(const Fill& body) {
        Wire::FillOrder order;
        order.snapshot = snapshot(body.view, body.ledger);
        order.datum = {body.settings.block_count, body.settings.durable, body.settings.write_once};
        fill_in(order.carried, body.carried);
        wire.filling(order);
        fill_in(wire.filling().carried_bytes, body.contents);
    }
    void operator()(const BarrierOk& body) {
        Wire::BarrierAnswer answered;
        answered.lsn = body.lsn;
        orb::fill(answered.missing, body.missing,
                  [](const SegmentId& segment) { return to_wire(segment); });
        wire.answered(answered);
    }
    void operator()(const Replicated& body) { wire.lsn(body.lsn); }
    // In place: whatever is put into a union is copied.
    void operator()(const Replicate& body) {
        wire.carrying(Wire::CarryingEntry());
        Wire::CarryingEntry& carrying = wire.carrying();
        fill_in(carrying.appended, body.entry);
        fill_in(carrying.carried_bytes, body.contents);
    }
    void operator()(const Beacon& body) {
        wire.stamp(body.stamp);
        wire._d(Wire::BEACON);
    }
    void operator()(const BeaconOk& body) {
        wire.stamp(body.stamp);
        wire._d(Wire::BEACON_OK);
    }
    void operator()(const SteppedDown&) { wire._d(Wire::STEPPED_DOWN); }
    void operator()(const OfferSegment& body) {
        wire.offer(offer(body.segment, body.bytes));
        wire._d(Wire::OFFER_SEGMENT);
    }
    void operator()(const SegmentStored& body) {
        wire.offer(offer(body.segment, 0));
        wire._d(Wire::SEGMENT_STORED);
    }
    void operator()(const Keep& body) {
        Wire::KeepOrder order;
        order.floor_token = body.floor;
        orb::fill(order.kept, body.segments,
                  [](const SegmentId& segment) { return to_wire(segment); });
        wire.order(order);
    }
};

Replicate replicate_from_wire(const Wire::CarryingEntry& wire) {
    Replicate replicate{from_wire(wire.appended), {}};
    replicate.contents = contents_from_wire(wire.carried_bytes, replicate.entry.carried);
    return replicate;
}

Fill fill_from_wire(const Wire::FillOrder& wire) {
    const GroupSettings settings{wire.datum.block_count, static_cast<bool>(wire.datum.durable),
                                 static_cast<bool>(wire.datum.write_once)};
    check(settings.block_count > 0 && settings.block_count <= kMaxBlocks, "too many blocks");
    Fill fill{from_wire(wire.snapshot.installed),
              std::make_shared<const Ledger>(from_wire(wire.snapshot.contents)), settings,
              carried_from_wire(wire.carried)};
    fill.contents = contents_from_wire(wire.carried_bytes, fill.carried);
    return fill;
}

PeerBody body_from_wire(const Wire::PeerBody& wire) {
    switch (wire._d()) {
        case Wire::BARRIER:
            return Barrier{from_wire(wire.snapshot().installed),
                           std::make_shared<const Ledger>(from_wire(wire.snapshot().contents))};
        case Wire::FILL: return fill_from_wire(wire.filling());
        case Wire::BARRIER_OK:
            return BarrierOk{wire.answered().lsn,
                             orb::collect(wire.answered().missing,
                                          [](const Wire::SegmentId& id) { return from_wire(id); })};
        case Wire::REPLICATED: return Replicated{wire.lsn()};
        case Wire::REPLICATE: return replicate_from_wire(wire.carrying());
        case Wire::BEACON: return Beacon{wire.stamp()};
        case Wire::BEACON_OK: return BeaconOk{wire.stamp()};
        case Wire::STEPPED_DOWN: return SteppedDown{};
        case Wire::OFFER_SEGMENT:
            return OfferSegment{from_wire(wire.offer().segment), wire.offer().size_bytes};
        case Wire::SEGMENT_STORED: return SegmentStored{from_wire(wire.offer().segment)};
        case Wire::KEEP:
            return Keep{wire.order().floor_token,
                        orb::collect(wire.order().kept,
                                     [](const Wire::SegmentId& id) { return from_wire(id); })};
    }
    throw Error(ErrorCode::invalid_argument, "on the wire: unknown kind of peer message");
}

}  // namespace

Wire::GroupId to_wire(const GroupId& group) {
    Wire::GroupId wire;
    wire.datum = orb::to_wire(group.datum);
    wire.block = group.block;
    return wire;
}
GroupId from_wire(const Wire::GroupId& wire) {
    check(wire.block < kMaxBlocks, "no such block number");
    return {orb::from_wire(wire.datum), wire.block};
}

Wire::Member to_wire(const Member& member) { return {member.provider.value, member.incarnation}; }
Member from_wire(const Wire::Member& wire) {
    return {ProviderId{wire.provider_id}, wire.incarnation};
}

Wire::Members to_wire(const std::vector<Member>& members) {
    Wire::Members wire;
    orb::fill(wire, members, [](const Member& member) { return to_wire(member); });
    return wire;
}
std::vector<Member> from_wire(const Wire::Members& wire) {
    return orb::collect(wire, [](const Wire::Member& member) { return from_wire(member); });
}

Wire::View to_wire(const View& view) {
    Wire::View wire;
    wire.epoch = view.epoch;
    wire.members_in_order = to_wire(view.members);
    if (view.joiner) wire.joiner = to_wire(std::vector<Member>{*view.joiner});
    wire.activated = view.activated;
    wire.lost = view.lost;
    wire.freed = view.freed;
    wire.dead = to_wire(view.dead);
    wire.began = view.began;
    wire.joiner_named = view.joiner_named;
    wire.closed = view.closed;
    return wire;
}
View from_wire(const Wire::View& wire) {
    check(wire.joiner.length() <= 1, "a view with several joiners");
    View view;
    view.epoch = wire.epoch;
    view.members = from_wire(wire.members_in_order);
    if (wire.joiner.length() == 1) view.joiner = from_wire(wire.joiner[0]);
    view.activated = wire.activated;
    view.lost = wire.lost;
    view.freed = wire.freed;
    view.dead = from_wire(wire.dead);
    check(wire.began <= wire.epoch && wire.joiner_named <= wire.epoch, "a view of the future");
    view.began = wire.began;
    view.joiner_named = wire.joiner_named;
    view.closed = wire.closed;
    return view;
}

Wire::GroupView to_wire(const GroupView& view) {
    Wire::GroupView wire;
    wire.group = to_wire(view.group);
    wire.installed = to_wire(view.view);
    return wire;
}
GroupView from_wire(const Wire::GroupView& wire) {
    return {from_wire(wire.group), from_wire(wire.installed)};
}
Wire::GroupViews to_wire(const std::vector<GroupView>& views) {
    Wire::GroupViews wire;
    orb::fill(wire, views, [](const GroupView& view) { return to_wire(view); });
    return wire;
}
std::vector<GroupView> from_wire(const Wire::GroupViews& wire) {
    return orb::collect(wire, [](const Wire::GroupView& view) { return from_wire(view); });
}

Wire::SegmentId to_wire(const SegmentId& segment) {
    Wire::SegmentId wire;
    wire.datum = orb::to_wire(segment.datum);
    wire.block = segment.block;
    wire.token = segment.token;
    wire.number = segment.number;
    return wire;
}
SegmentId from_wire(const Wire::SegmentId& wire) {
    check(wire.block < kMaxBlocks, "no such block number");
    return {orb::from_wire(wire.datum), wire.block, wire.token, wire.number};
}

Wire::Extent to_wire(const Extent& extent) {
    Wire::Extent wire;
    wire.offset = extent.offset;
    wire.length = extent.length;
    wire.segment = to_wire(extent.segment);
    wire.segment_offset = extent.segment_offset;
    return wire;
}
Extent from_wire(const Wire::Extent& wire) {
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    check(wire.length > 0, "an extent of no bytes");
    check(wire.offset <= most && wire.length <= most - wire.offset, "an extent beyond all sizes");
    check(wire.segment_offset <= most && wire.length <= most - wire.segment_offset,
          "an extent beyond all segments");
    return {wire.offset, wire.length, from_wire(wire.segment), wire.segment_offset};
}
Wire::Extents to_wire(const Extents& extents) {
    Wire::Extents wire;
    orb::fill(wire, extents, [](const Extent& extent) { return to_wire(extent); });
    return wire;
}
Extents from_wire(const Wire::Extents& wire) {
    return orb::collect(wire, [](const Wire::Extent& extent) { return from_wire(extent); });
}

Wire::BlockExtents to_wire(const std::vector<Extents>& blocks) {
    Wire::BlockExtents wire;
    orb::fill(wire, blocks, [](const Extents& extents) { return to_wire(extents); });
    return wire;
}
std::vector<Extents> from_wire(const Wire::BlockExtents& wire) { return blocks_from_wire(wire); }

Wire::Changes to_wire(const std::vector<BlockChange>& changes) {
    Wire::Changes wire;
    orb::fill(wire, changes, [](const BlockChange& change) {
        Wire::Change one;
        one.block = change.block;
        one.extents_now = to_wire(change.extents);
        return one;
    });
    return wire;
}
std::vector<BlockChange> from_wire(const Wire::Changes& wire) {
    check(wire.length() <= kMaxBlocks, "too many blocks");
    return orb::collect(wire, [](const Wire::Change& change) {
        check(change.block < kMaxBlocks, "no such block number");
        return BlockChange{change.block, from_wire(change.extents_now)};
    });
}

Wire::Entry to_wire(const Entry& entry) {
    Wire::Entry wire;
    fill_in(wire, entry);
    return wire;
}
Entry from_wire(const Wire::Entry& wire) {
    return {wire.lsn,
            kind_from_wire(wire.kind),
            ClientId{wire.client},
            wire.rid,
            wire.token,
            wire.version,
            from_wire(wire.changed),
            lease_from_wire(wire.lease_us),
            static_cast<bool>(wire.keeps_lock),
            carried_from_wire(wire.carried),
            wire.first_version};
}

Wire::Ledger to_wire(const Ledger& ledger) {
    Wire::Ledger wire;
    wire.lsn = ledger.lsn;
    wire.last_token = ledger.last_token;
    wire.holder_token = ledger.holder;
    wire.holder_client = ledger.holder_client.value;
    wire.holder_lease_us = static_cast<Wire::u64>(ledger.holder_lease);
    orb::fill(wire.readers, ledger.shared, [](const auto& holder) {
        return Wire::SharedHolder{holder.first, holder.second.client.value,
                                  static_cast<Wire::u64>(holder.second.lease)};
    });
    wire.newest = ledger.newest;
    orb::fill(wire.versions, ledger.versions, [](const auto& item) {
        Wire::VersionRecord record;
        record.version = item.first;
        record.token = item.second.token;
        record.blocks = to_wire(item.second.blocks);
        return record;
    });
    orb::fill(wire.answered, ledger.rows, [](const auto& item) {
        return Wire::Row{item.first.value, item.second.rid,
                         static_cast<Wire::EntryKind>(item.second.kind), item.second.token,
                         item.second.version};
    });
    return wire;
}
Ledger from_wire(const Wire::Ledger& wire) {
    Ledger ledger;
    ledger.lsn = wire.lsn;
    ledger.last_token = wire.last_token;
    ledger.holder = wire.holder_token;
    ledger.holder_client = ClientId{wire.holder_client};
    ledger.holder_lease = lease_from_wire(wire.holder_lease_us);
    for (CORBA::ULong i = 0; i < wire.readers.length(); ++i) {
        const Wire::SharedHolder& holder = wire.readers[i];
        ledger.shared[holder.token] = {ClientId{holder.client}, lease_from_wire(holder.lease_us)};
    }
    ledger.newest = wire.newest;
    for (CORBA::ULong i = 0; i < wire.versions.length(); ++i) {
        const Wire::VersionRecord& record = wire.versions[i];
        ledger.versions[record.version] = {record.token, blocks_from_wire(record.blocks)};
    }
    check(ledger.versions.contains(ledger.newest), "a ledger without its newest version");
    for (CORBA::ULong i = 0; i < wire.answered.length(); ++i) {
        const Wire::Row& row = wire.answered[i];
        ledger.rows[ClientId{row.client}] = {row.rid, kind_from_wire(row.kind), row.token,
                                             row.version};
    }
    return ledger;
}

void fill_in(Wire::PeerMessages& wire, const std::vector<PeerMessage>& messages) {
    wire.length(static_cast<CORBA::ULong>(messages.size()));
    CORBA::ULong next = 0;
    for (const PeerMessage& message : messages) {
        Wire::PeerMessage& one = wire[next++];
        one.group = to_wire(message.group);
        one.epoch = message.epoch;
        one.began = message.began;
        one.sender = to_wire(message.from);
        one.receiver = to_wire(message.to);
        std::visit(BodyToWire{one.body}, message.body);
    }
}
PeerMessage from_wire(const Wire::PeerMessage& wire) {
    return {from_wire(wire.group),     wire.epoch, from_wire(wire.sender), from_wire(wire.receiver),
            body_from_wire(wire.body), wire.began};
}

Wire::ProviderContact to_wire(const ProviderContact& contact) {
    Wire::ProviderContact wire;
    wire.name = contact.name.c_str();
    wire.self = to_wire(contact.self);
    wire.address = contact.address.c_str();
    wire.socket_path = contact.socket_path.c_str();
    wire.where = orb::to_wire(contact.place);
    wire.cache_only = contact.cache_only;
    return wire;
}
ProviderContact from_wire(const Wire::ProviderContact& wire) {
    return {wire.name.in(),        from_wire(wire.self),       wire.address.in(),
            wire.socket_path.in(), orb::from_wire(wire.where), static_cast<bool>(wire.cache_only)};
}

Wire::Timings to_wire(const Durations& durations) {
    const auto milliseconds = [](Duration duration) {
        return static_cast<CORBA::ULong>(duration / kMillisecond);
    };
    return {milliseconds(durations.heartbeat), milliseconds(durations.detection),
            milliseconds(durations.primary_lease), milliseconds(durations.lock),
            milliseconds(durations.pin)};
}
Durations from_wire(const Wire::Timings& wire) {
    check(wire.heartbeat_ms > 0 && wire.primary_lease_ms >= 6 && wire.lock_lease_ms > 0 &&
              wire.pin_lease_ms > 0,
          "a timing of zero");
    Durations durations;
    durations.heartbeat = wire.heartbeat_ms * kMillisecond;
    durations.detection = wire.detection_ms * kMillisecond;
    durations.primary_lease = wire.primary_lease_ms * kMillisecond;
    durations.lock = wire.lock_lease_ms * kMillisecond;
    durations.pin = wire.pin_lease_ms * kMillisecond;
    return durations;
}

}  // namespace juxta::data
