// libraft's messages as parcels, and back.
//
// Threading: none of its own.
#pragma once

#include <map>
#include <string>

#include "data_service/consensus/libraft.h"
#include "data_service/consensus/parcel.h"
#include "data_service/consensus/peer_sender.h"

namespace juxta::data {

using ReplicaNames = std::map<raft_id, std::string>;

// Copies the bytes of entries; a snapshot's bytes are only referred to.
OutgoingParcel to_parcel(const raft_message& message);

inline bool is_bulk(const raft_message& message) { return message.type == RAFT_INSTALL_SNAPSHOT; }

// A message from `sender`, one of `replicas`; what it holds is released with it unless it was
// handed to libraft.
class ReceivedMessage {
public:
    // Throws Error for a parcel that is no message of this group's.
    ReceivedMessage(raft_id sender, const ReplicaNames& replicas, Parcel parcel);
    ~ReceivedMessage();
    ReceivedMessage(const ReceivedMessage&) = delete;
    ReceivedMessage& operator=(const ReceivedMessage&) = delete;

    const raft_message& get() const { return message_; }

    // For libraft, which takes over what it holds.
    raft_message* hand_over() {
        handed_over_ = true;
        return &message_;
    }

private:
    void read_entries(auto& head, RawBytes& body);
    void read_snapshot(auto& head, RawBytes& body, const ReplicaNames& replicas);
    void release();

    raft_message message_{};
    std::string sender_name_;
    bool handed_over_ = false;
};

}  // namespace juxta::data
