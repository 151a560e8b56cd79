#include "agent/core/master.h"

namespace juxta::agent {
namespace {

[[noreturn]] void refuse(const ScheduleRequest& request, const Collection& collection) {
    if (!request.server.empty() && collection.refusals.empty()) {
        throw Error(ErrorCode::not_found, "no SeD '" + request.server + "' offers " +
                                              request.service +
                                              "; 'juxta status' lists the SeDs by name");
    }
    std::string reasons;
    for (const std::string& refusal : collection.refusals) {
        reasons += (reasons.empty() ? " (" : "; ") + refusal;
    }
    throw Error(ErrorCode::no_server, "no server can take a call of " + request.service + " now" +
                                          (reasons.empty() ? "" : reasons + ")") +
                                          "; nothing was started: try again later");
}

}  // namespace

Master::Master(Agent& agent, DataLocator& locator, PlatformInfo platform, MasterSettings settings)
    : agent_(agent),
      locator_(locator),
      platform_(std::move(platform)),
      settings_(settings),
      gathered_(std::chrono::steady_clock::now() +
                std::chrono::milliseconds(settings.gathering_ms)),
      decisions_(settings.decisions, settings.limit) {}

std::vector<Candidate> Master::schedule(ScheduleRequest request) {
    // One name from here on, whatever else the agents below know.
    request.service = profile_of(request.service).full_name();
    request.locations = locator_.locate(request.data, settings_.locate_ms);
    Collection collection = agent_.collect(request, settings_.limit, settings_.collect_ms);
    if (collection.candidates.empty()) refuse(request, collection);
    decisions_.with([&](Decisions& decisions) {
        decisions.note(
            {request.id, request.service, collection.policy, 1, 0, collection.candidates, {}},
            monotonic_now());
    });
    return std::move(collection.candidates);
}

Decision Master::explain(const RequestId& id) const {
    return decisions_.with(
        [&](const Decisions& decisions) { return decisions.find(id, monotonic_now()); });
}

}  // namespace juxta::agent
