// The values of the data group protocol, to and from the wire (idl/data_group.idl). What a peer
// sends is checked here: enumerators, counts, ranges of extents. Error invalid_argument.
//
// Values of common/model cross with common/orb/model_wire.h.
//
// Threading: functions of their arguments only.
#pragma once

#include <vector>

#include "data_group.hh"
#include "data_service/core/directory.h"
#include "data_service/core/group_view.h"
#include "data_service/protocol/messages.h"
#include "manager.hh"

namespace juxta::data {

// Blocks of one datum, at most. Bounds what a message can make us allocate.
constexpr BlockNumber kMaxBlocks = 65536;

Wire::GroupId to_wire(const GroupId& group);
GroupId from_wire(const Wire::GroupId& wire);
Wire::Member to_wire(const Member& member);
Member from_wire(const Wire::Member& wire);
Wire::Members to_wire(const std::vector<Member>& members);
std::vector<Member> from_wire(const Wire::Members& wire);
Wire::View to_wire(const View& view);
View from_wire(const Wire::View& wire);
Wire::GroupView to_wire(const GroupView& view);
GroupView from_wire(const Wire::GroupView& wire);
Wire::GroupViews to_wire(const std::vector<GroupView>& views);
std::vector<GroupView> from_wire(const Wire::GroupViews& wire);

Wire::SegmentId to_wire(const SegmentId& segment);
SegmentId from_wire(const Wire::SegmentId& wire);
Wire::Extent to_wire(const Extent& extent);
Extent from_wire(const Wire::Extent& wire);
Wire::Extents to_wire(const Extents& extents);
Extents from_wire(const Wire::Extents& wire);  // any order and overlap: a list of changes
Wire::BlockExtents to_wire(const std::vector<Extents>& blocks);
std::vector<Extents> from_wire(const Wire::BlockExtents& wire);
Wire::Changes to_wire(const std::vector<BlockChange>& changes);
std::vector<BlockChange> from_wire(const Wire::Changes& wire);

Wire::Entry to_wire(const Entry& entry);
Entry from_wire(const Wire::Entry& wire);
Wire::Ledger to_wire(const Ledger& ledger);
Ledger from_wire(const Wire::Ledger& wire);
// In place: a message may carry 64 KiB.
void fill_in(Wire::PeerMessages& wire, const std::vector<PeerMessage>& messages);
PeerMessage from_wire(const Wire::PeerMessage& wire);

Wire::ProviderContact to_wire(const ProviderContact& contact);
ProviderContact from_wire(const Wire::ProviderContact& wire);
// Milliseconds on the wire. What it does not carry (T_wait, T_row) is as by default.
Wire::Timings to_wire(const Durations& durations);
Durations from_wire(const Wire::Timings& wire);

}  // namespace juxta::data
