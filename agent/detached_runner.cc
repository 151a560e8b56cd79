#include "agent/detached_runner.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "common/log/log.h"

namespace juxta::agent {
namespace {

constexpr unsigned kFind_ms = 1000;
constexpr unsigned kLongestWait_ms = 20'000;

}  // namespace

// A SeD that has the call answers a repeated submission with its state: named alone, it goes on.
std::vector<Candidate> DetachedRunner::Placing::schedule(const ScheduleRequest& request) {
    const auto before = taken_up_.with([&](const auto& all) -> std::optional<Retry> {
        const auto known = all.find(request.id);
        return known == all.end() ? std::nullopt : std::optional(known->second);
    });
    if (!before) return master_.schedule(request);
    std::this_thread::sleep_until(joined_);
    const auto sed = agent_.find_request(request.id, kFind_ms);
    taken_up_.with([&](auto& all) { all.erase(request.id); });
    if (sed) return {{*sed, {}}};
    if (*before == Retry::never) {
        throw Error(ErrorCode::service_failed,
                    to_string(request.id) + " of " + request.service +
                        ": its server was lost while the master agent was down; it may have run, "
                        "and is not run again because the service says retry=never");
    }
    return master_.schedule(request);
}

void DetachedRunner::Placing::taken_up(const DetachedCall& call) {
    taken_up_.with([&](auto& all) { all[call.order.id] = call.retry; });
}

CallResult DetachedRunner::Seds::submit(const SedContact& sed, const CallOrder& order,
                                        unsigned wait_ms) {
    return stubs_.submit(sed, order, wait_ms);
}
// The result stays at the SeD, for the case that this agent dies before anybody has asked for it.
std::vector<CallResult> DetachedRunner::Seds::wait(const SedContact& sed,
                                                   const std::vector<RequestId>& ids,
                                                   unsigned wait_ms) {
    return stubs_.watch(sed, ids, wait_ms);
}
void DetachedRunner::Seds::cancel(const SedContact& sed, const RequestId& id) {
    stubs_.cancel(sed, id);
}
bool DetachedRunner::Seds::knows(const SedContact& sed, const RequestId& id) {
    return stubs_.knows(sed, id);
}
CallReport DetachedRunner::Seds::report(const SedContact& sed, const RequestId& id) {
    return stubs_.report(sed, id);
}

DetachedRunner::DetachedRunner(orb::Node& node, Agent& agent, Master& master,
                               const std::filesystem::path& folder)
    : agent_(agent), master_(master), book_(folder), placing_(agent, master), seds_(node) {
    client::RunnerSettings settings;
    settings.elsewhere = [this](const RequestId& id) { return ended_elsewhere(id); };
    runner_.with([&](Runner& runner) {
        runner = std::make_shared<client::CallRunner>(placing_, seds_, settings);
    });
    for (const DetachedCall& call : book_.read()) {
        log::info("{} of {} is taken up again", to_string(call.order.id), call.order.service);
        placing_.taken_up(call);
        running_.with([&](auto& all) { all.insert(call.order.id); });
        run(call);
    }
}

void DetachedRunner::end(bool keep_book) {
    stopping_.with([](bool& stopping) { stopping = true; });
    if (!keep_book) {
        for (const RequestId& id : running_.with([](const auto& all) { return all; })) {
            book_.forget(id);
        }
    }
    runner_.with([](Runner& runner) { return std::exchange(runner, nullptr); });
}

DetachedRunner::Runner DetachedRunner::runner() const {
    Runner runner = runner_.with([](const Runner& known) { return known; });
    if (!runner) throw Error(ErrorCode::cancelled, "the master agent is ending");
    return runner;
}

void DetachedRunner::start(const ScheduleRequest& request, const CallOrder& order, Retry retry) {
    const bool is_new = running_.with([&](auto& all) { return all.insert(order.id).second; });
    if (!is_new || runner()->find(order.id)) return;
    const DetachedCall call{request, order, retry};
    try {
        book_.keep(call);
    } catch (...) {
        running_.with([&](auto& all) { all.erase(order.id); });
        throw;
    }
    note_names(call);
    run(call);
}

// A producer that ended in this agent's life before, or a client's: its SeD tells.
std::optional<CallResult> DetachedRunner::ended_elsewhere(const RequestId& id) {
    const auto sed = agent_.find_request(id, kFind_ms);
    if (!sed) throw Error(ErrorCode::not_found, "no server knows " + to_string(id));
    return seds_.look(*sed, id);
}

std::optional<CallResult> DetachedRunner::Seds::look(const SedContact& sed, const RequestId& id) {
    for (CallResult& result : stubs_.watch(sed, {id}, 0)) {
        if (result.finished()) return std::move(result);
    }
    return std::nullopt;
}

void DetachedRunner::note_names(const DetachedCall& call) {
    Profile profile;
    try {
        profile = master_.profile_of(call.order.service);
    } catch (const Error&) {
        return;  // its servers have just gone: the call says so
    }
    const auto& arguments = call.order.arguments;
    for (std::size_t i = 0; i < std::min(arguments.size(), profile.arguments.size()); ++i) {
        const auto* wanted = std::get_if<WantedOutput>(&arguments[i]);
        if (wanted == nullptr || wanted->spec.name.empty()) continue;
        names_.with([&](auto& names) {
            names[wanted->spec.name] = {call.order.id, profile.arguments[i].name, {}};
        });
    }
}

PendingOutput DetachedRunner::producer_of(const std::string& name) {
    return names_.with([&](const auto& names) {
        const auto known = names.find(name);
        return known == names.end() ? PendingOutput{} : known->second;
    });
}

std::string DetachedRunner::why_not_placed(const RequestId& id) {
    const Runner running = runner();
    find(*running, id);
    const auto awaited = running->awaited(id);
    if (!awaited) return "it is about to be placed, or nobody can take it now";
    return "waits for output " + awaited->output + " of " + to_string(awaited->producer);
}

void DetachedRunner::run(const DetachedCall& call) {
    client::NewCall started;
    started.request = call.request;
    started.order = call.order;
    started.order.keep_result = true;
    started.retry = call.retry;
    started.detached = true;
    started.in_background = true;
    started.complete = [this, id = call.order.id](CallResult&) {
        if (stopping_.with([](bool stopping) { return stopping; })) return;
        book_.forget(id);
        running_.with([&](auto& all) { all.erase(id); });
        names_.with([&](auto& names) {
            std::erase_if(names, [&](const auto& each) { return each.second.producer == id; });
        });
    };
    runner()->start(std::move(started));
}

std::shared_ptr<client::Call> DetachedRunner::find(client::CallRunner& runner,
                                                   const RequestId& id) {
    if (auto call = runner.find(id)) return call;
    throw Error(ErrorCode::not_found, to_string(id) + " is no detached call of this platform");
}

std::optional<CallResult> DetachedRunner::wait(const RequestId& id, unsigned wait_ms) {
    const Runner running = runner();
    const auto until = client::CallRunner::Clock::now() +
                       std::chrono::milliseconds(std::min(wait_ms, kLongestWait_ms));
    return running->wait(find(*running, id), until);
}

void DetachedRunner::cancel(const RequestId& id) {
    const Runner running = runner();
    running->cancel(find(*running, id));
}

}  // namespace juxta::agent
