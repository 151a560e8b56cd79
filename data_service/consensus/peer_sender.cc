#include "data_service/consensus/peer_sender.h"

#include <algorithm>
#include <vector>

#include "common/base/error.h"
#include "common/log/log.h"

namespace juxta::data {
namespace {

constexpr std::size_t kMostQueued = 256;
constexpr std::size_t kMostQueuedBytes = 64 << 20;
constexpr auto kBulkLasts = std::chrono::seconds(55);  // libraft begins a new one after 60 s
constexpr auto kBetweenBulks = std::chrono::milliseconds(200);

std::size_t bytes_of(const OutgoingParcel& parcel) {
    return parcel.head.size() + parcel.body.size();
}

}  // namespace

PeerSender::PeerSender(Replica to, Envelope envelope, PeerTransport& transport)
    : to_(std::move(to)), envelope_(envelope), transport_(transport) {
    thread_ = std::thread([this] { run(); });
}

void PeerSender::send(OutgoingParcel parcel) {
    state_.change([&](State& s) {
        if (s.stopping) return;
        s.ordered_bytes += bytes_of(parcel);
        s.ordered.push_back(std::move(parcel));
        while (s.ordered.size() > 1 &&
               (s.ordered.size() > kMostQueued || s.ordered_bytes > kMostQueuedBytes)) {
            s.ordered_bytes -= bytes_of(s.ordered.front());
            s.ordered.pop_front();
        }
    });
}

void PeerSender::send_bulk(OutgoingParcel parcel) {
    auto bulk = std::make_shared<Bulk>();
    bulk->parcel = std::move(parcel);
    bulk->give_up = Clock::now() + kBulkLasts;
    const auto over = state_.change([&](State& s) -> std::shared_ptr<Bulk> {
        if (s.stopping) return bulk;
        bulk->transfer = ++s.transfers;
        auto former = std::exchange(s.bulk, bulk);
        return former && !former->is_read ? former : nullptr;
    });
    if (over && over->parcel.done) over->parcel.done();
}

void PeerSender::stop() {
    state_.change([](State& s) { s.stopping = true; });
    if (thread_.joinable()) thread_.join();
    const auto bulk = state_.with([](State& s) {
        s.ordered.clear();
        return std::exchange(s.bulk, nullptr);
    });
    if (bulk && bulk->parcel.done) bulk->parcel.done();
}

void PeerSender::run() {
    for (;;) {
        const auto bulk_from = state_.with([](State& s) {
            return s.bulk ? s.bulk->not_before : Clock::now() + std::chrono::minutes(1);
        });
        state_.wait_until(bulk_from, [&](State& s) {
            return s.stopping || !s.ordered.empty() ||
                   (s.bulk && s.bulk->not_before <= Clock::now());
        });
        std::optional<OutgoingParcel> next;
        std::shared_ptr<Bulk> bulk;
        const bool stopping = state_.with([&](State& s) {
            if (!s.ordered.empty()) {
                next = std::move(s.ordered.front());
                s.ordered.pop_front();
                s.ordered_bytes -= bytes_of(*next);
            }
            if (s.stopping) return true;
            if (s.bulk && s.bulk->not_before <= Clock::now()) {
                bulk = s.bulk;
                bulk->is_read = true;
            }
            return false;
        });
        if (stopping) return;
        if (next) deliver_ordered(*next);
        if (bulk) deliver_bulk_piece(bulk);
    }
}

bool PeerSender::deliver_ordered(const OutgoingParcel& parcel) {
    Piece piece;
    piece.envelope = envelope_;
    piece.transfer = state_.with([](State& s) { return ++s.transfers; });
    piece.body_bytes = parcel.body.size();
    piece.head = parcel.head;
    do {
        piece.body = parcel.body.substr(piece.offset, kPieceBytes);
        if (!deliver(piece)) return false;
        piece.offset += piece.body.size();
        piece.head = {};
    } while (piece.offset < piece.body_bytes);
    return true;
}

void PeerSender::deliver_bulk_piece(const std::shared_ptr<Bulk>& bulk) {
    Piece piece;
    piece.envelope = envelope_;
    piece.lane = Lane::bulk;
    piece.transfer = bulk->transfer;
    piece.body_bytes = bulk->parcel.body.size();
    piece.offset = bulk->offset;
    if (piece.offset == 0) piece.head = bulk->parcel.head;
    piece.body = bulk->parcel.body.substr(piece.offset, kPieceBytes);
    const bool arrived = deliver(piece);
    const bool ends = state_.with([&](State& s) {
        bulk->is_read = false;
        if (s.bulk != bulk) return true;  // another one replaced it meanwhile
        if (arrived) {
            bulk->offset += piece.body.size();
            if (bulk->offset < piece.body_bytes) return false;
        } else {
            const auto now = Clock::now();
            bulk->offset = 0;
            bulk->transfer = ++s.transfers;
            bulk->not_before = now + kBetweenBulks;
            if (now < bulk->give_up) return false;
        }
        s.bulk = nullptr;
        return true;
    });
    if (ends && bulk->parcel.done) bulk->parcel.done();
}

bool PeerSender::deliver(const Piece& piece) {
    try {
        transport_.deliver(to_, encode(piece));
        if (!is_reached_) log::info("replica {} answers again", to_.name);
        is_reached_ = true;
        return true;
    } catch (const std::exception& e) {
        if (is_reached_) log::info("replica {} is not reached: {}", to_.name, e.what());
        is_reached_ = false;
        return false;
    }
}

}  // namespace juxta::data
