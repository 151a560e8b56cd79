// What the managers of a cluster agree on: providers and their incarnations, data and their
// attributes, views and holders. docs/protocol.md, section 5.
//
// A deterministic machine: apply(command) is a pure function of state and command, so that any
// number of replicas that apply the same commands agree. Commands are conditional (on epoch,
// incarnation, request) and harmless when repeated. No time, no randomness, no I/O: who proposes
// a command has looked at clocks and dice before (Overseer).
//
// Threading: none of its own.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/model/datum.h"
#include "data_service/protocol/types.h"

namespace juxta::data {

struct ProviderContact {
    std::string name;
    Member self;
    std::string address;      // "host:port"
    std::string socket_path;  // of its Unix socket
    Place place;
    bool cache_only = false;
    friend bool operator==(const ProviderContact&, const ProviderContact&) = default;
};

// -- commands
// ---------------------------------------------------------------------------------------

// Confirms the death of all incarnations before this one. Refused: an incarnation older than one
// registered, or confirmed dead; another element name under the same id. A new
// incarnation is not draining.
struct RegisterProvider {
    ProviderContact contact;
    std::uint64_t capacity_bytes = 0;
};
// This incarnation, if it was ever registered, and all before it.
struct ConfirmDead {
    Member who;
};
struct DrainProvider {
    ProviderId provider;
    bool leaving = true;
};
// View 1 of every block, with members that have reserved: members[block]. It is installed as
// activated, its members as holders: nobody has promised or acknowledged anything before it, and
// all of them hold the same empty ledger. Refused: a member that is not registered or is dead, a
// known id, a request that allocated another id.
struct AllocateDatum {
    RequestId request;
    DataId id;
    DataSpec spec;
    std::uint64_t bytes = 0;
    std::vector<std::vector<Member>> members;
};
// Installs the successor of view `from`, if that is still current. Members must be holders. A
// joiner must be registered and alive, no holder, and named only in an activated view or on from
// the view before (M6).
struct ChangeView {
    GroupId group;
    Epoch from = 0;
    std::vector<Member> members;
    std::optional<Member> joiner;
};
struct RecordActivated {
    GroupId group;
    Epoch epoch = 0;
    Member primary;
};  // M5
struct RecordFull {
    GroupId group;
    Epoch epoch = 0;
    Member joiner;
};  // M7
// M11: if every holder of some block is confirmed dead. All blocks are lost with it.
struct DeclareLost {
    DataId id;
};
struct FreeDatum {
    DataId id;
};  // M12; its name is free at once
struct ForgetDatum {
    DataId id;
};  // a freed or lost datum nobody needs to hear of any more
// What is given changes. A mode that outlives its client makes the lifetime until_freed;
// unique_sticky makes the copies one. Refused: no copies, or several of a unique_sticky datum.
struct ChangeDatum {
    DataId id;
    std::optional<std::string> name;
    std::optional<std::uint16_t> copies;
    std::optional<Persistence> persistence;
};
struct ForgetName {
    std::string name;
    DataId unless;
};
struct EndClient {
    ClientId client;
};  // frees its Lifetime::client data

using Command = std::variant<RegisterProvider, ConfirmDead, DrainProvider, AllocateDatum,
                             ChangeView, RecordActivated, RecordFull, DeclareLost, FreeDatum,
                             ForgetDatum, ChangeDatum, ForgetName, EndClient>;

// What a command did. A repeat of what is so already is accepted, and installs nothing.
struct Applied {
    bool accepted = false;  // false: its condition did not hold; nothing changed
    // Groups whose view, or its activation, is new: to be pushed to `concerned`, which are those
    // named in the views and those named until now.
    std::vector<GroupId> views;
    std::vector<ProviderId> concerned;  // each once, in order
};

// -- state
// ------------------------------------------------------------------------------------------------

struct GroupRecord {
    View view;
    std::vector<Member> holders;  // each surely holds everything acknowledged
    friend bool operator==(const GroupRecord&, const GroupRecord&) = default;
};

struct DatumRecord {
    DataSpec spec;
    std::uint64_t bytes = 0;
    RequestId request;
    std::vector<GroupRecord> blocks;
    bool lost = false;
    bool freed = false;
    friend bool operator==(const DatumRecord&, const DatumRecord&) = default;
};

struct ProviderRecord {
    ProviderContact contact;  // of the newest incarnation
    std::uint64_t capacity_bytes = 0;
    Incarnation dead_up_to = 0;
    bool draining = false;
    friend bool operator==(const ProviderRecord&, const ProviderRecord&) = default;
};

class Directory {
public:
    Applied apply(const Command& command);

    const std::map<ProviderId, ProviderRecord>& providers() const { return providers_; }
    const std::map<DataId, DatumRecord>& data() const { return data_; }
    const DatumRecord* find(const DataId& id) const;
    const GroupRecord* find(const GroupId& group) const;
    std::optional<DataId> named(const std::string& name) const;
    // The datum that this request allocated.
    std::optional<DataId> allocated_by(const RequestId& request) const;

    bool is_dead(const Member& member) const;
    bool is_registered(const Member& member) const;  // as its newest incarnation; may be dead

    // The directory with these records, as a snapshot kept them; all else follows from them.
    static Directory restored(std::map<ProviderId, ProviderRecord> providers,
                              std::map<DataId, DatumRecord> data);

    // For snapshots and tests: equal states compare equal.
    friend bool operator==(const Directory&, const Directory&) = default;

private:
    Applied act(const RegisterProvider& command);
    Applied act(const ConfirmDead& command);
    Applied act(const DrainProvider& command);
    Applied act(const AllocateDatum& command);
    Applied act(const ChangeView& command);
    Applied act(const RecordActivated& command);
    Applied act(const RecordFull& command);
    Applied act(const DeclareLost& command);
    Applied act(const FreeDatum& command);
    Applied act(const ForgetDatum& command);
    Applied act(const ChangeDatum& command);
    Applied act(const ForgetName& command);
    Applied act(const EndClient& command);

    GroupRecord* open_group(const GroupId& group);
    void install(const GroupId& group, View next, Applied& applied);
    void free_blocks(const DataId& id, Applied& applied);
    void take_name(const DataId& id, const std::string& name);
    void drop_name(DatumRecord& datum);
    bool can_be_member(const std::vector<Member>& members) const;

    std::map<ProviderId, ProviderRecord> providers_;
    std::map<DataId, DatumRecord> data_;
    std::map<std::string, DataId> names_;
    std::map<RequestId, DataId> requests_;
};

}  // namespace juxta::data
