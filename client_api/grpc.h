/* GridRPC, GFD-R.52: remote calls of installed services. Data handles (GFD-R-P.186) are in
 * grpc_data.h, which this includes; failures as text in juxta_c.h.
 *
 *     grpc_function_handle_t mmul;
 *     double A[N][N], B[N][N], C[N][N];
 *     grpc_initialize(NULL);
 *     grpc_function_handle_default(&mmul, "example/mmul");
 *     grpc_call(&mmul, N, A, B, C);
 *     grpc_finalize();
 *
 * Arguments follow the service's profile, which is fetched when the function handle is made.
 *
 * | argument | IN                           | INOUT, OUT                              |
 * | -------- | ---------------------------- | --------------------------------------- |
 * | scalar   | by value, C's promotions     | a pointer to it                         |
 * | string   | char *                       | char **                                 |
 * | file     | char *, the path to be read  | char *, the path to be written          |
 * | array    | pointer to its first element | the same                                |
 * | array    | a grpc_data_t, or &it        | the same                                |
 *
 * Strings that come back were allocated by malloc and are the caller's. Arrays are dense,
 * row-major; how large a plain one is the profile says by the call's integers (`juxta services`
 * shows it: A: double matrix[n][n]). One without elements may be NULL, and is NULL for the service.
 * Arrays of services whose profile tells no sizes are given as data handles. int64 scalars are
 * int64_t, char scalars char; a literal 1 is an int.
 *
 * What IN and INOUT pointers point to is copied before a call returns. What OUT and INOUT pointers
 * point to is written until a wait or a probe has told of the session's end, or grpc_finalize has
 * returned; then it is the caller's again, whatever the outcome.
 *
 * Every function but grpc_error_string returns GRPC_NOT_INITIALIZED before grpc_initialize and
 * after grpc_finalize. What a code cannot tell, juxta_last_error() does (juxta_c.h). Any thread may
 * call any function at any time; a handle that one thread destructs must not be used by another
 * then.
 */
#ifndef GRIDRPC_GRPC_H
#define GRIDRPC_GRPC_H

/* Not needed by what follows: programs written for other GridRPCs expect them. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define GRIDRPC_API __attribute__((visibility("default")))

/* Texts that are read only. The standard, which is older than C's const, says char *; C++ does not
 * take a literal for that. */
#ifdef __cplusplus
#define GRIDRPC_TEXT const char*
extern "C" {
#else
#define GRIDRPC_TEXT char*
#endif

/* GFD-R.52, 4.1. What names a call that was not waited for, and what every function returns. */
typedef int grpc_error_t;
typedef int grpc_sessionid_t;

/* GFD-R.52, 4.1. What names a function. Its members belong to the library; the variable belongs to
 * the caller and stays where it is until grpc_function_handle_destruct. */
typedef struct grpc_function_handle_s {
    uint64_t number;
} grpc_function_handle_t;

/* GFD-R.52, 4.7, table 1. The numbers are DIET's. */
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

/* GFD-R.52, 4.5: no session. */
enum { GRPC_SESSIONID_VOID = -1 };

/* -- Initializing and finalizing (GFD-R.52, 4.2) --------------------------------------------- */

/* GFD-R.52, 4.2. Joins a platform: the one of this file, or with NULL or "" that which JUXTA_CONFIG
 * names, or the one deployed last by this user. GRPC_ALREADY_INITIALIZED: as it was before.
 * GRPC_CONFIGFILE_NOT_FOUND, GRPC_CONFIGFILE_ERROR: the file; GRPC_COMMUNICATION_FAILED: its
 * platform does not answer. It may be called again after grpc_finalize. */
GRIDRPC_API grpc_error_t grpc_initialize(GRIDRPC_TEXT config_file_name);

/* GFD-R.52, 4.2. Cancels what is unfinished, ends the transfers of data that were begun, and gives
 * everything back: function handles, sessions, argument stacks and data handles are invalid then.
 * Persistent data stay in the platform. */
GRIDRPC_API grpc_error_t grpc_finalize(void);

/* -- Function handles (GFD-R.52, 4.3) -------------------------------------------------------- */

/* GFD-R.52, 4.3. Names the service `func_name`, "name" or "module/name", on a server that is chosen
 * at the first call; later calls of the handle go there as long as it lives. The text is copied.
 * GRPC_FUNCTION_NOT_FOUND: no server offers it; *handle is not changed. */
GRIDRPC_API grpc_error_t grpc_function_handle_default(grpc_function_handle_t* handle,
                                                      GRIDRPC_TEXT func_name);

/* GFD-R.52, 4.3. The same, on the server `server_name`: a server daemon's name or "host:port". That
 * there is none shows at the call, as GRPC_SERVER_NOT_FOUND. */
GRIDRPC_API grpc_error_t grpc_function_handle_init(grpc_function_handle_t* handle,
                                                   GRIDRPC_TEXT server_name,
                                                   GRIDRPC_TEXT func_name);

/* GFD-R.52, 4.3. Cancels the handle's running sessions, whose ids stay valid, and makes it invalid.
 * GRPC_INVALID_FUNCTION_HANDLE. */
GRIDRPC_API grpc_error_t grpc_function_handle_destruct(grpc_function_handle_t* handle);

/* GFD-R.52, 4.3. Sets *handle to the address of the handle that was given to grpc_call_async.
 * GRPC_INVALID_SESSION_ID. */
GRIDRPC_API grpc_error_t grpc_get_handle(grpc_function_handle_t** handle,
                                         grpc_sessionid_t sessionID);

/* -- Calls (GFD-R.52, 4.4) ------------------------------------------------------------------- */

/* GFD-R.52, 4.4. Calls and waits. GRPC_SESSION_FAILED: the service failed, or its server did where
 * no other may run it; GRPC_SERVER_NOT_FOUND, GRPC_FUNCTION_NOT_FOUND, GRPC_RPC_REFUSED,
 * GRPC_COMMUNICATION_FAILED, GRPC_INVALID_FUNCTION_HANDLE; GRPC_OTHER_ERROR_CODE: the arguments do
 * not fit, nothing was called. */
GRIDRPC_API grpc_error_t grpc_call(grpc_function_handle_t* handle, ...);

/* GFD-R.52, 4.4. Returns once the IN arguments may be changed, with the new session's id in
 * *sessionID, GRPC_SESSIONID_VOID on failure. What happens to the call afterwards the session
 * tells. What OUT and INOUT pointers point to stays until then. */
GRIDRPC_API grpc_error_t grpc_call_async(grpc_function_handle_t* handle,
                                         grpc_sessionid_t* sessionID, ...);

/* -- Probes and cancels (GFD-R.52, 4.5) ------------------------------------------------------ */

/* A session's id is valid until a wait has told of its success; that of a failed one stays valid,
 * so that grpc_get_error can tell why (the last 10 000). */

/* GFD-R.52, 4.5. GRPC_NO_ERROR: it has ended, well or not; GRPC_NOT_COMPLETED: it has not;
 * GRPC_INVALID_SESSION_ID. Never waits. */
GRIDRPC_API grpc_error_t grpc_probe(grpc_sessionid_t sessionID);

/* GFD-R.52, 4.5. GRPC_NO_ERROR: *idPtr, one of the `length` sessions, has ended;
 * GRPC_NONE_COMPLETED, *idPtr is GRPC_SESSIONID_VOID; GRPC_INVALID_SESSION_ID: one of them is none.
 * Ended ones are no error. Never waits. */
GRIDRPC_API grpc_error_t grpc_probe_or(grpc_sessionid_t* idArray, size_t length,
                                       grpc_sessionid_t* idPtr);

/* GFD-R.52, 4.5. Ends the call, unless it has ended; returns when it has, within two seconds. A
 * wait tells GRPC_SESSION_FAILED then, grpc_get_error GRPC_CANCELED_NP. GRPC_INVALID_SESSION_ID. */
GRIDRPC_API grpc_error_t grpc_cancel(grpc_sessionid_t sessionID);

/* GFD-R.52, 4.5. The same for all sessions, within two seconds together. */
GRIDRPC_API grpc_error_t grpc_cancel_all(void);

/* -- Waits (GFD-R.52, 4.6) ------------------------------------------------------------------- */

/* GFD-R.52, 4.6. Until the session has ended. GRPC_NO_ERROR: its results are there, the id is
 * invalid now; GRPC_SESSION_FAILED, GRPC_COMMUNICATION_FAILED; GRPC_INVALID_SESSION_ID. */
GRIDRPC_API grpc_error_t grpc_wait(grpc_sessionid_t sessionID);

/* GFD-R.52, 4.6. Until all of the `length` sessions have ended. GRPC_SESSION_FAILED: at least one
 * failed; GRPC_INVALID_SESSION_ID: at least one is none, nothing was waited for. */
GRIDRPC_API grpc_error_t grpc_wait_and(grpc_sessionid_t* idArray, size_t length);

/* GFD-R.52, 4.6. Until one of the `length` sessions has ended: *idPtr. GRPC_SESSION_FAILED: that
 * one failed. With none: GRPC_NO_ERROR and GRPC_SESSIONID_VOID. GRPC_INVALID_SESSION_ID: one is
 * none. */
GRIDRPC_API grpc_error_t grpc_wait_or(grpc_sessionid_t* idArray, size_t length,
                                      grpc_sessionid_t* idPtr);

/* GFD-R.52, 4.6. grpc_wait_and for all sessions that were not waited for. */
GRIDRPC_API grpc_error_t grpc_wait_all(void);

/* GFD-R.52, 4.6. grpc_wait_or for all sessions that were not waited for. */
GRIDRPC_API grpc_error_t grpc_wait_any(grpc_sessionid_t* idPtr);

/* -- Errors (GFD-R.52, 4.7) ------------------------------------------------------------------ */

/* GFD-R.52, 4.7. The name of the code, as "GRPC_SESSION_FAILED"; "GRPC_UNKNOWN_ERROR_CODE" for what
 * is none. Never freed nor written to. */
GRIDRPC_API char* grpc_error_string(grpc_error_t error_code);

/* GFD-R.52, 4.7. Of an ended session why it failed, GRPC_NO_ERROR if it did not;
 * GRPC_NOT_COMPLETED; GRPC_INVALID_SESSION_ID, also of one whose success a wait has told. */
GRIDRPC_API grpc_error_t grpc_get_error(grpc_sessionid_t sessionID);

/* GFD-R.52, 4.7. Sets *idPtr to the next session that a wait told as failed, each once, the oldest
 * first, then to GRPC_SESSIONID_VOID. */
GRIDRPC_API grpc_error_t grpc_get_failed_sessionid(grpc_sessionid_t* idPtr);

/* -- Argument stacks ------------------------------------------------------------------------- */

/* Not of the standard: calls whose arguments are counted at run time, under Ninf-G's and DIET's
 * names; both work on the same stacks. The argument pushed first is the first of the profile. Every
 * argument is pushed as a pointer: as grpc_call takes it, but IN scalars by their addresses.
 * Pointers are kept, not what they point to; that is read when the call is made. Calling takes
 * nothing from the stack. */
typedef struct grpc_arg_stack_s grpc_arg_stack_t;

/* Ninf-G. A stack for at most `max` arguments, the caller's until it is destructed; NULL before
 * grpc_initialize or if `max` is negative. */
GRIDRPC_API grpc_arg_stack_t* grpc_arg_stack_new(int max);
/* Ninf-G. 0, or -1 if the stack is full or invalid; it is not changed then. */
GRIDRPC_API int grpc_arg_stack_push_arg(grpc_arg_stack_t* stack, void* argument);
/* Ninf-G. Takes the argument pushed last; NULL if there is none, or the stack is invalid. */
GRIDRPC_API void* grpc_arg_stack_pop_arg(grpc_arg_stack_t* stack);
/* Ninf-G. 0, or -1 if the stack is invalid. Calls that were made with it are not concerned. */
GRIDRPC_API int grpc_arg_stack_destruct(grpc_arg_stack_t* stack);
/* Ninf-G. grpc_call with the arguments on the stack, with its codes. GRPC_OTHER_ERROR_CODE: the
 * stack is invalid, or has not as many arguments as the service. */
GRIDRPC_API grpc_error_t grpc_call_arg_stack(grpc_function_handle_t* handle,
                                             grpc_arg_stack_t* stack);
/* Ninf-G. grpc_call_async with the arguments on the stack, in either of two forms:
 * (handle, grpc_sessionid_t *, grpc_arg_stack_t *) returns a code and sets the session's id;
 * (handle, grpc_arg_stack_t *), as in Ninf-G 4, returns the id, GRPC_SESSIONID_VOID on failure. */
GRIDRPC_API int grpc_call_arg_stack_async(grpc_function_handle_t* handle, ...);

/* DIET. As grpc_arg_stack_new. */
GRIDRPC_API grpc_arg_stack_t* grpc_stack_create(size_t maxsize);
/* DIET. GRPC_NO_ERROR, or -1 if the stack is full or invalid; it is not changed then. */
GRIDRPC_API grpc_error_t grpc_stack_push(grpc_arg_stack_t* stack, void* argument);
/* DIET. Takes the argument pushed last into *argument; -1, and NULL there, if there is none. */
GRIDRPC_API grpc_error_t grpc_stack_pop(grpc_arg_stack_t* stack, void** argument);
/* DIET. GRPC_NO_ERROR, or -1 if the stack is invalid. */
GRIDRPC_API grpc_error_t grpc_stack_destruct(grpc_arg_stack_t* stack);
/* DIET. The same as grpc_call_arg_stack. */
GRIDRPC_API grpc_error_t grpc_call_argstack(grpc_function_handle_t* handle,
                                            grpc_arg_stack_t* stack);
/* DIET. grpc_call_async with the arguments on the stack, with its codes. */
GRIDRPC_API grpc_error_t grpc_call_argstack_async(grpc_function_handle_t* handle,
                                                  grpc_sessionid_t* sessionID,
                                                  grpc_arg_stack_t* stack);

/* -- Other extensions ------------------------------------------------------------------------ */

/* DIET. Writes `text`, the name of the last code that was not GRPC_NO_ERROR in this thread and what
 * is known of it to standard error, as perror does. Returns GRPC_NO_ERROR. */
GRIDRPC_API grpc_error_t grpc_perror(GRIDRPC_TEXT text);
/* Ninf-G. The same. */
GRIDRPC_API grpc_error_t grpc_perror_np(GRIDRPC_TEXT text);
/* Ninf-G. The code that a function returned last in this thread, also before grpc_initialize. */
GRIDRPC_API grpc_error_t grpc_last_error_get_np(void);
/* Ninf-G. grpc_get_handle that also knows the last 10 000 sessions whose success a wait has told:
 * for loops that ask after grpc_wait_any whose call that was. */
GRIDRPC_API grpc_error_t grpc_function_handle_get_from_session_np(grpc_function_handle_t** handle,
                                                                  grpc_sessionid_t sessionID);
/* Ninf-G. grpc_function_handle_default for each of `count` handles. On failure none is left. */
GRIDRPC_API grpc_error_t grpc_function_handle_array_default_np(grpc_function_handle_t* handles,
                                                               size_t count,
                                                               GRIDRPC_TEXT func_name);
/* Ninf-G. grpc_function_handle_init for each of `count` handles. On failure none is left. */
GRIDRPC_API grpc_error_t grpc_function_handle_array_init_np(grpc_function_handle_t* handles,
                                                            size_t count, GRIDRPC_TEXT server_name,
                                                            GRIDRPC_TEXT func_name);
/* Ninf-G. grpc_function_handle_destruct for each of `count` handles; the first failure's code. */
GRIDRPC_API grpc_error_t grpc_function_handle_array_destruct_np(grpc_function_handle_t* handles,
                                                                size_t count);

#ifdef __cplusplus
}
#endif

#include "grpc_data.h"

#endif
