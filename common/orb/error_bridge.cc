#include "common/orb/error_bridge.h"

#include <string>

#include "failure.hh"

namespace juxta::orb {
namespace {

// Both lists are in the same order; a code added to one alone fails here.
static_assert(static_cast<int>(ErrorCode::invalid_argument) == Wire::INVALID_ARGUMENT);
static_assert(static_cast<int>(ErrorCode::data_lost) == Wire::DATA_LOST);
static_assert(static_cast<int>(ErrorCode::internal) == Wire::INTERNAL);

std::string describe(const CORBA::SystemException& e) {
    const char* minor = e.NP_minorString();
    return std::string(e._name()) + (minor ? std::string(" ") + minor : "");
}

Error unreachable(const CORBA::SystemException& e, const std::string& what) {
    const std::string detail = what + " (" + describe(e) + ")";
    return e.completed() == CORBA::COMPLETED_NO ? Error::never_sent(detail)
                                                : Error(ErrorCode::peer_unreachable, detail);
}

}  // namespace

Wire::ErrorCode to_wire(ErrorCode code) { return static_cast<Wire::ErrorCode>(code); }

// A peer may be newer and send a code we do not know: `internal`.
ErrorCode from_wire(Wire::ErrorCode code) {
    return code <= Wire::INTERNAL ? static_cast<ErrorCode>(code) : ErrorCode::internal;
}

void throw_as_failure() {
    try {
        throw;
    } catch (const Error& e) {
        throw Wire::Failure(to_wire(e.code()), e.what(), e.redirect().c_str());
    } catch (const CORBA::Exception&) {
        throw;
    } catch (const std::exception& e) {
        throw Wire::Failure(Wire::INTERNAL, e.what(), "");
    }
}

void throw_as_error() {
    try {
        throw;
    } catch (const Wire::Failure& e) {
        throw Error(from_wire(e.code), e.detail.in(), e.redirect.in());
    } catch (const CORBA::TIMEOUT& e) {
        throw Error(ErrorCode::deadline_exceeded, "the peer did not answer in time");
    } catch (const CORBA::TRANSIENT& e) {
        if (e.minor() == omni::TRANSIENT_CallTimedout) {
            throw Error(ErrorCode::deadline_exceeded, "the peer did not answer in time");
        }
        throw unreachable(e, "the peer cannot be reached");
    } catch (const CORBA::COMM_FAILURE& e) {
        throw unreachable(e, "the connection to the peer broke");
    } catch (const CORBA::OBJECT_NOT_EXIST& e) {
        throw unreachable(e, "the peer is not ready yet, or has gone");
    } catch (const CORBA::SystemException& e) {
        throw Error(ErrorCode::internal, "the call failed in the ORB: " + describe(e));
    }
}

}  // namespace juxta::orb
