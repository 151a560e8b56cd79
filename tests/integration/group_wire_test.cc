#include "data_service/corba/group_wire.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/base/error.h"
#include "tests/mutation.h"

namespace juxta::data {
namespace {

const DataId kDatum{{0x1234567812345678, 42}};
const Member kOne{ProviderId{11}, 3};
const Member kTwo{ProviderId{22}, 1};

SegmentId segment(std::uint32_t number) { return {kDatum, 1, first_token_of(7) + 2, number}; }

View view() {
    View view;
    view.epoch = 9;
    view.members = {kOne, kTwo};
    view.joiner = Member{ProviderId{33}, 5};
    view.activated = true;
    view.dead = {Member{ProviderId{44}, 2}};
    return view;
}

Ledger ledger() {
    Ledger ledger = Ledger::fresh(2);
    ledger.lsn = 77;
    ledger.last_token = 5;
    ledger.holder = 5;
    ledger.holder_client = ClientId{8};
    ledger.holder_lease = 30 * kSecond;
    ledger.shared[4] = {ClientId{9}, 7 * kSecond};
    ledger.newest = 3;
    ledger.versions[3] = {5, {{{0, 100, segment(0), 0}, {200, 50, segment(1), 8}}, {}}};
    ledger.rows[ClientId{8}] = {12, EntryKind::commit, 5, 3};
    return ledger;
}

// Through the bytes of a message as well, as the ORB would send it. (Not for strings: their
// code set belongs to a connection.)
template <class Theirs>
Theirs over_the_wire(const Theirs& value) {
    cdrMemoryStream stream;
    value >>= stream;
    stream.rewindInputPtr();
    Theirs back;
    back <<= stream;
    return back;
}

Wire::PeerMessage wired(const PeerBody& body) {
    Wire::PeerMessages wire;
    fill_in(wire, {PeerMessage{{kDatum, 1}, 9, kOne, kTwo, body}});
    return wire[0];
}

PeerMessage sent(const PeerBody& body) { return from_wire(over_the_wire(wired(body))); }

template <class Body>
bool is_refused(Body&& body) {
    try {
        body();
    } catch (const Error& error) {
        return error.code() == ErrorCode::invalid_argument;
    }
    return false;
}

TEST(GroupWire, carries_views_and_changes) {
    EXPECT_EQ(from_wire(over_the_wire(to_wire(view()))), view());
    const std::vector<BlockChange> changes{{1, {{10, 20, segment(3), 4}}}, {0, {}}};
    EXPECT_EQ(from_wire(over_the_wire(to_wire(changes))), changes);
    EXPECT_EQ(from_wire(over_the_wire(to_wire(ledger()))), ledger());
    const ProviderContact contact{"p1", kOne, "127.0.0.1:1", "/tmp/s", {"h", "c"}, true};
    EXPECT_EQ(from_wire(to_wire(contact)), contact);
}

TEST(GroupWire, carries_every_kind_of_peer_message) {
    const auto snapshot = std::make_shared<const Ledger>(ledger());
    const PeerMessage barrier = sent(Barrier{view(), snapshot});
    EXPECT_EQ(barrier.group, (GroupId{kDatum, 1}));
    EXPECT_EQ(barrier.epoch, 9u);
    EXPECT_EQ(barrier.from, kOne);
    EXPECT_EQ(barrier.to, kTwo);
    EXPECT_EQ(std::get<Barrier>(barrier.body).view, view());
    EXPECT_EQ(*std::get<Barrier>(barrier.body).ledger, ledger());
    const PeerMessage fill = sent(Fill{view(), snapshot, {2, true, true}});
    EXPECT_EQ(std::get<Fill>(fill.body).view, view());
    EXPECT_EQ(*std::get<Fill>(fill.body).ledger, ledger());
    EXPECT_EQ(std::get<Fill>(fill.body).settings.block_count, 2u);
    EXPECT_TRUE(std::get<Fill>(fill.body).settings.durable);
    EXPECT_TRUE(std::get<Fill>(fill.body).settings.write_once);
    const PeerMessage barrier_ok = sent(BarrierOk{5, {segment(4)}});
    EXPECT_EQ(std::get<BarrierOk>(barrier_ok.body).lsn, 5u);
    EXPECT_EQ(std::get<BarrierOk>(barrier_ok.body).missing, std::vector{segment(4)});
    EXPECT_EQ(std::get<Replicated>(sent(Replicated{6}).body).lsn, 6u);
    const Entry entry{8, EntryKind::commit, ClientId{1}, 2, 3, 4, {{1, {{0, 1, segment(0), 0}}}}};
    EXPECT_EQ(std::get<Replicate>(sent(Replicate{entry}).body).entry, entry);
    Entry carrying = entry;
    carrying.lease = 90 * kSecond;
    carrying.keeps_lock = true;
    carrying.first = 4;
    carrying.carried = {{segment(0), 3}, {segment(1), 0}};
    const auto bytes = [](std::size_t n) {
        return std::make_shared<const std::vector<std::byte>>(n, std::byte{7});
    };
    const auto carried = std::get<Replicate>(sent(Replicate{carrying, {bytes(3), bytes(0)}}).body);
    EXPECT_EQ(carried.entry, carrying);
    ASSERT_EQ(carried.contents.size(), 2u);
    EXPECT_EQ(*carried.contents[0], *bytes(3));
    EXPECT_TRUE(carried.contents[1]->empty());
    EXPECT_TRUE(is_refused([&] { sent(Replicate{carrying, {bytes(3)}}); }));
    EXPECT_TRUE(is_refused([&] { sent(Replicate{carrying, {bytes(3), bytes(1)}}); }));
    EXPECT_EQ(std::get<Beacon>(sent(Beacon{-7}).body).stamp, -7);
    EXPECT_EQ(std::get<BeaconOk>(sent(BeaconOk{8}).body).stamp, 8);
    EXPECT_TRUE(std::holds_alternative<SteppedDown>(sent(SteppedDown{}).body));
    EXPECT_EQ(std::get<OfferSegment>(sent(OfferSegment{segment(1), 99}).body).bytes, 99u);
    EXPECT_EQ(std::get<OfferSegment>(sent(OfferSegment{segment(1), 99}).body).segment, segment(1));
    EXPECT_EQ(std::get<SegmentStored>(sent(SegmentStored{segment(2)}).body).segment, segment(2));
    const PeerMessage keep = sent(Keep{12, {segment(1), segment(2)}});
    EXPECT_EQ(std::get<Keep>(keep.body).floor, 12u);
    EXPECT_EQ(std::get<Keep>(keep.body).segments, (std::vector{segment(1), segment(2)}));
}

TEST(GroupWire, refuses_what_no_honest_peer_sends) {
    Wire::Extent extent = to_wire(Extent{0, 1, segment(0), 0});
    extent.length = 0;
    EXPECT_TRUE(is_refused([&] { from_wire(extent); }));
    extent.length = 10;
    extent.offset = std::numeric_limits<std::uint64_t>::max() - 5;
    EXPECT_TRUE(is_refused([&] { from_wire(extent); }));
    extent.offset = 0;
    extent.segment_offset = std::numeric_limits<std::uint64_t>::max() - 5;
    EXPECT_TRUE(is_refused([&] { from_wire(extent); }));

    Wire::Changes changes;
    changes.length(1);
    changes[0].block = kMaxBlocks;
    EXPECT_TRUE(is_refused([&] { from_wire(changes); }));

    Wire::View joined = to_wire(view());
    joined.joiner.length(2);
    EXPECT_TRUE(is_refused([&] { from_wire(joined); }));

    Wire::Ledger without_newest = to_wire(ledger());
    without_newest.newest = 1000;
    EXPECT_TRUE(is_refused([&] { from_wire(without_newest); }));

    Wire::Ledger overlapping = to_wire(ledger());
    overlapping.versions[1].blocks[0][1].offset = 50;
    EXPECT_TRUE(is_refused([&] { from_wire(overlapping); }));

    Wire::Ledger endless = to_wire(ledger());
    endless.holder_lease_us = std::numeric_limits<std::uint64_t>::max();
    EXPECT_TRUE(is_refused([&] { from_wire(endless); }));

    EXPECT_TRUE(is_refused([&] { from_wire(Wire::Timings{0, 0, 0, 0, 0}); }));
}

TEST(GroupWire, survives_mutated_peer_messages) {
    const auto snapshot = std::make_shared<const Ledger>(ledger());
    const Entry entry{8, EntryKind::commit, ClientId{1}, 2, 3, 4, {{1, {{0, 1, segment(0), 0}}}}};
    const auto read = [](const std::string& bytes) {
        cdrMemoryStream stream;
        stream.put_octet_array(reinterpret_cast<const CORBA::Octet*>(bytes.data()),
                               static_cast<int>(bytes.size()));
        stream.rewindInputPtr();
        Wire::PeerMessage message;
        try {
            message <<= stream;
        } catch (const CORBA::MARSHAL&) {  // refused by the ORB before us
            throw Error(ErrorCode::invalid_argument, "no message at all");
        }
        from_wire(message);
    };
    for (const PeerBody& body :
         {PeerBody(Barrier{view(), snapshot}), PeerBody(Replicate{entry}),
          PeerBody(Keep{12, {segment(1), segment(2)}}), PeerBody(OfferSegment{segment(1), 99})}) {
        cdrMemoryStream stream;
        wired(body) >>= stream;
        const std::string good(static_cast<const char*>(stream.bufPtr()), stream.bufSize());
        survives_mutations(good, 2000, read);
    }
}

}  // namespace
}  // namespace juxta::data
