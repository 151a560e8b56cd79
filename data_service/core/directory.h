// What the managers of a cluster agree on: providers and their incarnations, data and their
// attributes, views and holders. docs/protocol.md, section 5.
//
// A deterministic machine: apply(command) is a pure function of state and command, so that any
// number of replicas that apply the same commands agree. Commands are conditional (on epoch,
// incarnation, request) and harmless when repeated. No time, no randomness, no I/O: who proposes
// a command has looked at clocks and dice before (Overseer).
//
// A million data have to fit: records are kept packed, and unpacked for who asks. Nothing but
// snapshot() and the iteration over data() looks at all of them.
//
// Threading: none of its own.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "common/model/datum.h"
#include "data_service/core/packing.h"
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

// Confirms the death of all incarnations before this one, with all that ConfirmDead does. Refused:
// an incarnation older than one registered, or confirmed dead; another element name under the
// same id. A new incarnation is not draining.
struct RegisterProvider {
    ProviderContact contact;
    std::uint64_t capacity_bytes = 0;
    std::uint64_t disk_bytes = 0;  // 0: it cannot keep durable data
};
// This incarnation, if it was ever registered, and all before it. Every view that names it gets its
// successor (M4): the members without the dead; if none is left, the living holders; if there is
// none, the view stays and the group is `stuck`. Where the primary stays and nothing is on disk
// the tenure goes on (P5).
struct ConfirmDead {
    Member who;
};
// Silent for T_d (M4): every view that names it goes on without it, and without the dead, if
// another member is left; else the group is `stuck`. It is a holder still, until the activation.
struct Evict {
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
// M10: `as`, registered after the death of its incarnation `holder`, has that holder's copy on its
// disk, written by incarnation `written_by`: it takes that place among the holders, and is the
// last in the view. Refused: base <= written_by <= holder does not hold, or it is not durable.
struct Reinstate {
    GroupId group;
    Member holder;
    Member as;
    Incarnation written_by = 0;
};
// M11: if every holder of some block is confirmed dead and, of a durable datum, has registered
// again as a member of `without_disk`, which offers no copy. All blocks are lost with it.
struct DeclareLost {
    DataId id;
    std::vector<Member> without_disk = {};
};
struct FreeDatum {
    DataId id;
};  // M12; its name is free at once
struct ForgetDatum {
    DataId id;
};  // a freed or lost datum nobody needs to hear of any more
// What is given changes. A mode that outlives its client makes the lifetime until_freed,
// unique_sticky makes the copies one, a lease makes the lifetime that lease. Refused: no copies or
// clusters, or several of a unique_sticky datum.
struct ChangeDatum {
    DataId id;
    std::optional<std::string> name = {};
    std::optional<std::uint16_t> copies = {};
    std::optional<Persistence> persistence = {};
    std::optional<std::uint16_t> clusters = {};
    std::optional<std::uint64_t> lease_ms = {};
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
                             ForgetDatum, ChangeDatum, ForgetName, EndClient, Evict, Reinstate>;

// What a command did. A repeat of what is so already is accepted, and installs nothing.
struct Applied {
    bool accepted = false;  // false: its condition did not hold; nothing changed
    // Groups whose view, or its activation, is new: to be pushed to `concerned`, which are those
    // named in the views and those named until now.
    std::vector<GroupId> views;
    // Of each of `views`: who has to hear of it at once; of an activation, those who are out now.
    std::vector<std::vector<Member>> recipients;
    std::vector<ProviderId> concerned;  // each once, in order
    std::vector<GroupId> stuck;         // nobody is left who could go on
};

// -- state
// ------------------------------------------------------------------------------------------------

struct GroupRecord {
    View view;
    std::vector<Member> holders;     // each surely holds everything acknowledged
    std::vector<Incarnation> bases;  // of each holder: the incarnation that became one (M10)

    bool names(ProviderId provider) const;  // as member, joiner or holder
    friend bool operator==(const GroupRecord&, const GroupRecord&) = default;
};

struct DatumRecord {
    DataSpec spec;
    std::uint64_t bytes = 0;
    RequestId request;
    std::vector<GroupRecord> blocks;
    bool lost = false;
    bool freed = false;
    std::uint64_t block_bytes(BlockNumber block) const;
    friend bool operator==(const DatumRecord&, const DatumRecord&) = default;
};

struct ProviderRecord {
    ProviderContact contact;  // of the newest incarnation
    std::uint64_t capacity_bytes = 0;
    std::uint64_t disk_bytes = 0;
    Incarnation dead_up_to = 0;
    bool draining = false;
    friend bool operator==(const ProviderRecord&, const ProviderRecord&) = default;
};

// A record as it is now: a copy, for the directory keeps it packed. What would leave a reference
// into a copy that is gone does not compile.
template <class Record>
class Found {
public:
    Found() = default;
    explicit Found(Record record) : record_(std::move(record)) {}

    explicit operator bool() const { return record_.has_value(); }
    const Record& operator*() const& { return *record_; }
    Record operator*() && { return std::move(*record_); }
    const Record* operator->() const& { return &*record_; }
    const Record* operator->() && = delete;

private:
    std::optional<Record> record_;
};

class Directory {
    struct Stored {
        Packed head;  // all but the blocks
        std::vector<Packed> blocks;
        bool lost = false;
        bool freed = false;
        bool durable = false;
        friend bool operator==(const Stored&, const Stored&) = default;
    };
    using Store = std::unordered_map<DataId, Stored>;

public:
    using Providers = std::unordered_map<ProviderId, ProviderRecord>;

    // The data by id, each as a pair (id, record) made when it is looked at.
    class Data {
    public:
        class Iterator {
        public:
            using value_type = std::pair<DataId, DatumRecord>;
            using difference_type = std::ptrdiff_t;
            Iterator(const Store& store, std::set<DataId>::const_iterator at)
                : store_(&store), at_(at) {}
            const DataId& id() const { return *at_; }
            bool is_freed() const { return store_->at(*at_).freed; }
            value_type operator*() const { return {*at_, unpack(store_->at(*at_))}; }
            Iterator& operator++() {
                ++at_;
                return *this;
            }
            friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

        private:
            const Store* store_;
            std::set<DataId>::const_iterator at_;
        };

        Data(const Store& store, const std::set<DataId>& ids) : store_(store), ids_(ids) {}
        Iterator begin() const { return {store_, ids_.begin()}; }
        Iterator end() const { return {store_, ids_.end()}; }
        Iterator after(const DataId& id) const { return {store_, ids_.upper_bound(id)}; }
        std::size_t size() const { return ids_.size(); }
        bool empty() const { return ids_.empty(); }

    private:
        const Store& store_;
        const std::set<DataId>& ids_;
    };

    Applied apply(const Command& command);

    const Providers& providers() const { return providers_; }
    Data data() const { return Data(data_, ids_); }
    Found<DatumRecord> find(const DataId& id) const;
    Found<DatumRecord> find_head(const DataId& id) const;  // without its blocks
    Found<GroupRecord> find(const GroupId& group) const;
    bool is_freed(const DataId& id) const;  // known, and freed
    bool is_lost(const DataId& id) const;
    std::size_t block_count(const DataId& id) const;  // 0: unknown
    std::optional<DataId> named(const std::string& name) const;
    // The datum that this request allocated.
    std::optional<DataId> allocated_by(const RequestId& request) const;

    // Data that are not freed and end with this client; the clients that have such data; data that
    // live by a lease; freed data that are not forgotten.
    std::vector<DataId> data_of(ClientId client) const;
    std::vector<ClientId> clients() const;
    const std::set<DataId>& leased() const { return leased_; }
    const std::set<DataId>& freed() const { return freed_; }

    // The groups, neither lost nor freed, that name the provider, in order; and how many.
    std::vector<GroupId> groups_of(ProviderId provider) const;
    std::size_t group_count_of(ProviderId provider) const;

    const std::set<ProviderId>& providers_at(const std::string& host) const;
    bool is_dead(const Member& member) const;
    bool is_registered(const Member& member) const;  // as its newest incarnation; may be dead

    // The whole as bytes, and back. Throws Error internal if they are no directory.
    std::string snapshot() const;
    static Directory restored(std::string_view snapshot);

    // Equal states compare equal.
    friend bool operator==(const Directory& a, const Directory& b) {
        return a.providers_ == b.providers_ && a.data_ == b.data_ && a.names_ == b.names_ &&
               a.requests_ == b.requests_ && a.leased_ == b.leased_ && a.freed_ == b.freed_;
    }

private:
    // The groups that name a provider: those that count, and some that did until a while ago.
    struct Named {
        std::vector<GroupId> groups;
        std::size_t count = 0;
    };

    static Applied refused();
    static Applied accepted();  // and so far nothing installed
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
    Applied act(const Evict& command);
    Applied act(const Reinstate& command);

    static DatumRecord unpack(const Stored& stored);
    static DatumRecord unpack_head(const Stored& stored);
    static GroupRecord unpack_group(const Stored& stored, BlockNumber block);
    static void pack_head(Stored& stored, const DatumRecord& record);
    static void pack_group(Stored& stored, BlockNumber block, const GroupRecord& record);

    void adopt(const DataId& id, Stored stored);  // from a snapshot
    Stored* open_datum(const DataId& id);
    Stored* open_group(const GroupId& group);
    // Replaces `old` by `record` with `next` as its view, and tells whom it concerns. `may_go_on`:
    // its tenure goes on if the rest allows it (P5).
    void install(const GroupId& group, Stored& stored, const GroupRecord& old, GroupRecord record,
                 View next, bool may_go_on, Applied& applied);
    bool goes_on(const GroupRecord& old, const View& next, bool durable) const;
    bool is_closed(const GroupRecord& record, bool durable) const;
    void shrink_views(ProviderId provider, const Member* silent, Applied& applied);
    void shrink_view(const GroupId& group, const Member* silent, Applied& applied);
    std::vector<Member> the_living(const std::vector<Member>& members) const;
    void free_blocks(const DataId& id, Applied& applied);
    bool is_gone(const GroupRecord& group, bool durable,
                 const std::vector<Member>& without_disk) const;
    void take_name(const DataId& id, DatumRecord& head, const std::string& name);
    void drop_name(DatumRecord& head);
    bool can_be_member(const std::vector<Member>& members) const;
    void index_spec(const DataId& id, const DataSpec& spec, bool there);
    // Keeps the index of who is named: `group` names `before` no more, but `after`.
    void index_names(const GroupId& group, const std::vector<ProviderId>& before,
                     const std::vector<ProviderId>& after);
    void clean(ProviderId provider, Named& named) const;
    bool is_named(const GroupId& group, ProviderId provider) const;

    Providers providers_;
    Store data_;
    std::unordered_map<std::string, DataId> names_;
    std::unordered_map<RequestId, DataId> requests_;
    // All below follows from the above.
    std::set<DataId> ids_;
    std::unordered_map<ClientId, std::set<DataId>> clients_;
    std::set<DataId> leased_;
    std::set<DataId> freed_;
    std::map<ProviderId, Named> named_;
    std::map<std::string, std::set<ProviderId>> hosts_;
};

}  // namespace juxta::data
