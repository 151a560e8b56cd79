// Reads the bytes that a list of extents (with offsets in the datum) describes: from mappings of
// this host's provider where it has them, else from any holder of the block. Holes read as zeroes.
//
// Threading: one thread at a time.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>

#include "data_service/client/segment_transfer.h"

namespace juxta::data {

class VersionReader {
public:
    // `check` throws if the bytes need not exist any more (a lost pin). Both outlive it.
    VersionReader(SessionCore& core, const DataId& id, MovementTally& tally,
                  std::function<void()> check)
        : core_(core), id_(id), tally_(tally), transfer_(core, tally), check_(std::move(check)) {}

    // Copies [offset, offset + into.size()), which must lie inside the datum.
    void read(const Extents& extents, std::uint64_t offset, std::span<std::byte> into,
              const Progress& progress);

    // The segment of an extent as this host's provider has it; null if it has not. Stays mapped as
    // long as this lives.
    std::shared_ptr<const LocalSegment> local(const Extent& extent);

    // Has this host's provider bring all segments here. False without a provider. Throws Error
    // out_of_space if they do not fit there, unavailable if nobody has them.
    bool fetch(const Extents& extents, Version version);

private:
    void pull(const Extent& extent, std::uint64_t within, std::span<std::byte> into,
              ProgressCount& progress);
    std::vector<ProviderContact> holders(const DatumInfo& info, BlockNumber block) const;
    Wire::Sources sources(const DatumInfo& info, BlockNumber block, const Member& not_from) const;
    bool fetch_once(const ProviderContact& provider, const Extents& missing, Version version,
                    const DatumInfo& info);

    SessionCore& core_;
    const DataId id_;
    MovementTally& tally_;
    SegmentTransfer transfer_;
    std::function<void()> check_;
    void open(const Extents& extents);
    std::map<SegmentId, std::shared_ptr<const LocalSegment>> opened_;
    std::set<SegmentId> not_local_;
};

}  // namespace juxta::data
