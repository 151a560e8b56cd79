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
constexpr std::size_t kBatchBytes = 512 * 1024;  // of carried segments
constexpr std::size_t kPeersAtOnce = 64;
constexpr std::size_t kPeersKnown = 256;  // then former incarnations are forgotten
constexpr unsigned kDeliveryMs = 1000;
constexpr unsigned kHereMs = 250;   // who waits for it himself keeps other peers' messages waiting
constexpr Duration kHandOver = 60;  // microseconds until another thread runs
constexpr Duration kUnknown = -1;
constexpr unsigned kPieceMs = 5000;
constexpr unsigned kDoubtMs = 1000;
constexpr Duration kBetweenSuspicions = 300 * kMillisecond;

std::size_t carried_bytes(const PeerMessage& message) {
    const Contents* contents = nullptr;
    if (const auto* replicate = std::get_if<Replicate>(&message.body)) {
        contents = &replicate->contents;
    } else if (const auto* fill = std::get_if<Fill>(&message.body)) {
        contents = &fill->contents;
    }
    std::size_t bytes = 0;
    if (contents != nullptr) {
        for (const auto& content : *contents) bytes += content->size();
    }
    return bytes;
}

}  // namespace

CorbaPeerLink::CorbaPeerLink(ProviderReferences& references, ContactBook& contacts,
                             ManagerLink& manager)
    : references_(references), contacts_(contacts), manager_(manager), crew_(kPeersAtOnce) {}

std::size_t CorbaPeerLink::known_peers() const {
    return peers_.with([](const Peers& peers) { return peers.size(); });
}

std::vector<Member> CorbaPeerLink::post(std::vector<PeerMessage> messages) {
    return peers_.with([&](Peers& peers) {
        std::vector<Member> to_serve;
        for (PeerMessage& message : messages) {
            const Member to = message.to;
            if (peers.size() > kPeersKnown && !peers.contains(to)) {
                std::erase_if(peers, [](const auto& one) {
                    return !one.second.is_served && one.second.queue.empty();
                });
            }
            Peer& peer = peers[to];
            peer.queue.push_back(std::move(message));
            if (peer.queue.size() > kQueue) peer.queue.pop_front();
            if (!std::exchange(peer.is_served, true)) to_serve.push_back(to);
        }
        return to_serve;
    });
}

// One peer is served here, and those beside it whose answer comes sooner than another thread of
// this process would begin to ask. The others are asked at the same time.
void CorbaPeerLink::serve(const std::vector<Member>& posted, bool here) {
    std::vector<Member> mine;
    for (const Member& to : posted) {
        const Duration usual = !here ? kUnknown : peers_.with([&](Peers& peers) {
            const auto found = peers.find(to);
            const bool proven = found != peers.end() && !CORBA::is_nil(found->second.proven.in());
            return proven ? found->second.usual_time : kUnknown;
        });
        if (usual != kUnknown && (mine.empty() || usual < kHandOver)) {
            mine.push_back(to);
        } else {
            crew_.run([this, to] { serve_all(to); });
        }
    }
    for (const Member& to : mine) {
        if (serve_one_batch(to, kHereMs)) crew_.run([this, to] { serve_all(to); });
    }
}

void CorbaPeerLink::serve_all(const Member& to) {
    while (serve_one_batch(to, kDeliveryMs)) {
    }
}

bool CorbaPeerLink::serve_one_batch(const Member& to, unsigned deadline_ms) {
    const auto batch = peers_.with([&](Peers& peers) {
        Peer& peer = peers[to];
        std::vector<PeerMessage> taken;
        std::size_t bytes = 0;
        while (!peer.queue.empty() && taken.size() < kBatch && bytes < kBatchBytes) {
            bytes += carried_bytes(peer.queue.front());
            taken.push_back(std::move(peer.queue.front()));
            peer.queue.pop_front();
        }
        return taken;
    });
    if (!batch.empty()) {
        try {
            deliver(to, batch, deadline_ms);
        } catch (const std::exception& error) {
            log::debug("messages to a provider were lost: {}", error.what());
            suspect(to, manager_.owner_of(batch.front().group.datum));
        }
    }
    return peers_.with([&](Peers& peers) {
        const auto peer = peers.find(to);
        if (peer == peers.end()) return false;
        peer->second.is_served = !peer->second.queue.empty();
        return peer->second.is_served;
    });
}

Wire::Provider_var CorbaPeerLink::find(const Member& to, const std::string& cluster) {
    const auto contact = contacts_.find(to, cluster);
    if (!contact) return {};    // the manager is away, too
    if (contact->self != to) {  // a later incarnation: `to` is dead
        peers_.with([&](Peers& peers) { peers.erase(to); });
        return {};
    }
    Wire::Provider_var peer = references_.at(contact->address);
    if (ask_repeatable([&] { return peer->incarnation(); }) != to.incarnation) {
        throw Error(ErrorCode::peer_unreachable, contact->name + " has been restarted");
    }
    return peer;
}

void CorbaPeerLink::deliver(const Member& to, const std::vector<PeerMessage>& batch,
                            unsigned deadline_ms) {
    Wire::Provider_var peer = peers_.with([&](Peers& peers) { return peers[to].proven; });
    orb::Deadline deadline(deadline_ms);
    if (CORBA::is_nil(peer.in())) peer = find(to, manager_.owner_of(batch.front().group.datum));
    if (CORBA::is_nil(peer.in())) return;
    Wire::PeerMessages wire;
    fill_in(wire, batch);
    try {
        const Time asked = monotonic_now();
        const Wire::PeerMessages_var answers =
            ask_repeatable([&] { return Wire::PeerMessages_var(peer->deliver(wire)); });
        const Duration took = monotonic_now() - asked;
        peers_.with([&](Peers& peers) {
            Peer& known = peers[to];
            known.proven = peer;
            known.usual_time = (7 * known.usual_time + took) / 8;
        });
        if (answers->length() == 0 || !answered_) return;
        answered_(orb::collect(
            answers.in(), [](const Wire::PeerMessage& message) { return from_wire(message); }));
    } catch (const Error&) {
        peers_.with([&](Peers& peers) { peers[to].proven = Wire::Provider::_nil(); });
        throw;
    }
}

void CorbaPeerLink::suspect(const Member& who, const std::string& cluster) {
    const Time now = monotonic_now();
    const bool is_new = peers_.with([&](Peers& peers) {
        Peer& peer = peers[who];
        if (peer.suspected_at != 0 && now - peer.suspected_at < kBetweenSuspicions) return false;
        peer.suspected_at = now;
        return true;
    });
    if (!is_new) return;
    // Not here: managers may be away, and what waits for other peers does not wait for them.
    crew_.run([this, who, cluster] {
        try {
            manager_.suspect(cluster, who);
        } catch (const std::exception& error) {
            log::debug("no manager takes a suspicion: {}", error.what());
        }
    });
}

std::uint32_t CorbaPieceReader::read(const std::string& address, const SegmentId& segment,
                                     std::uint64_t offset, std::span<std::byte> into) {
    const Wire::Provider_var source = references_.at(address);
    auto* const destination = reinterpret_cast<CORBA::Octet*>(into.data());
    const auto length = static_cast<CORBA::ULong>(into.size());
    Wire::Bytes content(length, 0, destination, 0);
    orb::Deadline deadline(kPieceMs);
    const std::uint32_t crc =
        ask_repeatable([&] { return source->read(to_wire(segment), offset, length, content); });
    if (content.length() != length) {
        throw Error(ErrorCode::internal, address + " sent " + std::to_string(content.length()) +
                                             " bytes of " + to_string(segment.datum) +
                                             " instead of " + std::to_string(length));
    }
    // Elsewhere when the call stayed in this process.
    const CORBA::Octet* arrived = std::as_const(content).get_buffer();
    if (arrived != destination) std::memcpy(destination, arrived, length);
    return crc;
}

void CorbaPieceReader::doubt(const std::string& address, const SegmentId& segment) {
    const Wire::Provider_var source = references_.at(address);
    orb::Deadline deadline(kDoubtMs);
    try {
        ask_repeatable([&] { source->doubt(to_wire(segment)); });
    } catch (const Error& error) {
        log::debug("{} was not told of a damaged segment: {}", address, error.what());
    }
}

}  // namespace juxta::data
