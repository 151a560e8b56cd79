#include "data_service/consensus/raft_messages.h"

#include <cstring>
#include <memory>

#include "common/base/error.h"
#include "data_service/protocol/archive.h"

namespace juxta::data {
namespace {

constexpr unsigned kMostEntries = 2000;

// The same for reading and writing; of entries and snapshots only what is fixed.
template <class Archive>
void plain_fields(Archive& a, auto& m) {
    using archive::all;
    switch (m.type) {
        case RAFT_APPEND_ENTRIES: {
            auto& v = m.append_entries;
            all(a, v.version, v.term, v.prev_log_index, v.prev_log_term, v.leader_commit,
                v.n_entries);
            break;
        }
        case RAFT_APPEND_ENTRIES_RESULT: {
            auto& v = m.append_entries_result;
            all(a, v.version, v.term, v.rejected, v.last_log_index, v.features, v.capacity);
            break;
        }
        case RAFT_REQUEST_VOTE: {
            auto& v = m.request_vote;
            all(a, v.version, v.term, v.candidate_id, v.last_log_index, v.last_log_term,
                v.disrupt_leader, v.pre_vote);
            break;
        }
        case RAFT_REQUEST_VOTE_RESULT: {
            auto& v = m.request_vote_result;
            all(a, v.version, v.term, v.vote_granted, v.pre_vote, v.features, v.capacity);
            break;
        }
        case RAFT_INSTALL_SNAPSHOT: {
            auto& v = m.install_snapshot;
            all(a, v.version, v.term, v.last_index, v.last_term, v.conf_index, v.conf.n);
            break;
        }
        case RAFT_TIMEOUT_NOW: {
            auto& v = m.timeout_now;
            all(a, v.version, v.term, v.last_log_index, v.last_log_term);
            break;
        }
    }
}

void check(bool holds) {
    if (holds) return;
    throw Error(ErrorCode::invalid_argument,
                "a message between managers makes no sense; all must be of one version");
}

std::string_view view_of(const raft_buffer& buffer) {
    return {static_cast<const char*>(buffer.base), buffer.len};
}

}  // namespace

OutgoingParcel to_parcel(const raft_message& message) {
    OutgoingParcel parcel;
    archive::Writer head(parcel.head);
    head(static_cast<std::uint8_t>(message.type));
    plain_fields(head, message);
    if (message.type == RAFT_APPEND_ENTRIES) {
        const raft_append_entries& append = message.append_entries;
        auto body = std::make_shared<std::string>();
        for (unsigned i = 0; i < append.n_entries; ++i) {
            const raft_entry& entry = append.entries[i];
            head(entry.term);
            head(static_cast<std::uint8_t>(entry.type));
            head(static_cast<std::uint64_t>(entry.buf.len));
            *body += view_of(entry.buf);
        }
        parcel.body = *body;
        parcel.keeps = std::move(body);
    } else if (message.type == RAFT_INSTALL_SNAPSHOT) {
        const raft_install_snapshot& install = message.install_snapshot;
        for (unsigned i = 0; i < install.conf.n; ++i) {
            head(install.conf.servers[i].id);
            head(install.conf.servers[i].role);
        }
        parcel.body = view_of(install.data);
    }
    return parcel;
}

ReceivedMessage::ReceivedMessage(raft_id sender, const ReplicaNames& replicas, Parcel parcel) {
    sender_name_ = replicas.at(sender);
    message_.server_id = sender;
    message_.server_address = sender_name_.c_str();
    try {
        archive::Reader head(parcel.head);
        std::uint8_t type = 0;
        head(type);
        check(type >= RAFT_APPEND_ENTRIES && type <= RAFT_TIMEOUT_NOW);
        message_.type = static_cast<raft_message_type>(type);
        plain_fields(head, message_);
        if (message_.type == RAFT_APPEND_ENTRIES) {
            read_entries(head, parcel.body);
        } else if (message_.type == RAFT_INSTALL_SNAPSHOT) {
            read_snapshot(head, parcel.body, replicas);
        } else {
            check(parcel.body.size() == 0);
        }
        head.finish();
    } catch (const Error&) {
        release();
        check(false);
    }
}

ReceivedMessage::~ReceivedMessage() {
    if (!handed_over_) release();
}

void ReceivedMessage::release() {
    if (message_.type == RAFT_APPEND_ENTRIES && message_.append_entries.entries != nullptr) {
        raft_free(message_.append_entries.entries[0].batch);
        raft_free(message_.append_entries.entries);
    } else if (message_.type == RAFT_INSTALL_SNAPSHOT) {
        raft_configuration_close(&message_.install_snapshot.conf);
        raft_free(message_.install_snapshot.data.base);
    }
}

// All entries share the memory of the body.
void ReceivedMessage::read_entries(auto& head, RawBytes& body) {
    raft_append_entries& append = message_.append_entries;
    const unsigned count = append.n_entries;
    append.entries = nullptr;
    check(count <= kMostEntries);
    if (count == 0) return check(body.size() == 0);
    struct Released {
        void operator()(raft_entry* entries) const { raft_free(entries); }
    };
    std::unique_ptr<raft_entry, Released> entries(
        static_cast<raft_entry*>(raft_calloc(count, sizeof(raft_entry))));
    ensure(entries != nullptr, "there is memory for a message");
    std::size_t offset = 0;
    for (unsigned i = 0; i < count; ++i) {
        raft_entry& entry = entries.get()[i];
        std::uint8_t type = 0;
        std::uint64_t bytes = 0;
        head(entry.term);
        head(type);
        head(bytes);
        check(type >= RAFT_COMMAND && type <= RAFT_CHANGE);
        check(bytes > 0 && bytes % 8 == 0 && bytes <= body.size() - offset);
        entry.type = static_cast<raft_entry_type>(type);
        entry.buf = {body.data() + offset, bytes};
        entry.batch = body.data();
        offset += bytes;
    }
    check(offset == body.size());
    body.release();
    append.entries = entries.release();
}

void ReceivedMessage::read_snapshot(auto& head, RawBytes& body, const ReplicaNames& replicas) {
    raft_install_snapshot& install = message_.install_snapshot;
    const unsigned count = install.conf.n;
    raft_configuration_init(&install.conf);
    install.data = {};
    check(count == replicas.size());
    for (unsigned i = 0; i < count; ++i) {
        raft_id id = 0;
        int role = 0;
        head(id);
        head(role);
        check(replicas.contains(id) && role == RAFT_VOTER);
        check(raft_configuration_add(&install.conf, id, replicas.at(id).c_str(), role) == 0);
    }
    install.data.len = body.size();
    install.data.base = body.release();
}

}  // namespace juxta::data
