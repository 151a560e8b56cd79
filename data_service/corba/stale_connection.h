// A remote call that may be repeated. The first call on a connection whose far end has been
// restarted fails once, whatever is there now: it is tried again, on a new one.
#pragma once

#include <utility>

#include "common/base/error.h"
#include "common/orb/error_bridge.h"

namespace juxta::data {

template <class Call>
decltype(auto) ask_repeatable(Call&& call) {
    try {
        return orb::ask(call);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::peer_unreachable) throw;
    }
    return orb::ask(std::forward<Call>(call));
}

}  // namespace juxta::data
