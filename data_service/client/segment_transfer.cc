#include "data_service/client/segment_transfer.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>

#include "common/base/in_parallel.h"
#include "data_service/corba/group_wire.h"
#include "data_service/store/checksums.h"

namespace juxta::data {
namespace {

constexpr std::uint64_t piece_bytes = 1 << 20;
constexpr std::size_t lanes = 3;
constexpr unsigned piece_ms = 10000;
constexpr auto tell_every = std::chrono::milliseconds(200);

// body(offset, length) for all pieces of [0, total), `lanes` at a time. The first Error ends all
// lanes and is thrown.
template <class Body>
void for_pieces(std::uint64_t total, const Body& body) {
    const std::uint64_t pieces = (total + piece_bytes - 1) / piece_bytes;
    std::atomic<std::uint64_t> next{0};
    Guarded<std::exception_ptr> failure;
    in_parallel(std::min<std::uint64_t>(pieces, lanes), [&](std::size_t) {
        try {
            for (std::uint64_t piece = next++; piece < pieces; piece = next++) {
                const std::uint64_t offset = piece * piece_bytes;
                body(offset, std::min(piece_bytes, total - offset));
            }
        } catch (...) {
            next = pieces;
            failure.with([](std::exception_ptr& first) {
                if (!first) first = std::current_exception();
            });
        }
    });
    if (auto first = failure.with([](std::exception_ptr& e) { return e; })) {
        std::rethrow_exception(first);
    }
}

// One read into its destination: omniORB fills a preset sequence in place.
void read_piece(Wire::Provider_ptr holder, const SegmentId& segment, std::uint64_t offset,
                std::span<std::byte> into) {
    auto* destination = reinterpret_cast<CORBA::Octet*>(into.data());
    const auto length = static_cast<CORBA::ULong>(into.size());
    Wire::Bytes content(length, 0, destination, false);
    orb::Deadline deadline(piece_ms);
    const std::uint32_t crc =
        orb::ask([&] { return holder->read(to_wire(segment), offset, length, content); });
    if (content.length() != length) {
        throw Error(ErrorCode::not_found, "a holder answered " + std::to_string(content.length()) +
                                              " bytes of a segment instead of " +
                                              std::to_string(length));
    }
    if (content.get_buffer() != destination) {
        std::memcpy(destination, content.get_buffer(), length);
    }
    if (crc32c(into) == crc) return;
    // It may be its copy, or the way: whose it is finds out. Nobody is given these bytes.
    orb::ask([&] { holder->doubt(to_wire(segment)); });
    throw Error(ErrorCode::not_found, "the bytes of a segment arrived damaged");
}

}  // namespace

void ProgressCount::add(std::uint64_t bytes) {
    if (!listener_) return;
    const auto now = std::chrono::steady_clock::now();
    const auto due = state_.with([&](State& s) -> std::optional<std::uint64_t> {
        s.done += bytes;
        if (s.done < total_ && now - s.told < tell_every) return std::nullopt;
        s.told = now;
        return s.done;
    });
    if (due) listener_(*due, total_);
}

std::string SegmentTransfer::own_name() {
    const auto local = core_.local().contact();
    return local ? local->name : "client";
}

void SegmentTransfer::pull(const std::vector<ProviderContact>& holders, const std::string& cluster,
                           const SegmentId& segment, std::uint64_t offset,
                           std::span<std::byte> into, ProgressCount& progress) {
    std::vector<std::atomic<bool>> bad(holders.size());
    for_pieces(into.size(), [&](std::uint64_t start, std::uint64_t length) {
        Error last(ErrorCode::peer_unreachable, "no provider has it");
        for (std::size_t i = 0; i < holders.size(); ++i) {
            if (bad[i]) continue;
            try {
                const Wire::Provider_var remote = core_.provider(holders[i].address);
                read_piece(remote.in(), segment, offset + start, into.subspan(start, length));
                tally_.add(holders[i].name, "client", length);
                progress.add(length);
                return;
            } catch (const Error& e) {
                last = Error(e.code(), "provider " + holders[i].name + ": " + e.what());
                if (bad[i].exchange(true)) continue;
                if (e.code() == ErrorCode::peer_unreachable ||
                    e.code() == ErrorCode::deadline_exceeded) {
                    core_.suspect(cluster, holders[i].self,
                                  SessionCore::Clock::now() + std::chrono::seconds(1));
                }
            }
        }
        throw last;
    });
}

void SegmentTransfer::push(const ProviderContact& to, const SegmentId& segment,
                           std::span<const std::byte> content, ProgressCount& progress) {
    const Wire::Provider_var remote = core_.provider(to.address);
    const std::string from = own_name();
    for_pieces(content.size(), [&](std::uint64_t start, std::uint64_t length) {
        // omniORB sends from the buffer as it is, and changes nothing in it.
        auto* bytes =
            reinterpret_cast<CORBA::Octet*>(const_cast<std::byte*>(content.data() + start));
        const auto size = static_cast<CORBA::ULong>(length);
        const Wire::Bytes piece(size, size, bytes, false);
        orb::Deadline deadline(piece_ms);
        orb::ask([&] { remote->upload(to_wire(segment), content.size(), start, piece); });
        tally_.add(from, to.name, length);
        progress.add(length);
    });
}

}  // namespace juxta::data
