// Puts the content of a segment on every member of its block's view, whoever is primary at the
// moment: through this host's provider where that is the primary, else over the network.
//
// Threading: one thread at a time.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "data_service/client/segment_transfer.h"

namespace juxta::data {

// Memory of this host's provider that holds the content of a segment already.
struct MadeHere {
    Member at;
    bool kept_by_writer = false;  // as in SegmentStore::seal_kept_by_writer
};

class SegmentStage {
public:
    // `client`: who stages. `check` throws if staging makes no sense any more (a lost lock). All
    // outlive it.
    SegmentStage(SessionCore& core, ClientId client, MovementTally& tally,
                 std::function<void()> check)
        : core_(core), client_(client), tally_(tally), check_(std::move(check)) {}

    // `made`: it is the memory of `content`, not sealed yet or sealed.
    void put(const SegmentId& segment, std::span<const std::byte> content,
             const std::optional<MadeHere>& made, const Progress& progress);

    // Closes memory of this host's provider to writing. Waits a moment for a writer's mapping to
    // go. Throws Error unavailable if it does not.
    void seal(const SegmentId& segment, bool kept_by_writer = false);

    bool is_local(const ProviderContact& provider);

private:
    void put_locally(const SegmentId& segment, std::span<const std::byte> content);

    SessionCore& core_;
    const ClientId client_;
    MovementTally& tally_;
    std::function<void()> check_;
};

}  // namespace juxta::data
