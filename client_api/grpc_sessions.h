// GridRPC's sessions: numbers for calls, and what the standard says that probes, waits and cancels
// of them tell (GFD-R.52, 4.5 to 4.7).
//
// A session is known from add() until a wait has told of its success. A failed one stays known, the
// last 10 000 of them, and its number is queued for next_failed().
//
// Threading: any thread. Waits block without a lock held.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "client_api/grpc.h"
#include "common/base/guarded.h"

namespace juxta::gridrpc {

// The call under a session.
class SessionCall {
public:
    virtual ~SessionCall() = default;
    virtual bool finished() = 0;
    virtual void wait() = 0;
    virtual void wait(std::chrono::milliseconds at_most) = 0;
    virtual void cancel() = 0;
    // Only when finished: brings the results to where the caller wants them, once, and tells how
    // it ended.
    virtual grpc_error_t outcome() = 0;
};

// Waits until one of them has finished; returns its index. Not called with none.
using WaitAny = std::function<std::size_t(std::span<const std::shared_ptr<SessionCall>>)>;

class Sessions {
public:
    explicit Sessions(WaitAny wait_any) : wait_any_(std::move(wait_any)) {}

    grpc_sessionid_t add(std::shared_ptr<SessionCall> call, grpc_function_handle_t* handle);

    // All return what the function of the standard with this name returns.
    grpc_error_t get_handle(grpc_function_handle_t** handle, grpc_sessionid_t id) const;
    // Of the last 10 000 sessions that succeeded and were told of, too.
    grpc_error_t get_handle_of_past(grpc_function_handle_t** handle, grpc_sessionid_t id) const;
    grpc_error_t probe(grpc_sessionid_t id);
    grpc_error_t probe_or(std::span<const grpc_sessionid_t> ids, grpc_sessionid_t* found);
    // Returns when the calls have ended, or after two seconds.
    grpc_error_t cancel(grpc_sessionid_t id);
    grpc_error_t cancel_all();
    grpc_error_t wait(grpc_sessionid_t id);
    grpc_error_t wait_and(std::span<const grpc_sessionid_t> ids);
    grpc_error_t wait_or(std::span<const grpc_sessionid_t> ids, grpc_sessionid_t* found);
    grpc_error_t wait_all();
    grpc_error_t wait_any(grpc_sessionid_t* found);
    grpc_error_t get_error(grpc_sessionid_t id);
    grpc_error_t next_failed(grpc_sessionid_t* id);

    void cancel_those_of(std::uint64_t handle_number);

private:
    struct Session {
        std::shared_ptr<SessionCall> call;  // null once it was told of
        grpc_function_handle_t* handle = nullptr;
        std::uint64_t handle_number = 0;
        grpc_error_t outcome = GRPC_NO_ERROR;  // once told of
    };
    struct State {
        grpc_sessionid_t last = 0;
        std::map<grpc_sessionid_t, Session> sessions;
        std::deque<grpc_sessionid_t> failed;  // told of, kept; oldest first
        std::deque<grpc_sessionid_t> unread;  // of those, not yet given by next_failed()
        std::map<grpc_sessionid_t, grpc_function_handle_t*> past;  // succeeded, told of
        std::deque<grpc_sessionid_t> past_in_order;
    };
    using CallPtr = std::shared_ptr<SessionCall>;

    // The calls of `ids`, null where the session was told of already; nullopt if one is unknown.
    std::optional<std::vector<CallPtr>> calls_of(std::span<const grpc_sessionid_t> ids) const;
    std::vector<grpc_sessionid_t> outstanding() const;
    void end_soon(const std::vector<CallPtr>& calls);
    grpc_error_t tell(grpc_sessionid_t id, const CallPtr& call);
    grpc_error_t wait_for_one(std::span<const grpc_sessionid_t> ids, grpc_sessionid_t* found);

    const WaitAny wait_any_;
    Guarded<State> state_;
};

}  // namespace juxta::gridrpc
