#include "data_service/core/segment_fetcher.h"

#include <algorithm>
#include <chrono>

#include "common/base/in_parallel.h"
#include "common/log/log.h"

namespace juxta::data {
namespace {

// How long somebody else's transfer of the same segment is waited for.
constexpr std::chrono::minutes kJoinTime{10};

// One segment on its way from several sources.
class Pull {
public:
    Pull(const SegmentWanted& wanted, PieceReader& reader, std::atomic<std::uint64_t>& bytes_in,
         const std::atomic<bool>& stopping)
        : wanted_(wanted),
          reader_(reader),
          bytes_in_(bytes_in),
          stopping_(stopping),
          sums_(wanted.bytes),
          received_(wanted.sources.size()) {}

    void run(std::span<std::byte> into) {
        const std::size_t pieces =
            (into.size() + SegmentFetcher::kPiece - 1) / SegmentFetcher::kPiece;
        in_parallel(std::min(pieces, SegmentFetcher::kInFlight),
                    [&](std::size_t) { read_pieces(into); });
        if (failed_) throw *failure_.with([](std::optional<Error>& first) { return first; });
    }

    std::vector<BytesReceived> received() const {
        std::vector<BytesReceived> all;
        for (std::size_t i = 0; i < received_.size(); ++i) {
            if (received_[i] > 0) all.push_back({wanted_.sources[i].provider_name, received_[i]});
        }
        return all;
    }

    // Of the pieces that came.
    const ChunkSums& sums() const { return sums_; }

private:
    // One piece after the other, of those that nobody has taken yet.
    void read_pieces(std::span<std::byte> into) {
        try {
            while (!failed_) {
                const std::size_t offset = next_++ * SegmentFetcher::kPiece;
                if (offset >= into.size()) return;
                read_piece(offset,
                           into.subspan(offset, std::min<std::size_t>(SegmentFetcher::kPiece,
                                                                      into.size() - offset)));
            }
        } catch (const Error& error) {
            fail(error);
        } catch (const std::exception& error) {
            fail(Error(ErrorCode::internal, error.what()));
        }
    }

    void fail(const Error& error) {
        failed_ = true;
        failure_.with([&](std::optional<Error>& first) {
            if (!first) first = error;
        });
    }

    // From the source that works; a failure moves everybody on to the next one.
    void read_piece(std::size_t offset, std::span<std::byte> into) {
        for (std::size_t source = current_;; source = current_) {
            if (stopping_)
                throw Error(ErrorCode::cancelled, "the provider ends; the transfer was stopped");
            try {
                read_from(wanted_.sources[source], offset, into);
                received_[source] += into.size();
                bytes_in_ += into.size();
                return;
            } catch (const Error&) {
                if (source + 1 >= wanted_.sources.size()) throw;
                current_.compare_exchange_strong(source, source + 1);
            }
        }
    }

    // Once more if it came damaged: that may have happened on the way.
    void read_from(const FetchSource& source, std::size_t offset, std::span<std::byte> into) {
        for (int attempt = 1;; ++attempt) {
            const std::uint32_t told = reader_.read(source.address, wanted_.segment, offset, into);
            if (told == crc32c(into)) return sums_.set(offset / SegmentFetcher::kPiece, told);
            log::warning("bytes of {} came damaged from provider {}",
                         to_string(wanted_.segment.datum), source.provider_name);
            if (attempt == 2) break;
        }
        reader_.doubt(source.address, wanted_.segment);
        throw Error(ErrorCode::unavailable, "provider " + source.provider_name +
                                                " has a damaged copy of a segment of " +
                                                to_string(wanted_.segment.datum));
    }

    const SegmentWanted& wanted_;
    PieceReader& reader_;
    std::atomic<std::uint64_t>& bytes_in_;
    const std::atomic<bool>& stopping_;
    ChunkSums sums_;
    std::vector<std::atomic<std::uint64_t>> received_;
    std::atomic<std::size_t> current_{0};
    std::atomic<std::size_t> next_{0};
    std::atomic<bool> failed_{false};
    Guarded<std::optional<Error>> failure_;
};

}  // namespace

bool SegmentFetcher::is_fetching(const SegmentId& segment) const {
    return flights_.with([&](const Flights& flights) { return flights.contains(segment); });
}

std::vector<BytesReceived> SegmentFetcher::fetch(const SegmentWanted& wanted, bool cached) {
    bool ours = false;
    const auto flight = flights_.with([&](Flights& flights) {
        auto& known = flights[wanted.segment];
        ours = known == nullptr;
        if (ours) known = std::make_shared<Flight>();
        return known;
    });
    std::vector<BytesReceived> received;
    std::optional<Error> failure;
    if (ours) {
        try {
            if (!store_.has_as_far_as(wanted.segment, wanted.bytes)) {
                received = pull(wanted, cached);
            }
        } catch (const Error& error) {
            failure = error;
        } catch (const std::exception& error) {
            failure = Error(ErrorCode::internal, error.what());
        }
        flights_.change([&](Flights& flights) {
            flight->done = true;
            flight->failure = failure;
            flights.erase(wanted.segment);
        });
        if (failure) throw *failure;
    } else {
        join(wanted.segment, flight);
        // That transfer may have been of less of the segment.
        if (!store_.has_as_far_as(wanted.segment, wanted.bytes)) return fetch(wanted, cached);
    }
    if (!cached) store_.set_cached(wanted.segment, false);
    return received;
}

void SegmentFetcher::join(const SegmentId& segment, const std::shared_ptr<Flight>& flight) {
    const bool ended = flights_.wait_until(std::chrono::steady_clock::now() + kJoinTime,
                                           [&](const Flights&) { return flight->done; });
    if (!ended) {
        throw Error(ErrorCode::deadline_exceeded,
                    "a transfer of " + to_string(segment.datum) + " did not end; try again");
    }
    if (flight->failure) throw *flight->failure;
}

std::vector<BytesReceived> SegmentFetcher::pull(const SegmentWanted& wanted, bool cached) {
    if (wanted.sources.empty()) {
        throw Error(ErrorCode::unavailable,
                    "nobody was named who has the bytes of " + to_string(wanted.segment.datum));
    }
    Pull pull(wanted, reader_, bytes_in_, stopping_);
    try {
        store_.fill(wanted.segment, wanted.bytes,
                    [&](std::span<std::byte> into) { pull.run(into); });
        store_.seal(wanted.segment, cached);
        if (const auto kept = store_.sums(wanted.segment)) kept->take(pull.sums());
    } catch (...) {
        store_.discard_unsealed(wanted.segment);
        throw;
    }
    return pull.received();
}

}  // namespace juxta::data
