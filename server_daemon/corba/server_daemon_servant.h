// ServerDaemon over CORBA (idl/server_daemon.idl): translates, and checks the incarnation.
#pragma once

#include "server_daemon.hh"
#include "server_daemon/core/sed.h"

namespace juxta::sed {

class ServerDaemonServant final : public POA_Wire::ServerDaemon {
public:
    // `sed` must outlive the servant's activation.
    ServerDaemonServant(Sed& sed, Incarnation incarnation) : sed_(sed), incarnation_(incarnation) {}

    Wire::CallResult* submit(CORBA::ULongLong incarnation, const Wire::CallOrder& order,
                             CORBA::ULong wait_ms) override;
    Wire::CallResults* wait(const Wire::RequestIds& ids, CORBA::ULong wait_ms) override;
    Wire::CallResults* watch(const Wire::RequestIds& ids, CORBA::ULong wait_ms) override;
    void cancel(const Wire::RequestId& id) override;
    CORBA::Boolean knows(const Wire::RequestId& id) override;
    Wire::CallReport* report(const Wire::RequestId& id) override;
    Wire::EstimationVector* estimate(const Wire::ScheduleRequest& request) override;

private:
    Wire::CallResults* over(const Wire::RequestIds& ids, CORBA::ULong wait_ms, bool looking_on);

    Sed& sed_;
    Incarnation incarnation_;
};

}  // namespace juxta::sed
