// Calls go where their data are, unless everybody there is busy; among equals to the faster host.
#include <juxta/policy.h>

using namespace juxta::policy;

extern "C" JUXTA_EXPORT void juxta_policy(Registry& registry) {
    registry.score([](const Request&, const Candidate& each) {
        const bool busy = each.running >= each.slots || each.queued > 0;
        const double wait = busy ? each.backlog_s / each.slots : 0;
        // A module may report what no host tells (metric "penalty", see README.md).
        const double penalty = each.metric("penalty");
        const double speed = each.speed > 0 ? each.speed : 1;
        return each.transfer_s + wait + each.expected_run_s + penalty + 1e-6 / speed;
    });
}
