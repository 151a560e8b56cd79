#include "common/base/error.h"

#include <cstdio>
#include <cstdlib>

namespace juxta {

std::string_view name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument: return "invalid_argument";
        case ErrorCode::not_found: return "not_found";
        case ErrorCode::no_server: return "no_server";
        case ErrorCode::stale_version: return "stale_version";
        case ErrorCode::lease_expired: return "lease_expired";
        case ErrorCode::out_of_space: return "out_of_space";
        case ErrorCode::quota_exceeded: return "quota_exceeded";
        case ErrorCode::data_lost: return "data_lost";
        case ErrorCode::unavailable: return "unavailable";
        case ErrorCode::not_primary: return "not_primary";
        case ErrorCode::not_leader: return "not_leader";
        case ErrorCode::service_failed: return "service_failed";
        case ErrorCode::peer_unreachable: return "peer_unreachable";
        case ErrorCode::deadline_exceeded: return "deadline_exceeded";
        case ErrorCode::cancelled: return "cancelled";
        case ErrorCode::internal: break;
    }
    return "internal";
}

void ensure(bool holds, const char* promise, std::source_location where) {
    if (holds) return;
    std::fprintf(stderr, "%s:%u: %s: broken promise: %s\n", where.file_name(),
                 static_cast<unsigned>(where.line()), where.function_name(), promise);
    std::abort();
}

}  // namespace juxta
