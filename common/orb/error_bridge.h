// Where failures cross the wire. No other file names a CORBA exception.
//
//     servant:  return orb::answer([&] { return core_.locate(block); });
//     stub:     return orb::ask([&] { return remote_->locate(block); });
#pragma once

#include <exception>
#include <utility>

#include "common/base/error.h"
#include "failure.hh"

namespace juxta::orb {

// Both rethrow the exception being handled, translated. Call only inside a catch block.
[[noreturn]] void throw_as_failure();  // juxta::Error, std::exception -> Wire::Failure
[[noreturn]] void throw_as_error();    // Wire::Failure, CORBA::SystemException -> juxta::Error

Wire::ErrorCode to_wire(ErrorCode code);
ErrorCode from_wire(Wire::ErrorCode code);

// Runs a servant's body. Without it omniORB would answer CORBA::UNKNOWN and lose the reason.
template <class Body>
decltype(auto) answer(Body&& body) try {
    return std::forward<Body>(body)();
} catch (...) {
    throw_as_failure();
}

// Runs a remote call.
template <class Call>
decltype(auto) ask(Call&& call) try {
    return std::forward<Call>(call)();
} catch (...) {
    throw_as_error();
}

}  // namespace juxta::orb
