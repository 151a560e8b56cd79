// The ports of a provider: what it needs of managers, of other providers, and of the network.
// Implemented over CORBA by data_service/corba, by fakes in tests.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data_service/core/directory.h"
#include "data_service/core/group_reports.h"
#include "data_service/core/group_view.h"
#include "data_service/protocol/messages.h"

namespace juxta::data {

// What a provider lends, and what of it is taken (without what gives way when somebody needs room).
struct ProviderRoom {
    std::uint64_t capacity_bytes = 0;
    std::uint64_t used_bytes = 0;
    std::uint64_t disk_bytes = 0;  // 0: it has no disk for durable data
    std::uint64_t disk_used_bytes = 0;
};

struct BeatReport {
    Member self;
    ProviderRoom room;
    std::vector<std::pair<GroupId, Epoch>> epochs;
    std::vector<std::pair<DataId, Version>> versions;
};

struct BeatReply {
    bool known = false;  // false: register again
    std::vector<GroupView> views;
    bool draining = false;
    bool may_end = false;
};

// The managers of all clusters. Every call ends within a deadline or throws Error. Any thread.
class ManagerLink {
public:
    virtual ~ManagerLink() = default;

    // The cluster whose managers decide about the datum.
    virtual std::string owner_of(const DataId& datum) const = 0;

    virtual Durations register_provider(const std::string& cluster, const ProviderContact& self,
                                        const ProviderRoom& room) = 0;
    // After registering: all of them, also if there are none.
    virtual void offer_disks(const std::string& cluster, const Member& self,
                             const std::vector<DiskOffer>& offers) = 0;
    // All of them, also if there is none: until then its manager forgets nothing for it.
    virtual void hold_volatile(const std::string& cluster, const Member& self,
                               const std::vector<VolatileDatum>& held) = 0;
    virtual BeatReply beat(const std::string& cluster, const BeatReport& report) = 0;
    // All of data that `cluster` owns. Returns those of `activated` that are recorded and current.
    virtual std::vector<Activated> record(const std::string& cluster, const Member& self,
                                          const std::vector<Activated>& activated,
                                          const std::vector<Full>& full) = 0;
    virtual std::vector<View> views_of(const DataId& datum) = 0;  // by block number
    virtual void suspect(const std::string& cluster, const Member& who) = 0;
    // To the owner of the datum.
    virtual void cached(const ProviderContact& self, const DataId& datum, Version version,
                        bool held) = 0;
    virtual std::vector<ProviderContact> providers(const std::string& cluster) = 0;
    virtual void drain(const std::string& cluster, const std::string& provider_name,
                       bool leaving) = 0;
};

// Other members. Messages may be lost, those to one member stay in order. Any thread.
class PeerLink {
public:
    virtual ~PeerLink() = default;

    // Takes the messages and returns at once. Nothing is sent to those that it returns before
    // serve() is called for them.
    virtual std::vector<Member> post(std::vector<PeerMessage> messages) = 0;
    // Sends what was posted for them, and brings what they answer at once to `answered`. `here`:
    // the calling thread has nothing to do before their answers come, and sends some itself;
    // otherwise this returns at once.
    virtual void serve(const std::vector<Member>& posted, bool here) = 0;

    // Set before the first message.
    virtual void on_answers(std::function<void(std::vector<PeerMessage>)> answered) = 0;
};

// Pulls bytes of a segment from the provider at `address`. Any thread.
class PieceReader {
public:
    virtual ~PieceReader() = default;
    // Returns the CRC32C of what the bytes were when the segment was made. Throws Error: not_found
    // if it does not have the segment, peer_unreachable, deadline_exceeded.
    virtual std::uint32_t read(const std::string& address, const SegmentId& segment,
                               std::uint64_t offset, std::span<std::byte> into) = 0;
    // Bytes of it came damaged from there.
    virtual void doubt(const std::string& address, const SegmentId& segment) = 0;
};

}  // namespace juxta::data
