#include "data_service/consensus/raft_log.h"

#include "data_service/consensus/raft_core.h"

namespace juxta::data {

RaftLog::RaftLog(RaftLogSettings settings, PeerTransport& peers)
    : core_(std::make_unique<Core>(std::move(settings), peers)) {}

RaftLog::~RaftLog() = default;

void RaftLog::start(Machine& machine) { core_->start(machine); }

void RaftLog::stop() { core_->stop(); }

void RaftLog::propose(std::string entry, std::chrono::steady_clock::time_point deadline) {
    core_->propose(std::move(entry), deadline);
}

ReplicatedLog::Role RaftLog::role() const { return core_->role(); }

void RaftLog::receive(std::string_view message) { core_->receive(message); }

}  // namespace juxta::data
