// Bytes of segments between this process and providers, in pieces of 1 MiB, a few in flight.
//
// Threading: any thread; lanes of its own while a call runs.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "data_service/client/movement_tally.h"
#include "data_service/client/session_core.h"
#include "data_service/core/data_access.h"

namespace juxta::data {

// Counts what is done and tells it a few times a second. Any thread.
class ProgressCount {
public:
    ProgressCount(const Progress& listener, std::uint64_t total)
        : listener_(listener), state_(State{0, {}}), total_(total) {}
    void add(std::uint64_t bytes);

private:
    struct State {
        std::uint64_t done;
        std::chrono::steady_clock::time_point told;
    };
    const Progress& listener_;
    Guarded<State> state_;
    const std::uint64_t total_;
};

class SegmentTransfer {
public:
    SegmentTransfer(SessionCore& core, MovementTally& tally) : core_(core), tally_(tally) {}

    // Fills `into` from `offset` of the segment on, from the first of `holders` that has it.
    // Reports holders that do not answer. Throws the last holder's Error; not_found if none has it.
    void pull(const std::vector<ProviderContact>& holders, const std::string& cluster,
              const SegmentId& segment, std::uint64_t offset, std::span<std::byte> into,
              ProgressCount& progress);

    // Uploads the whole content; does not stage it.
    void push(const ProviderContact& to, const SegmentId& segment,
              std::span<const std::byte> content, ProgressCount& progress);

private:
    std::string own_name();  // this host's provider, or "client"

    SessionCore& core_;
    MovementTally& tally_;
};

}  // namespace juxta::data
