#include "client_api/grpc_sessions.h"

#include <algorithm>
#include <limits>

namespace juxta::gridrpc {
namespace {

constexpr std::size_t kKeptFailures = 10000;
constexpr std::size_t kKeptPast = 10000;
constexpr auto kCancelPatience = std::chrono::seconds(2);

grpc_error_t told_by_wait(grpc_error_t outcome) {
    if (outcome == GRPC_NO_ERROR || outcome == GRPC_COMMUNICATION_FAILED) return outcome;
    return GRPC_SESSION_FAILED;
}

}  // namespace

grpc_sessionid_t Sessions::add(std::shared_ptr<SessionCall> call, grpc_function_handle_t* handle) {
    return state_.with([&](State& state) {
        do {
            state.last =
                state.last == std::numeric_limits<grpc_sessionid_t>::max() ? 1 : state.last + 1;
        } while (state.sessions.contains(state.last));
        state.sessions[state.last] = {std::move(call), handle, handle->number, GRPC_NO_ERROR};
        return state.last;
    });
}

std::optional<std::vector<Sessions::CallPtr>> Sessions::calls_of(
    std::span<const grpc_sessionid_t> ids) const {
    return state_.with([&](const State& state) -> std::optional<std::vector<CallPtr>> {
        std::vector<CallPtr> calls;
        calls.reserve(ids.size());
        for (const grpc_sessionid_t id : ids) {
            const auto found = state.sessions.find(id);
            if (found == state.sessions.end()) return std::nullopt;
            calls.push_back(found->second.call);
        }
        return calls;
    });
}

std::vector<grpc_sessionid_t> Sessions::outstanding() const {
    return state_.with([](const State& state) {
        std::vector<grpc_sessionid_t> ids;
        for (const auto& [id, session] : state.sessions) {
            if (session.call) ids.push_back(id);
        }
        return ids;
    });
}

// Ends a finished session, if no other wait has: a success is forgotten, a failure kept. Returns
// how it ended.
grpc_error_t Sessions::tell(grpc_sessionid_t id, const CallPtr& call) {
    if (!call) return get_error(id);
    const grpc_error_t outcome = call->outcome();
    state_.with([&](State& state) {
        const auto found = state.sessions.find(id);
        if (found == state.sessions.end() || !found->second.call) return;
        if (outcome == GRPC_NO_ERROR) {
            state.past[id] = found->second.handle;
            state.past_in_order.push_back(id);
            if (state.past_in_order.size() > kKeptPast) {
                state.past.erase(state.past_in_order.front());
                state.past_in_order.pop_front();
            }
            state.sessions.erase(found);
            return;
        }
        found->second.call.reset();
        found->second.outcome = outcome;
        state.failed.push_back(id);
        state.unread.push_back(id);
        if (state.failed.size() > kKeptFailures) {
            const grpc_sessionid_t oldest = state.failed.front();
            state.failed.pop_front();
            state.sessions.erase(oldest);
            if (!state.unread.empty() && state.unread.front() == oldest) state.unread.pop_front();
        }
    });
    return outcome;
}

grpc_error_t Sessions::get_handle(grpc_function_handle_t** handle, grpc_sessionid_t id) const {
    return state_.with([&](const State& state) -> grpc_error_t {
        const auto found = state.sessions.find(id);
        if (found == state.sessions.end()) return GRPC_INVALID_SESSION_ID;
        *handle = found->second.handle;
        return GRPC_NO_ERROR;
    });
}

grpc_error_t Sessions::get_handle_of_past(grpc_function_handle_t** handle,
                                          grpc_sessionid_t id) const {
    const auto past = state_.with([&](const State& state) -> grpc_function_handle_t* {
        const auto found = state.past.find(id);
        return found == state.past.end() ? nullptr : found->second;
    });
    if (past == nullptr) return get_handle(handle, id);
    *handle = past;
    return GRPC_NO_ERROR;
}

grpc_error_t Sessions::probe(grpc_sessionid_t id) {
    const auto calls = calls_of(std::span(&id, 1));
    if (!calls) return GRPC_INVALID_SESSION_ID;
    const CallPtr& call = calls->front();
    if (call && !call->finished()) return GRPC_NOT_COMPLETED;
    if (call) call->outcome();
    return GRPC_NO_ERROR;
}

grpc_error_t Sessions::probe_or(std::span<const grpc_sessionid_t> ids, grpc_sessionid_t* found) {
    const auto calls = calls_of(ids);
    if (!calls) return GRPC_INVALID_SESSION_ID;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const CallPtr& call = (*calls)[i];
        if (call && !call->finished()) continue;
        if (call) call->outcome();
        *found = ids[i];
        return GRPC_NO_ERROR;
    }
    *found = GRPC_SESSIONID_VOID;
    return GRPC_NONE_COMPLETED;
}

grpc_error_t Sessions::cancel(grpc_sessionid_t id) {
    const auto calls = calls_of(std::span(&id, 1));
    if (!calls) return GRPC_INVALID_SESSION_ID;
    end_soon(*calls);
    return GRPC_NO_ERROR;
}

grpc_error_t Sessions::cancel_all() {
    end_soon(state_.with([](const State& state) {
        std::vector<CallPtr> calls;
        for (const auto& [id, session] : state.sessions) calls.push_back(session.call);
        return calls;
    }));
    return GRPC_NO_ERROR;
}

// All are asked first, then waited for together.
void Sessions::end_soon(const std::vector<CallPtr>& calls) {
    const auto until = std::chrono::steady_clock::now() + kCancelPatience;
    std::vector<CallPtr> running;
    for (const CallPtr& call : calls) {
        if (!call || call->finished()) continue;
        call->cancel();
        running.push_back(call);
    }
    for (const CallPtr& call : running) {
        const auto left = until - std::chrono::steady_clock::now();
        call->wait(std::max(std::chrono::ceil<std::chrono::milliseconds>(left),
                            std::chrono::milliseconds(0)));
    }
}

void Sessions::cancel_those_of(std::uint64_t handle_number) {
    const auto calls = state_.with([&](const State& state) {
        std::vector<CallPtr> found;
        for (const auto& [id, session] : state.sessions) {
            if (session.call && session.handle_number == handle_number)
                found.push_back(session.call);
        }
        return found;
    });
    end_soon(calls);
}

grpc_error_t Sessions::wait(grpc_sessionid_t id) {
    const auto calls = calls_of(std::span(&id, 1));
    if (!calls) return GRPC_INVALID_SESSION_ID;
    if (calls->front()) calls->front()->wait();
    return told_by_wait(tell(id, calls->front()));
}

grpc_error_t Sessions::wait_and(std::span<const grpc_sessionid_t> ids) {
    const auto calls = calls_of(ids);
    if (!calls) return GRPC_INVALID_SESSION_ID;
    bool failed = false;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const CallPtr& call = (*calls)[i];
        if (call) call->wait();
        if (tell(ids[i], call) != GRPC_NO_ERROR) failed = true;
    }
    return failed ? GRPC_SESSION_FAILED : GRPC_NO_ERROR;
}

grpc_error_t Sessions::wait_for_one(std::span<const grpc_sessionid_t> ids,
                                    grpc_sessionid_t* found) {
    *found = GRPC_SESSIONID_VOID;
    const auto calls = calls_of(ids);
    if (!calls) return GRPC_INVALID_SESSION_ID;
    if (ids.empty()) return GRPC_NO_ERROR;
    const auto told = std::find(calls->begin(), calls->end(), nullptr);
    const std::size_t index =
        told != calls->end() ? static_cast<std::size_t>(told - calls->begin()) : wait_any_(*calls);
    *found = ids[index];
    return tell(ids[index], (*calls)[index]) == GRPC_NO_ERROR ? GRPC_NO_ERROR : GRPC_SESSION_FAILED;
}

grpc_error_t Sessions::wait_or(std::span<const grpc_sessionid_t> ids, grpc_sessionid_t* found) {
    return wait_for_one(ids, found);
}

grpc_error_t Sessions::wait_all() { return wait_and(outstanding()); }

grpc_error_t Sessions::wait_any(grpc_sessionid_t* found) {
    return wait_for_one(outstanding(), found);
}

grpc_error_t Sessions::get_error(grpc_sessionid_t id) {
    struct Found {
        CallPtr call;
        grpc_error_t outcome;
    };
    const auto found = state_.with([&](const State& state) -> std::optional<Found> {
        const auto session = state.sessions.find(id);
        if (session == state.sessions.end()) return std::nullopt;
        return Found{session->second.call, session->second.outcome};
    });
    if (!found) return GRPC_INVALID_SESSION_ID;
    if (!found->call) return found->outcome;
    return found->call->finished() ? found->call->outcome() : GRPC_NOT_COMPLETED;
}

grpc_error_t Sessions::next_failed(grpc_sessionid_t* id) {
    *id = state_.with([](State& state) -> grpc_sessionid_t {
        if (state.unread.empty()) return GRPC_SESSIONID_VOID;
        const grpc_sessionid_t next = state.unread.front();
        state.unread.pop_front();
        return next;
    });
    return GRPC_NO_ERROR;
}

}  // namespace juxta::gridrpc
