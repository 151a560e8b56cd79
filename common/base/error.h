// The one vocabulary of failure. Every layer speaks it; two files translate it at the borders:
// common/orb/error_bridge.h (to and from the wire) and client_api/grpc_error.h (to GridRPC codes).
//
// An expected outcome is a return value (std::optional, an empty list). An Error is what the
// caller could not have arranged to avoid. A broken precondition is neither: it aborts (ensure).
//
// The text of an Error is for a person: what failed, where, why, what was kept, what to do next.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

namespace juxta {

// The same list, in the same order, as in idl/failure.idl. After adding to both, the compiler
// (-Wswitch) leads to the translations that miss a case. The names are those of the JSON output.
enum class ErrorCode {
    invalid_argument,   // the call can never succeed as written
    not_found,          // unknown service, datum, element, request
    no_server,          // the service is known, no server can take it now
    stale_version,      // the caller's view is older than the data
    lease_expired,      // the right was held once and is held no longer; final
    out_of_space,       // no provider can store the block
    quota_exceeded,     // the caller has used up what it may use
    data_lost,          // every copy is confirmed dead
    unavailable,        // the datum exists, nobody who may answer for it is in reach now
    not_primary,        // another member answers for this group; `redirect` may say which
    not_leader,         // another manager leads; `redirect` may say which
    service_failed,     // the service itself failed, or its process did
    peer_unreachable,   // the far process is dead, cut off or restarting
    deadline_exceeded,  // the answer, if there is one, came too late
    cancelled,          // the caller, or a shutdown, withdrew the request
    internal,           // a bug on this side
};

// What a caller can do about it. Retry logic branches on this, never on single codes.
enum class Reaction { fix_the_call, refresh_and_retry, try_elsewhere, give_up };

constexpr Reaction reaction_to(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
        case ErrorCode::not_found: return Reaction::fix_the_call;
        case ErrorCode::stale_version:
        case ErrorCode::not_primary:
        case ErrorCode::not_leader: return Reaction::refresh_and_retry;
        case ErrorCode::no_server:
        case ErrorCode::out_of_space:
        case ErrorCode::peer_unreachable:
        case ErrorCode::unavailable: return Reaction::try_elsewhere;
        case ErrorCode::lease_expired:
        case ErrorCode::quota_exceeded:
        case ErrorCode::data_lost:
        case ErrorCode::service_failed:
        case ErrorCode::deadline_exceeded:
        case ErrorCode::cancelled:
        case ErrorCode::internal: break;
    }
    return Reaction::give_up;
}

// "data_lost": the spelling used in JSON and logs.
std::string_view name_of(ErrorCode code);

class Error : public std::runtime_error {
public:
    Error(ErrorCode code, const std::string& detail, std::string redirect = {})
        : std::runtime_error(detail), code_(code), redirect_(std::move(redirect)) {}

    ErrorCode code() const noexcept { return code_; }

    // The same failure in other words.
    Error reworded(const std::string& detail) const {
        Error other(code_, detail, redirect_);
        other.unsent_ = unsent_;
        return other;
    }

    // Of peer_unreachable: what was asked never left this process, so nothing came of it.
    bool unsent() const noexcept { return unsent_; }
    static Error never_sent(const std::string& detail) {
        Error error(ErrorCode::peer_unreachable, detail);
        error.unsent_ = true;
        return error;
    }

    // For not_primary and not_leader: the address ("host:port") of who answers, if known.
    const std::string& redirect() const noexcept { return redirect_; }

private:
    ErrorCode code_;
    std::string redirect_;
    bool unsent_ = false;
};

// Aborts, naming the caller, unless `holds`. On in every build: going on with a broken invariant
// would spread it to the other nodes.
void ensure(bool holds, const char* promise,
            std::source_location where = std::source_location::current());

}  // namespace juxta
