/* GridRPC, GFD-R.52: remote calls of installed services.
 *
 *     grpc_initialize(NULL);
 *     grpc_function_handle_default(&echo, "testing/echo");
 *     grpc_call(&echo, 2.5, &result);
 *     grpc_finalize();
 *
 * Arguments follow the service's profile. IN scalars by value (with C's promotions), OUT and INOUT
 * scalars by pointer; IN strings as char *, OUT and INOUT strings as char ** (what comes back was
 * allocated by malloc and is the caller's); files as char *, the path that is read or written;
 * arrays as grpc_data_t * (grpc_data.h, juxta_c.h).
 *
 * Every function returns GRPC_NOT_INITIALIZED before grpc_initialize, but grpc_error_string.
 * What a code cannot tell, juxta_last_error() does (juxta_c.h). Any thread may call any function.
 */
#ifndef GRIDRPC_GRPC_H
#define GRIDRPC_GRPC_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GRIDRPC_API __attribute__((visibility("default")))

typedef int grpc_error_t;
typedef int grpc_sessionid_t;

/* What names a function. Its members belong to the library; the variable belongs to the caller and
 * stays where it is until grpc_function_handle_destruct. */
typedef struct grpc_function_handle_s {
    uint64_t number;
} grpc_function_handle_t;

enum {
    GRPC_NO_ERROR = 0,
    GRPC_NOT_INITIALIZED = 1,
    GRPC_CONFIGFILE_NOT_FOUND = 2,
    GRPC_CONFIGFILE_ERROR = 3,
    GRPC_SERVER_NOT_FOUND = 4,
    GRPC_FUNCTION_NOT_FOUND = 5,
    GRPC_INVALID_FUNCTION_HANDLE = 6,
    GRPC_INVALID_SESSION_ID = 7,
    GRPC_RPC_REFUSED = 8,
    GRPC_COMMUNICATION_FAILED = 9,
    GRPC_SESSION_FAILED = 10,
    GRPC_NOT_COMPLETED = 11,
    GRPC_NONE_COMPLETED = 12,
    GRPC_OTHER_ERROR_CODE = 13,
    GRPC_UNKNOWN_ERROR_CODE = 14,
    GRPC_ALREADY_INITIALIZED = 15,
    GRPC_LAST_ERROR_CODE = 16,
    /* Not of the standard: reasons that grpc_get_error tells. */
    GRPC_TIMEOUT_NP = 101,
    GRPC_CANCELED_NP = 102
};

enum { GRPC_SESSIONID_VOID = -1 };

/* The configuration: this file, else the one that JUXTA_CONFIG names, else that of the platform
 * deployed last by this user. A second call gives GRPC_ALREADY_INITIALIZED. */
GRIDRPC_API grpc_error_t grpc_initialize(char* config_file_name);
/* Cancels what is unfinished. */
GRIDRPC_API grpc_error_t grpc_finalize(void);

/* The server is chosen at the first call; later calls of the handle go there as long as it lives.
 */
GRIDRPC_API grpc_error_t grpc_function_handle_default(grpc_function_handle_t* handle,
                                                      char* func_name);
/* `server_name` is a server daemon's name or "host:port". */
GRIDRPC_API grpc_error_t grpc_function_handle_init(grpc_function_handle_t* handle,
                                                   char* server_name, char* func_name);
/* Cancels the handle's running sessions. */
GRIDRPC_API grpc_error_t grpc_function_handle_destruct(grpc_function_handle_t* handle);
GRIDRPC_API grpc_error_t grpc_get_handle(grpc_function_handle_t** handle,
                                         grpc_sessionid_t sessionID);

GRIDRPC_API grpc_error_t grpc_call(grpc_function_handle_t* handle, ...);
/* Returns once the IN arguments may be changed. What OUT and INOUT pointers point to stays until
 * the session was waited for. */
GRIDRPC_API grpc_error_t grpc_call_async(grpc_function_handle_t* handle,
                                         grpc_sessionid_t* sessionID, ...);

/* A session's id is valid until a wait has told of its success; that of a failed one stays valid,
 * so that grpc_get_error can tell why (the last 10 000). */
GRIDRPC_API grpc_error_t grpc_probe(grpc_sessionid_t sessionID);
GRIDRPC_API grpc_error_t grpc_probe_or(grpc_sessionid_t* idArray, size_t length,
                                       grpc_sessionid_t* idPtr);
GRIDRPC_API grpc_error_t grpc_cancel(grpc_sessionid_t sessionID);
GRIDRPC_API grpc_error_t grpc_cancel_all(void);
GRIDRPC_API grpc_error_t grpc_wait(grpc_sessionid_t sessionID);
GRIDRPC_API grpc_error_t grpc_wait_and(grpc_sessionid_t* idArray, size_t length);
GRIDRPC_API grpc_error_t grpc_wait_or(grpc_sessionid_t* idArray, size_t length,
                                      grpc_sessionid_t* idPtr);
GRIDRPC_API grpc_error_t grpc_wait_all(void);
GRIDRPC_API grpc_error_t grpc_wait_any(grpc_sessionid_t* idPtr);

/* The name of the code, as "GRPC_SESSION_FAILED". Never freed. */
GRIDRPC_API char* grpc_error_string(grpc_error_t error_code);
/* GRPC_NO_ERROR of a success; GRPC_NOT_COMPLETED while it runs; else why it failed. */
GRIDRPC_API grpc_error_t grpc_get_error(grpc_sessionid_t sessionID);
/* The failed sessions one by one, then GRPC_SESSIONID_VOID. */
GRIDRPC_API grpc_error_t grpc_get_failed_sessionid(grpc_sessionid_t* idPtr);

#ifdef __cplusplus
}
#endif

#endif
