// Pulls segments from other providers into the store: in pieces of 1 MiB, three in flight, each
// received in place. A source that fails is left for the next one, piece by piece; what has come
// is kept. Each piece is checked against its sum where the segment was made; what came damaged is
// had again, from another source. A segment that is wanted twice at once is pulled once.
//
// Threading: any thread. Nothing is locked while bytes move.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/guarded.h"
#include "data_service/core/provider_links.h"
#include "data_service/store/segment_store.h"

namespace juxta::data {

struct FetchSource {
    std::string address;  // "host:port"
    std::string provider_name;
};

struct SegmentWanted {
    SegmentId segment;
    std::uint64_t bytes = 0;
    std::vector<FetchSource> sources;  // in order of preference
};

struct BytesReceived {
    std::string from;  // provider
    std::uint64_t bytes = 0;
};

class SegmentFetcher {
public:
    static constexpr std::uint64_t kPiece = kChunk;
    static constexpr std::size_t kInFlight = 3;

    // All must outlive it. `bytes_in` counts what arrives.
    SegmentFetcher(SegmentStore& store, PieceReader& reader, std::atomic<std::uint64_t>& bytes_in)
        : store_(store), reader_(reader), bytes_in_(bytes_in) {}

    // Returns once the segment is in the store and sealed: as a cached one, or (`cached` false) as
    // one that a group answers for. What came for this caller, by source: nothing if it was here,
    // or came for another. Throws Error: what the last source answered, out_of_space, unavailable
    // (no source was named), cancelled.
    std::vector<BytesReceived> fetch(const SegmentWanted& wanted, bool cached);

    bool is_fetching(const SegmentId& segment) const;

    // Transfers under way end with `cancelled`, none begins.
    void stop() { stopping_ = true; }

private:
    struct Flight {
        bool done = false;
        std::optional<Error> failure;
    };
    using Flights = std::map<SegmentId, std::shared_ptr<Flight>>;

    std::vector<BytesReceived> pull(const SegmentWanted& wanted, bool cached);
    void join(const SegmentId& segment, const std::shared_ptr<Flight>& flight);

    SegmentStore& store_;
    PieceReader& reader_;
    std::atomic<std::uint64_t>& bytes_in_;
    std::atomic<bool> stopping_{false};
    Guarded<Flights> flights_;
};

}  // namespace juxta::data
