#include "client_api/grpc_error.h"

namespace juxta::gridrpc {

grpc_error_t code_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::not_found: return GRPC_FUNCTION_NOT_FOUND;
        case ErrorCode::no_server: return GRPC_SERVER_NOT_FOUND;
        case ErrorCode::quota_exceeded: return GRPC_RPC_REFUSED;
        case ErrorCode::peer_unreachable:
        case ErrorCode::unavailable:
        case ErrorCode::stale_version:
        case ErrorCode::not_primary:
        case ErrorCode::not_leader: return GRPC_COMMUNICATION_FAILED;
        case ErrorCode::service_failed:
        case ErrorCode::data_lost:
        case ErrorCode::lease_expired:
        case ErrorCode::out_of_space: return GRPC_SESSION_FAILED;
        case ErrorCode::deadline_exceeded: return GRPC_TIMEOUT_NP;
        case ErrorCode::cancelled: return GRPC_CANCELED_NP;
        case ErrorCode::invalid_argument:
        case ErrorCode::internal: break;
    }
    return GRPC_OTHER_ERROR_CODE;
}

grpc_error_t code_of(const CallResult& result) {
    if (result.state == CallState::done) return GRPC_NO_ERROR;
    if (result.state == CallState::cancelled) return GRPC_CANCELED_NP;
    return code_of(result.error);
}

const char* name_of(grpc_error_t code) {
    switch (code) {
        case GRPC_NO_ERROR: return "GRPC_NO_ERROR";
        case GRPC_NOT_INITIALIZED: return "GRPC_NOT_INITIALIZED";
        case GRPC_CONFIGFILE_NOT_FOUND: return "GRPC_CONFIGFILE_NOT_FOUND";
        case GRPC_CONFIGFILE_ERROR: return "GRPC_CONFIGFILE_ERROR";
        case GRPC_SERVER_NOT_FOUND: return "GRPC_SERVER_NOT_FOUND";
        case GRPC_FUNCTION_NOT_FOUND: return "GRPC_FUNCTION_NOT_FOUND";
        case GRPC_INVALID_FUNCTION_HANDLE: return "GRPC_INVALID_FUNCTION_HANDLE";
        case GRPC_INVALID_SESSION_ID: return "GRPC_INVALID_SESSION_ID";
        case GRPC_RPC_REFUSED: return "GRPC_RPC_REFUSED";
        case GRPC_COMMUNICATION_FAILED: return "GRPC_COMMUNICATION_FAILED";
        case GRPC_SESSION_FAILED: return "GRPC_SESSION_FAILED";
        case GRPC_NOT_COMPLETED: return "GRPC_NOT_COMPLETED";
        case GRPC_NONE_COMPLETED: return "GRPC_NONE_COMPLETED";
        case GRPC_OTHER_ERROR_CODE: return "GRPC_OTHER_ERROR_CODE";
        case GRPC_ALREADY_INITIALIZED: return "GRPC_ALREADY_INITIALIZED";
        case GRPC_LAST_ERROR_CODE: return "GRPC_LAST_ERROR_CODE";
        case GRPC_INVALID_TYPE: return "GRPC_INVALID_TYPE";
        case GRPC_INVALID_MODE: return "GRPC_INVALID_MODE";
        case GRPC_INVALID_DATA: return "GRPC_INVALID_DATA";
        case GRPC_INVALID_DATA_HANDLE: return "GRPC_INVALID_DATA_HANDLE";
        case GRPC_INVALID_RANK: return "GRPC_INVALID_RANK";
        case GRPC_INVALID_URI: return "GRPC_INVALID_URI";
        case GRPC_UNDEFINED: return "GRPC_UNDEFINED";
        case GRPC_NOT_IMPLEMENTED: return "GRPC_NOT_IMPLEMENTED";
        case GRPC_TRANSFER_ERROR: return "GRPC_TRANSFER_ERROR";
        case GRPC_TIMEOUT_NP: return "GRPC_TIMEOUT_NP";
        case GRPC_CANCELED_NP: return "GRPC_CANCELED_NP";
        default: return "GRPC_UNKNOWN_ERROR_CODE";
    }
}

}  // namespace juxta::gridrpc
