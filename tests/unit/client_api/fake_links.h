// A scheduling tree and SeDs that do what a test says.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client_api/core/links.h"
#include "common/base/error.h"
#include "common/base/guarded.h"

namespace juxta::client {

inline Candidate candidate(const std::string& name, Incarnation incarnation = 1) {
    Candidate made;
    made.sed = {name, name + ":1", incarnation, {"host-" + name, "c1"}};
    return made;
}

inline CallResult result_of(const RequestId& id, CallState state, const std::string& sed = "s1") {
    CallResult result;
    result.id = id;
    result.state = state;
    result.sed = sed;
    if (state == CallState::failed) result.error = ErrorCode::service_failed;
    if (state == CallState::cancelled) result.error = ErrorCode::cancelled;
    return result;
}

// Names its SeDs in order, without the excluded ones.
class FakeAgent final : public AgentLink {
public:
    struct State {
        std::vector<Candidate> seds{candidate("s1"), candidate("s2")};
        std::deque<ErrorCode> failures;  // the next answers, before any success
        bool down = false;
        std::vector<ScheduleRequest> requests;
        std::map<std::string, Profile> profiles;
        unsigned profile_questions = 0;
        std::optional<SedContact> knows_request;
        std::set<RequestId> detached, cancelled;
        std::optional<CallResult> detached_result;
        std::map<std::string, PendingOutput> pending;  // by the name of the datum
    };

    std::vector<Candidate> schedule(const ScheduleRequest& request) override {
        return state.with([&](State& now) {
            now.requests.push_back(request);
            if (now.requests.size() > 1000) now.requests.erase(now.requests.begin());
            if (now.down) throw Error(ErrorCode::peer_unreachable, "refused");
            if (!now.failures.empty()) {
                const ErrorCode code = now.failures.front();
                now.failures.pop_front();
                throw Error(code, "as the test wants");
            }
            std::vector<Candidate> found;
            for (const Candidate& each : now.seds) {
                const bool excluded = std::find(request.excluded.begin(), request.excluded.end(),
                                                each.sed.name) != request.excluded.end();
                const bool wanted = request.server.empty() || request.server == each.sed.name;
                if (!excluded && wanted) found.push_back(each);
            }
            if (found.empty()) throw Error(ErrorCode::no_server, "no server is left");
            return found;
        });
    }
    std::vector<Profile> services() override { return {}; }
    Profile profile_of(const std::string& service) override {
        return state.with([&](State& now) {
            ++now.profile_questions;
            const auto found = now.profiles.find(service);
            if (found == now.profiles.end())
                throw Error(ErrorCode::not_found, "no service '" + service + "'");
            return found->second;
        });
    }
    std::optional<SedContact> find_request(const RequestId&) override {
        return state.with([](State& now) { return now.knows_request; });
    }
    void detach(const ScheduleRequest& request, const CallOrder&, Retry) override {
        state.with([&](State& now) {
            now.requests.push_back(request);
            now.detached.insert(request.id);
        });
    }
    std::optional<CallResult> wait_detached(const RequestId& id, unsigned) override {
        return state.with([&](State& now) -> std::optional<CallResult> {
            if (now.down) throw Error::never_sent("refused");
            if (!now.detached.contains(id)) throw Error(ErrorCode::not_found, "unknown request");
            return now.detached_result;
        });
    }
    std::vector<PendingOutput> pending(const std::vector<std::string>& names) override {
        return state.with([&](State& now) {
            std::vector<PendingOutput> found;
            for (const std::string& name : names) found.push_back(now.pending[name]);
            return found;
        });
    }
    void cancel_detached(const RequestId& id) override {
        state.with([&](State& now) {
            if (!now.detached.contains(id)) throw Error(ErrorCode::not_found, "unknown request");
            now.cancelled.insert(id);
        });
    }
    Decision explain(const RequestId& id) override {
        return state.with([&](State& now) {
            return Decision{id, "m/service", "data_locality", 1, 0, now.seds, {}};
        });
    }
    PolicyStatus policy() override { return {}; }
    PolicyStatus use_policy(const std::string&) override { return {}; }
    PolicyStatus load_policy(const std::string&, const std::vector<std::byte>&) override {
        return {};
    }

    Guarded<State> state;
};

// Runs calls: each ends at once, or when the test ends it. A SeD can refuse, die, fall silent.
class FakeSeds final : public SedLink {
public:
    struct Sed {
        bool dead = false;
        bool silent = false;
        bool ends_at_once = true;
        std::deque<ErrorCode> refusals;  // of the next submissions
        bool dead_after_refusals = false;
        std::map<RequestId, CallResult> calls;
        unsigned runs = 0;
        std::vector<RequestId> cancelled;
        CallOrder last_order;
        std::optional<Error> dies_with;  // once a submission was accepted
    };
    using State = std::map<std::string, Sed>;

    CallResult submit(const SedContact& sed, const CallOrder& order, unsigned) override {
        return state.change([&](State& seds) {
            Sed& at = answering(seds, sed);
            if (!at.refusals.empty()) {
                const ErrorCode code = at.refusals.front();
                at.refusals.pop_front();
                at.dead = at.dead_after_refusals && at.refusals.empty();
                throw Error(code, "as the test wants");
            }
            const auto known = at.calls.find(order.id);
            if (known != at.calls.end()) return known->second;
            ++at.runs;
            at.last_order = order;
            CallResult result = result_of(
                order.id, at.ends_at_once ? CallState::done : CallState::running, sed.name);
            if (!at.ends_at_once) at.calls[order.id] = result;
            return result;
        });
    }
    std::vector<CallResult> wait(const SedContact& sed, const std::vector<RequestId>& ids,
                                 unsigned wait_ms) override {
        std::vector<CallResult> ended;
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
        state.wait_until(until, [&](State& seds) {
            Sed& at = answering(seds, sed);
            for (const RequestId& id : ids) {
                const auto call = at.calls.find(id);
                if (call == at.calls.end()) throw Error(ErrorCode::not_found, "unknown request");
                if (call->second.finished()) ended.push_back(call->second);
            }
            return !ended.empty();
        });
        return ended;
    }
    void cancel(const SedContact& sed, const RequestId& id) override {
        state.change([&](State& seds) {
            Sed& at = answering(seds, sed);
            at.cancelled.push_back(id);
            const auto call = at.calls.find(id);
            if (call != at.calls.end() && !call->second.finished()) {
                call->second = result_of(id, CallState::cancelled, sed.name);
            }
        });
    }
    bool knows(const SedContact& sed, const RequestId& id) override {
        return state.with([&](State& seds) { return answering(seds, sed).calls.contains(id); });
    }

    CallReport report(const SedContact& sed, const RequestId& id) override {
        return state.with([&](State& seds) {
            return CallReport{id, answering(seds, sed).calls.at(id).state, "", 0, 0, 0};
        });
    }

    // For tests.
    template <class Body>
    void at(const std::string& name, Body&& body) {
        state.change([&](State& seds) { body(seds[name]); });
    }
    unsigned runs(const std::string& name) {
        return state.with([&](State& seds) { return seds[name].runs; });
    }
    bool wait_for_run(const std::string& name, unsigned runs = 1) {
        return state.wait_until(std::chrono::steady_clock::now() + std::chrono::seconds(10),
                                [&](State& seds) { return seds[name].runs >= runs; });
    }
    void end_all(const std::string& name, CallState how = CallState::done) {
        at(name, [&](Sed& sed) {
            for (auto& [id, call] : sed.calls) {
                if (!call.finished()) call = result_of(id, how, name);
            }
        });
    }

    Guarded<State> state;

private:
    static Sed& answering(State& seds, const SedContact& sed) {
        Sed& at = seds[sed.name];
        if (at.dead) throw Error::never_sent(sed.name + " refused the connection");
        if (at.silent) throw Error(ErrorCode::deadline_exceeded, sed.name + " did not answer");
        return at;
    }
};

}  // namespace juxta::client
