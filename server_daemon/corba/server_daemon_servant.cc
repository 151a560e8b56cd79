#include "server_daemon/corba/server_daemon_servant.h"

#include <algorithm>

#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"

namespace juxta::sed {
namespace {

// No invocation holds its thread for longer, whatever its caller asks for.
constexpr CORBA::ULong kLongestWait_ms = 20'000;

}  // namespace

Wire::CallResult* ServerDaemonServant::submit(CORBA::ULongLong incarnation,
                                              const Wire::CallOrder& order, CORBA::ULong wait_ms) {
    return orb::answer([&] {
        if (incarnation != incarnation_) {
            throw Error(ErrorCode::stale_version,
                        "the server daemon is at incarnation " + std::to_string(incarnation_) +
                            ", the call was placed at " + std::to_string(incarnation) +
                            ": schedule it again");
        }
        return new Wire::CallResult(
            orb::to_wire(sed_.submit(orb::from_wire(order), std::min(wait_ms, kLongestWait_ms))));
    });
}

Wire::CallResults* ServerDaemonServant::wait(const Wire::RequestIds& ids, CORBA::ULong wait_ms) {
    return over(ids, wait_ms, false);
}

Wire::CallResults* ServerDaemonServant::watch(const Wire::RequestIds& ids, CORBA::ULong wait_ms) {
    return over(ids, wait_ms, true);
}

Wire::CallResults* ServerDaemonServant::over(const Wire::RequestIds& ids, CORBA::ULong wait_ms,
                                             bool looking_on) {
    return orb::answer([&] {
        const auto wanted =
            orb::collect(ids, [](const Wire::RequestId& id) { return orb::from_wire(id); });
        const auto over = sed_.wait(wanted, std::min(wait_ms, kLongestWait_ms), looking_on);
        auto results = std::make_unique<Wire::CallResults>();
        orb::fill(*results, over, [](const CallResult& result) { return orb::to_wire(result); });
        return results.release();
    });
}

void ServerDaemonServant::cancel(const Wire::RequestId& id) {
    orb::answer([&] { sed_.cancel(orb::from_wire(id)); });
}

CORBA::Boolean ServerDaemonServant::knows(const Wire::RequestId& id) {
    return orb::answer([&] { return sed_.knows(orb::from_wire(id)); });
}

Wire::CallReport* ServerDaemonServant::report(const Wire::RequestId& id) {
    return orb::answer(
        [&] { return new Wire::CallReport(orb::to_wire(sed_.report(orb::from_wire(id)))); });
}

Wire::EstimationVector* ServerDaemonServant::estimate(const Wire::ScheduleRequest& request) {
    return orb::answer([&] {
        return new Wire::EstimationVector(orb::to_wire(sed_.estimate(orb::from_wire(request))));
    });
}

}  // namespace juxta::sed
