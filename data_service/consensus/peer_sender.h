// Sends parcels to one peer, in the background: those of the ordered lane in order, and between
// them, piece by piece, the one of the bulk lane.
//
// Nothing is kept for a peer that does not take it: the ordered lane is bounded and loses its
// oldest, for the protocol above repeats what matters. A bulk parcel is begun again while its peer
// does not take it (it may just be restarting), until a newer one replaces it or its time is over.
//
// Threading: any thread; one thread of its own between construction and stop().
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "common/base/guarded.h"
#include "data_service/consensus/parcel.h"
#include "data_service/consensus/raft_log.h"

namespace juxta::data {

struct OutgoingParcel {
    std::string head;
    std::string_view body;
    std::shared_ptr<const void> keeps{};  // what `body` is part of, until `done`
    std::function<void()> done{};         // bulk only: `body` is not read any more; any thread
};

class PeerSender {
public:
    // `transport` must outlive it.
    PeerSender(Replica to, Envelope envelope, PeerTransport& transport);
    ~PeerSender() { stop(); }

    void send(OutgoingParcel parcel);
    void send_bulk(OutgoingParcel parcel);  // instead of what is under way there
    void stop();                            // drops what has not been sent

private:
    using Clock = std::chrono::steady_clock;

    struct Bulk {
        OutgoingParcel parcel;
        std::uint64_t transfer = 0;
        std::uint64_t offset = 0;
        bool is_read = false;  // by the thread, which ends it if it was replaced meanwhile
        Clock::time_point give_up{};
        Clock::time_point not_before{};
    };
    struct State {
        std::deque<OutgoingParcel> ordered;
        std::size_t ordered_bytes = 0;
        std::shared_ptr<Bulk> bulk;
        std::uint64_t transfers = 0;
        bool stopping = false;
    };

    void run();
    bool deliver_ordered(const OutgoingParcel& parcel);
    void deliver_bulk_piece(const std::shared_ptr<Bulk>& bulk);
    bool deliver(const Piece& piece);

    const Replica to_;
    const Envelope envelope_;
    PeerTransport& transport_;
    Guarded<State> state_;
    bool is_reached_ = true;  // by the last message; of the thread
    std::thread thread_;
};

}  // namespace juxta::data
