// Messages to other members of data groups: a bounded queue for each, emptied in order by one
// thread at a time. A queue that is full loses its oldest messages: the protocol repeats them.
// A peer that does not answer, or answers as another incarnation, is suspected at the manager.
//
// A thread that waits for the answers anyway carries messages itself, to one peer and to those that
// are near: a round trip then needs no other thread of this process.
//
// Also PieceReader over CORBA: bytes are received in place.
//
// Threading: any thread; threads of its own until stop().
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/base/crew.h"
#include "common/base/guarded.h"
#include "common/orb/references.h"
#include "data_service/core/contact_book.h"
#include "data_service/core/provider_links.h"
#include "provider.hh"

namespace juxta::data {

using ProviderReferences = orb::References<Wire::Provider>;

class CorbaPeerLink final : public PeerLink {
public:
    // All must outlive it.
    CorbaPeerLink(ProviderReferences& references, ContactBook& contacts, ManagerLink& manager);
    ~CorbaPeerLink() override { stop(); }

    std::vector<Member> post(std::vector<PeerMessage> messages) override;
    void serve(const std::vector<Member>& posted, bool here) override;
    void on_answers(std::function<void(std::vector<PeerMessage>)> answered) override {
        answered_ = std::move(answered);
    }
    void stop() { crew_.stop(); }
    std::size_t known_peers() const;

private:
    struct Peer {
        std::deque<PeerMessage> queue;
        bool is_served = false;     // by a thread, which takes the queue until it is empty
        Wire::Provider_var proven;  // it answered as this incarnation; nil: to be asked
        Duration usual_time = 1 * kMillisecond;  // of a delivery, about
        Time suspected_at = 0;
    };
    using Peers = std::map<Member, Peer>;

    void serve_all(const Member& to);
    // False: its queue is empty, and whoever posts next has to have it served.
    bool serve_one_batch(const Member& to, unsigned deadline_ms);
    void deliver(const Member& to, const std::vector<PeerMessage>& batch, unsigned deadline_ms);
    // nil: not to be found now, or not `to` any more (its queue is dropped then).
    Wire::Provider_var find(const Member& to, const std::string& cluster);
    void suspect(const Member& who, const std::string& cluster);

    ProviderReferences& references_;
    ContactBook& contacts_;
    ManagerLink& manager_;
    std::function<void(std::vector<PeerMessage>)> answered_;
    Guarded<Peers> peers_;
    Crew crew_;
};

class CorbaPieceReader final : public PieceReader {
public:
    explicit CorbaPieceReader(ProviderReferences& references) : references_(references) {}
    std::uint32_t read(const std::string& address, const SegmentId& segment, std::uint64_t offset,
                       std::span<std::byte> into) override;
    void doubt(const std::string& address, const SegmentId& segment) override;

private:
    ProviderReferences& references_;
};

}  // namespace juxta::data
