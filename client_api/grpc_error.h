// The one translation of failures into GridRPC's codes.
#pragma once

#include <optional>
#include <string_view>

#include "client_api/grpc.h"
#include "common/base/error.h"
#include "common/model/call.h"

namespace juxta::gridrpc {

grpc_error_t code_of(ErrorCode code);

// Why a call ended as it did: GRPC_NO_ERROR if it was done.
grpc_error_t code_of(const CallResult& result);

// "GRPC_SESSION_FAILED"; "GRPC_UNKNOWN_ERROR_CODE" for what is no code.
const char* name_of(grpc_error_t code);

}  // namespace juxta::gridrpc
