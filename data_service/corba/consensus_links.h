// The messages of a replicated log between processes (idl/consensus.idl): translates, decides
// nothing.
//
// Threading: any thread.
#pragma once

#include "common/orb/references.h"
#include "consensus.hh"
#include "data_service/consensus/raft_log.h"

namespace juxta::data {

class CorbaPeerTransport final : public PeerTransport {
public:
    // `node` must outlive it.
    explicit CorbaPeerTransport(orb::Node& node) : references_(node, "Consensus") {}

    void deliver(const Replica& to, std::string_view message) override;

private:
    orb::References<Wire::Consensus> references_;
};

class ConsensusServant final : public POA_Wire::Consensus {
public:
    // `log` outlives the servant's activation.
    explicit ConsensusServant(RaftLog& log) : log_(log) {}

    void deliver(const Wire::Bytes& message) override;

private:
    RaftLog& log_;
};

}  // namespace juxta::data
