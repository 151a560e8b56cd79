#include "data_service/corba/peer_links.h"

#include <cstring>
#include <utility>

#include "common/base/error.h"
#include "common/log/log.h"
#include "common/orb/model_wire.h"
#include "data_service/corba/group_wire.h"
#include "data_service/corba/stale_connection.h"

namespace juxta::data {
namespace {

constexpr std::size_t kQueue = 4096;
constexpr std::size_t kBatch = 32;  // messages with ledgers stay below the largest GIOP message
constexpr std::size_t kPeersAtOnce = 64;
constexpr std::size_t kPeersKnown = 256;  // then former incarnations are forgotten
constexpr unsigned kDeliveryMs = 1000;
constexpr unsigned kPieceMs = 5000;
constexpr Duration kBetweenSuspicions = 300 * kMillisecond;

}  // namespace

CorbaPeerLink::CorbaPeerLink(ProviderReferences& references, ContactBook& contacts,
                             ManagerLink& manager)
    : references_(references), contacts_(contacts), manager_(manager), crew_(kPeersAtOnce) {}

void CorbaPeerLink::send(std::vector<PeerMessage> messages) {
    for (PeerMessage& message : messages) {
        const Member to = message.to;
        const bool starts = peers_.with([&](Peers& peers) {
            if (peers.size() > kPeersKnown && !peers.contains(to)) {
                std::erase_if(peers, [](const auto& one) {
                    return !one.second.is_served && one.second.queue.empty();
                });
            }
            Peer& peer = peers[to];
            peer.queue.push_back(std::move(message));
            if (peer.queue.size() > kQueue) peer.queue.pop_front();
            return !std::exchange(peer.is_served, true);
        });
        if (starts) crew_.run([this, to] { serve(to); });
    }
}

void CorbaPeerLink::serve(const Member& to) {
    for (;;) {
        const auto batch = peers_.with([&](Peers& peers) {
            Peer& peer = peers[to];
            std::vector<PeerMessage> taken;
            while (!peer.queue.empty() && taken.size() < kBatch) {
                taken.push_back(std::move(peer.queue.front()));
                peer.queue.pop_front();
            }
            peer.is_served = !taken.empty();
            return taken;
        });
        if (batch.empty()) return;
        try {
            deliver(to, batch);
        } catch (const std::exception& error) {
            log::debug("messages to a provider were lost: {}", error.what());
            suspect(to);
        }
    }
}

void CorbaPeerLink::deliver(const Member& to, const std::vector<PeerMessage>& batch) {
    const auto contact = contacts_.find(to);
    if (!contact) return;       // the manager is away, too
    if (contact->self != to) {  // a later incarnation: `to` is dead
        peers_.with([&](Peers& peers) { peers[to].queue.clear(); });
        return;
    }
    const Wire::Provider_var peer = references_.at(contact->address);
    Wire::PeerMessages wire;
    orb::fill(wire, batch, [](const PeerMessage& message) { return to_wire(message); });
    const bool is_proven = peers_.with([&](Peers& peers) { return peers[to].is_proven; });
    orb::Deadline deadline(kDeliveryMs);
    if (!is_proven && ask_repeatable([&] { return peer->incarnation(); }) != to.incarnation) {
        throw Error(ErrorCode::peer_unreachable, contact->name + " has been restarted");
    }
    try {
        ask_repeatable([&] { peer->deliver(wire); });
    } catch (const Error&) {
        peers_.with([&](Peers& peers) { peers[to].is_proven = false; });
        throw;
    }
    peers_.with([&](Peers& peers) { peers[to].is_proven = true; });
}

void CorbaPeerLink::suspect(const Member& who) {
    const Time now = monotonic_now();
    const bool is_new = peers_.with([&](Peers& peers) {
        Peer& peer = peers[who];
        if (peer.suspected_at != 0 && now - peer.suspected_at < kBetweenSuspicions) return false;
        peer.suspected_at = now;
        return true;
    });
    if (!is_new) return;
    try {
        manager_.suspect(who);
    } catch (const std::exception& error) {
        log::debug("no manager takes a suspicion: {}", error.what());
    }
}

void CorbaPieceReader::read(const std::string& address, const SegmentId& segment,
                            std::uint64_t offset, std::span<std::byte> into) {
    const Wire::Provider_var source = references_.at(address);
    auto* const destination = reinterpret_cast<CORBA::Octet*>(into.data());
    const auto length = static_cast<CORBA::ULong>(into.size());
    Wire::Bytes content(length, 0, destination, 0);
    orb::Deadline deadline(kPieceMs);
    ask_repeatable([&] { source->read(to_wire(segment), offset, length, content); });
    if (content.length() != length) {
        throw Error(ErrorCode::internal, address + " sent " + std::to_string(content.length()) +
                                             " bytes of " + to_string(segment.datum) +
                                             " instead of " + std::to_string(length));
    }
    // Elsewhere when the call stayed in this process.
    const CORBA::Octet* arrived = std::as_const(content).get_buffer();
    if (arrived != destination) std::memcpy(destination, arrived, length);
}

}  // namespace juxta::data
