#include "client_api/corba/sed_stubs.h"

#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"
#include "common/orb/references.h"
#include "server_daemon.hh"

namespace juxta::client {
namespace {

constexpr unsigned kSubmitGraceMs = 900;
constexpr unsigned kSilenceMs = 1000;

}  // namespace

struct SedStubs::References {
    explicit References(orb::Node& node) : by_address(node, "ServerDaemon") {}

    // Runs `call` on the SeD under a deadline; errors of the connection name the SeD.
    template <class Call>
    auto ask(const SedContact& sed, unsigned milliseconds, Call&& call) {
        try {
            Wire::ServerDaemon_var remote = by_address.at(sed.address);
            return orb::ask([&] {
                orb::Deadline deadline(milliseconds);
                return call(remote.in());
            });
        } catch (const Error& e) {
            if (e.code() != ErrorCode::peer_unreachable && e.code() != ErrorCode::deadline_exceeded)
                throw;
            throw e.reworded("server daemon " + sed.name + " at " + sed.address + ": " + e.what());
        }
    }

    orb::References<Wire::ServerDaemon> by_address;
};

SedStubs::SedStubs(orb::Node& node) : references_(std::make_unique<References>(node)) {}

SedStubs::~SedStubs() = default;

CallResult SedStubs::submit(const SedContact& sed, const CallOrder& order, unsigned wait_ms) {
    return references_->ask(sed, wait_ms + kSubmitGraceMs, [&](Wire::ServerDaemon_ptr remote) {
        Wire::CallResult_var result = remote->submit(sed.incarnation, orb::to_wire(order), wait_ms);
        return orb::from_wire(result.in());
    });
}

std::vector<CallResult> SedStubs::wait(const SedContact& sed, const std::vector<RequestId>& ids,
                                       unsigned wait_ms) {
    Wire::RequestIds wanted;
    orb::fill(wanted, ids, [](const RequestId& id) { return orb::to_wire(id); });
    return references_->ask(sed, wait_ms + kSilenceMs, [&](Wire::ServerDaemon_ptr remote) {
        Wire::CallResults_var results = remote->wait(wanted, wait_ms);
        return orb::collect(results.in(),
                            [](const Wire::CallResult& result) { return orb::from_wire(result); });
    });
}

std::vector<CallResult> SedStubs::watch(const SedContact& sed, const std::vector<RequestId>& ids,
                                        unsigned wait_ms) {
    Wire::RequestIds wanted;
    orb::fill(wanted, ids, [](const RequestId& id) { return orb::to_wire(id); });
    return references_->ask(sed, wait_ms + kSilenceMs, [&](Wire::ServerDaemon_ptr remote) {
        Wire::CallResults_var results = remote->watch(wanted, wait_ms);
        return orb::collect(results.in(),
                            [](const Wire::CallResult& result) { return orb::from_wire(result); });
    });
}

void SedStubs::cancel(const SedContact& sed, const RequestId& id) {
    references_->ask(sed, kSilenceMs,
                     [&](Wire::ServerDaemon_ptr remote) { remote->cancel(orb::to_wire(id)); });
}

bool SedStubs::knows(const SedContact& sed, const RequestId& id) {
    return references_->ask(sed, kSilenceMs, [&](Wire::ServerDaemon_ptr remote) -> bool {
        return remote->knows(orb::to_wire(id));
    });
}

CallReport SedStubs::report(const SedContact& sed, const RequestId& id) {
    return references_->ask(sed, kSilenceMs, [&](Wire::ServerDaemon_ptr remote) {
        Wire::CallReport_var report = remote->report(orb::to_wire(id));
        return orb::from_wire(report.in());
    });
}

}  // namespace juxta::client
