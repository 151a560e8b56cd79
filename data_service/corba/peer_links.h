// Messages to other members of data groups: a bounded queue for each, emptied in order by one
// thread at a time. A queue that is full loses its oldest messages: the protocol repeats them.
// A peer that does not answer, or answers as another incarnation, is suspected at the manager.
//
// Also PieceReader over CORBA: bytes are received in place.
//
// Threading: any thread; threads of its own until stop().
#pragma once

#include <deque>
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

    void send(std::vector<PeerMessage> messages) override;
    void stop() { crew_.stop(); }

private:
    struct Peer {
        std::deque<PeerMessage> queue;
        bool is_served = false;  // by a thread, which takes the queue until it is empty
        bool is_proven = false;  // it answered as this incarnation
        Time suspected_at = 0;
    };
    using Peers = std::map<Member, Peer>;

    void serve(const Member& to);
    void deliver(const Member& to, const std::vector<PeerMessage>& batch);
    void suspect(const Member& who);

    ProviderReferences& references_;
    ContactBook& contacts_;
    ManagerLink& manager_;
    Guarded<Peers> peers_;
    Crew crew_;
};

class CorbaPieceReader final : public PieceReader {
public:
    explicit CorbaPieceReader(ProviderReferences& references) : references_(references) {}
    void read(const std::string& address, const SegmentId& segment, std::uint64_t offset,
              std::span<std::byte> into) override;

private:
    ProviderReferences& references_;
};

}  // namespace juxta::data
