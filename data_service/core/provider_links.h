// The ports of a provider: what it needs of managers, of other providers, and of the network.
// Implemented over CORBA by data_service/corba, by fakes in tests.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data_service/core/directory.h"
#include "data_service/core/group_view.h"
#include "data_service/protocol/messages.h"

namespace juxta::data {

struct BeatReport {
    Member self;
    std::uint64_t capacity_bytes = 0;
    std::uint64_t used_bytes = 0;  // without what gives way when somebody needs room
    std::vector<std::pair<GroupId, Epoch>> epochs;
    std::vector<std::pair<DataId, Version>> versions;
};

struct BeatReply {
    bool known = false;  // false: register again
    std::vector<GroupView> views;
    bool draining = false;
    bool may_end = false;
};

// The managers: those of the provider's own cluster, or of the owner of the datum in question.
// Every call ends within a deadline or throws Error. Any thread.
class ManagerLink {
public:
    virtual ~ManagerLink() = default;

    virtual Durations register_provider(const ProviderContact& self, std::uint64_t capacity_bytes,
                                        std::uint64_t used_bytes) = 0;
    virtual BeatReply beat(const BeatReport& report) = 0;
    virtual bool activated(const Member& self, const Activated& message) = 0;
    virtual void full(const Member& self, const Full& message) = 0;
    virtual std::vector<View> views_of(const DataId& datum) = 0;  // by block number
    virtual void suspect(const Member& who) = 0;
    virtual void cached(const ProviderContact& self, const DataId& datum, Version version,
                        bool held) = 0;
    virtual std::vector<ProviderContact> providers() = 0;
    virtual void drain(const std::string& provider_name, bool leaving) = 0;
};

// Other members. Returns at once; messages may be lost, those to one member stay in order.
class PeerLink {
public:
    virtual ~PeerLink() = default;
    virtual void send(std::vector<PeerMessage> messages) = 0;
};

// Pulls bytes of a segment from the provider at `address`. Throws Error: not_found if it does not
// have the segment, peer_unreachable, deadline_exceeded. Any thread.
class PieceReader {
public:
    virtual ~PieceReader() = default;
    virtual void read(const std::string& address, const SegmentId& segment, std::uint64_t offset,
                      std::span<std::byte> into) = 0;
};

}  // namespace juxta::data
