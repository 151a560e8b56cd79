/* The 52 cases of GFD-E.102, "Interoperability Testing for the GridRPC API Specification": passing
 * all of them is what "GridRPC (GFD-R.52) compliant" means. Written from the text; with nothing but
 * grpc.h, so that it can be tried on any implementation whose servers offer
 *
 *     SUCC(IN int, OUT int = in + 1)   SLEEP(IN int seconds)
 *     EXIT(IN int)  its solve function fails      LOOP(IN int)  runs 10 s or until it is cancelled
 *
 * usage: gfd_e_102 CONFIG_FILE SERVER [PREFIX]     PREFIX of the services' names, as "testing/" */
#include <stdio.h>

#include "cases.h"

static char* config;
static char* server;
static char succ_name[100], sleep_name[100], exit_name[100], loop_name[100];

static grpc_function_handle_t succ_handle, sleep_handle, exit_handle, loop_handle;
static int ready;

/* -- before and after each case -------------------------------------------------------------- */

/* Cases that try functions before grpc_initialize end what was begun here. */
static void begin(void) {
    ready = want("grpc_initialize", grpc_initialize(config), GRPC_NO_ERROR) &&
            want("handle SUCC", grpc_function_handle_default(&succ_handle, succ_name), 0) &&
            want("handle SLEEP", grpc_function_handle_default(&sleep_handle, sleep_name), 0) &&
            want("handle EXIT", grpc_function_handle_default(&exit_handle, exit_name), 0) &&
            want("handle LOOP", grpc_function_handle_default(&loop_handle, loop_name), 0);
}

static void end(void) {
    if (ready) grpc_finalize();
    ready = 0;
}

static void not_initialized(const char* what, grpc_error_t got) {
    want(what, got, GRPC_NOT_INITIALIZED);
}

/* -- calls ----------------------------------------------------------------------------------- */

static int result;

static grpc_sessionid_t started(const char* what, grpc_error_t code, grpc_sessionid_t id) {
    want(what, code, GRPC_NO_ERROR);
    return id;
}

static grpc_sessionid_t start_succ(void) {
    grpc_sessionid_t id = GRPC_SESSIONID_VOID;
    grpc_error_t code;
    result = 0;
    code = grpc_call_async(&succ_handle, &id, 41, &result);
    return started("start SUCC", code, id);
}

static grpc_sessionid_t start_sleep(int seconds) {
    grpc_sessionid_t id = GRPC_SESSIONID_VOID;
    const grpc_error_t code = grpc_call_async(&sleep_handle, &id, seconds);
    return started("start SLEEP", code, id);
}

static grpc_sessionid_t start_exit(void) {
    grpc_sessionid_t id = GRPC_SESSIONID_VOID;
    const grpc_error_t code = grpc_call_async(&exit_handle, &id, 1);
    return started("start EXIT", code, id);
}

static grpc_sessionid_t start_loop(void) {
    grpc_sessionid_t id = GRPC_SESSIONID_VOID;
    const grpc_error_t code = grpc_call_async(&loop_handle, &id, 1);
    return started("start LOOP", code, id);
}

static void until_completed(grpc_sessionid_t id) {
    while (grpc_probe(id) == GRPC_NOT_COMPLETED) {
    }
}

/* An id that names no session. */
static grpc_sessionid_t invalid(void) {
    grpc_sessionid_t id = start_succ();
    want("wait for SUCC", grpc_wait(id), GRPC_NO_ERROR);
    return id + 1000;
}

/* -- 3.1 Initializing and finalizing --------------------------------------------------------- */

static void initialize(void) {
    end();
    ready = want("grpc_initialize", grpc_initialize(config), GRPC_NO_ERROR);
}
static void initialize_twice(void) {
    want("the second grpc_initialize", grpc_initialize(config), GRPC_ALREADY_INITIALIZED);
    want("SUCC afterwards", grpc_call(&succ_handle, 1, &result), GRPC_NO_ERROR);
}
static void finalize(void) {
    want("grpc_finalize", grpc_finalize(), GRPC_NO_ERROR);
    ready = 0;
}
static void finalize_first(void) {
    end();
    not_initialized("grpc_finalize", grpc_finalize());
}

/* -- 3.2 Function handles -------------------------------------------------------------------- */

static void handle_default(void) {
    grpc_function_handle_t handle;
    want("handle", grpc_function_handle_default(&handle, succ_name), GRPC_NO_ERROR);
    want("call", grpc_call(&handle, 1, &result), GRPC_NO_ERROR);
    check("SUCC(1) is not 2", result == 2);
    want("destruct", grpc_function_handle_destruct(&handle), GRPC_NO_ERROR);
}
static void handle_default_first(void) {
    grpc_function_handle_t handle;
    end();
    not_initialized("handle", grpc_function_handle_default(&handle, succ_name));
}
static void handle_init(void) {
    grpc_function_handle_t handle;
    want("handle", grpc_function_handle_init(&handle, server, succ_name), GRPC_NO_ERROR);
    want("call", grpc_call(&handle, 2, &result), GRPC_NO_ERROR);
    check("SUCC(2) is not 3", result == 3);
    want("destruct", grpc_function_handle_destruct(&handle), GRPC_NO_ERROR);
}
static void handle_init_first(void) {
    grpc_function_handle_t handle;
    end();
    not_initialized("handle", grpc_function_handle_init(&handle, server, succ_name));
}
static void handle_destruct(void) {
    grpc_function_handle_t handle;
    want("handle", grpc_function_handle_default(&handle, succ_name), GRPC_NO_ERROR);
    want("destruct", grpc_function_handle_destruct(&handle), GRPC_NO_ERROR);
}
static void handle_destruct_first(void) {
    end();
    not_initialized("destruct", grpc_function_handle_destruct(&succ_handle));
}
static void get_handle(void) {
    grpc_function_handle_t* handle = NULL;
    const grpc_sessionid_t id = start_succ();
    want("get_handle", grpc_get_handle(&handle, id), GRPC_NO_ERROR);
    check("it is not the handle of the call", handle == &succ_handle);
    want("wait", grpc_wait(id), GRPC_NO_ERROR);
    want("a call through it", grpc_call(handle, 5, &result), GRPC_NO_ERROR);
    check("SUCC(5) is not 6", result == 6);
}
static void get_handle_invalid(void) {
    grpc_function_handle_t* handle = NULL;
    want("get_handle", grpc_get_handle(&handle, invalid()), GRPC_INVALID_SESSION_ID);
}
static void get_handle_first(void) {
    grpc_function_handle_t* handle = NULL;
    end();
    not_initialized("get_handle", grpc_get_handle(&handle, 1));
}

/* -- 3.3 Calls ------------------------------------------------------------------------------- */

static void call(void) {
    result = 0;
    want("call", grpc_call(&succ_handle, 41, &result), GRPC_NO_ERROR);
    check("SUCC(41) is not 42", result == 42);
}
static void call_first(void) {
    end();
    not_initialized("call", grpc_call(&succ_handle, 41, &result));
}
static void call_async(void) {
    const grpc_sessionid_t id = start_succ();
    check("the session id is void", id != GRPC_SESSIONID_VOID);
    want("wait", grpc_wait(id), GRPC_NO_ERROR);
    check("SUCC(41) is not 42", result == 42);
}
static void call_async_first(void) {
    grpc_sessionid_t id;
    end();
    not_initialized("call_async", grpc_call_async(&succ_handle, &id, 41, &result));
}

/* -- 3.4 Waits ------------------------------------------------------------------------------- */

static void wait_one(void) {
    const grpc_sessionid_t id = start_succ();
    want("wait", grpc_wait(id), GRPC_NO_ERROR);
    check("the result is not there", result == 42);
}
static void wait_invalid(void) { want("wait", grpc_wait(invalid()), GRPC_INVALID_SESSION_ID); }
static void wait_first(void) {
    end();
    not_initialized("wait", grpc_wait(1));
}
static void wait_and(void) {
    grpc_sessionid_t ids[2];
    ids[0] = start_succ();
    ids[1] = start_sleep(1);
    want("wait_and", grpc_wait_and(ids, 2), GRPC_NO_ERROR);
    check("the result is not there", result == 42);
}
static void wait_and_invalid(void) {
    grpc_sessionid_t ids[2];
    ids[1] = invalid();
    ids[0] = start_succ();
    want("wait_and", grpc_wait_and(ids, 2), GRPC_INVALID_SESSION_ID);
}
static void wait_and_first(void) {
    grpc_sessionid_t ids[1] = {1};
    end();
    not_initialized("wait_and", grpc_wait_and(ids, 1));
}
static void wait_or(void) {
    grpc_sessionid_t ids[2], done = GRPC_SESSIONID_VOID;
    ids[0] = start_loop();
    ids[1] = start_succ();
    want("wait_or", grpc_wait_or(ids, 2, &done), GRPC_NO_ERROR);
    check("it is not the session that has ended", done == ids[1]);
}
static void wait_or_invalid(void) {
    grpc_sessionid_t ids[2], done;
    ids[1] = invalid();
    ids[0] = start_succ();
    want("wait_or", grpc_wait_or(ids, 2, &done), GRPC_INVALID_SESSION_ID);
}
static void wait_or_first(void) {
    grpc_sessionid_t ids[1] = {1}, done;
    end();
    not_initialized("wait_or", grpc_wait_or(ids, 1, &done));
}
static void wait_all(void) {
    start_sleep(1);
    start_succ();
    want("wait_all", grpc_wait_all(), GRPC_NO_ERROR);
    check("the result is not there", result == 42);
}
static void wait_all_first(void) {
    end();
    not_initialized("wait_all", grpc_wait_all());
}
static void wait_any(void) {
    grpc_sessionid_t done = GRPC_SESSIONID_VOID;
    const grpc_sessionid_t id = start_succ();
    start_loop();
    want("wait_any", grpc_wait_any(&done), GRPC_NO_ERROR);
    check("it is not the session that has ended", done == id);
}
static void wait_any_first(void) {
    grpc_sessionid_t done;
    end();
    not_initialized("wait_any", grpc_wait_any(&done));
}

/* -- 3.5 Probes ------------------------------------------------------------------------------ */

static void probe(void) {
    const grpc_sessionid_t id = start_succ();
    until_completed(id);
    want("probe", grpc_probe(id), GRPC_NO_ERROR);
}
static void probe_running(void) { want("probe", grpc_probe(start_loop()), GRPC_NOT_COMPLETED); }
static void probe_invalid(void) { want("probe", grpc_probe(invalid()), GRPC_INVALID_SESSION_ID); }
static void probe_first(void) {
    end();
    not_initialized("probe", grpc_probe(1));
}
static void probe_or(void) {
    grpc_sessionid_t ids[2], done = GRPC_SESSIONID_VOID;
    ids[0] = start_loop();
    ids[1] = start_succ();
    until_completed(ids[1]);
    want("probe_or", grpc_probe_or(ids, 2, &done), GRPC_NO_ERROR);
    check("it is not the session that has ended", done == ids[1]);
}
static void probe_or_running(void) {
    grpc_sessionid_t ids[2], done = 1;
    ids[0] = start_loop();
    ids[1] = start_sleep(5);
    want("probe_or", grpc_probe_or(ids, 2, &done), GRPC_NONE_COMPLETED);
    check("the id is not void", done == GRPC_SESSIONID_VOID);
}
static void probe_or_invalid(void) {
    grpc_sessionid_t ids[2], done;
    ids[1] = invalid();
    ids[0] = start_succ();
    want("probe_or", grpc_probe_or(ids, 2, &done), GRPC_INVALID_SESSION_ID);
}
static void probe_or_first(void) {
    grpc_sessionid_t ids[1] = {1}, done;
    end();
    not_initialized("probe_or", grpc_probe_or(ids, 1, &done));
}

/* -- 3.6 Cancels ----------------------------------------------------------------------------- */

static void cancel(void) {
    const grpc_sessionid_t id = start_loop();
    want("cancel", grpc_cancel(id), GRPC_NO_ERROR);
    check("the session still runs", grpc_probe(id) != GRPC_NOT_COMPLETED);
}
static void cancel_invalid(void) {
    want("cancel", grpc_cancel(invalid()), GRPC_INVALID_SESSION_ID);
}
static void cancel_first(void) {
    end();
    not_initialized("cancel", grpc_cancel(1));
}
static void cancel_all(void) {
    grpc_sessionid_t ids[2];
    ids[0] = start_loop();
    ids[1] = start_loop();
    want("cancel_all", grpc_cancel_all(), GRPC_NO_ERROR);
    check("the first session still runs", grpc_probe(ids[0]) != GRPC_NOT_COMPLETED);
    check("the second session still runs", grpc_probe(ids[1]) != GRPC_NOT_COMPLETED);
}
static void cancel_all_first(void) {
    end();
    not_initialized("cancel_all", grpc_cancel_all());
}

/* -- 3.7 Errors ------------------------------------------------------------------------------ */

static void error_string(void) {
    check("of GRPC_NO_ERROR", strcmp(grpc_error_string(GRPC_NO_ERROR), "GRPC_NO_ERROR") == 0);
    check("of GRPC_SESSION_FAILED",
          strcmp(grpc_error_string(GRPC_SESSION_FAILED), "GRPC_SESSION_FAILED") == 0);
}
static void error_string_unknown(void) {
    check("of 987654", strcmp(grpc_error_string(987654), "GRPC_UNKNOWN_ERROR_CODE") == 0);
    check("of -7", strcmp(grpc_error_string(-7), "GRPC_UNKNOWN_ERROR_CODE") == 0);
}
static void get_error(void) {
    const grpc_sessionid_t good = start_succ(), bad = start_exit();
    until_completed(good);
    until_completed(bad);
    want("of a success", grpc_get_error(good), GRPC_NO_ERROR);
    want("of a failure", grpc_get_error(bad), GRPC_SESSION_FAILED);
}
static void get_error_invalid(void) {
    want("get_error", grpc_get_error(invalid()), GRPC_INVALID_SESSION_ID);
}
static void get_error_first(void) {
    end();
    not_initialized("get_error", grpc_get_error(1));
}
static void no_failed_session(void) {
    grpc_sessionid_t id = 1;
    start_succ();
    want("wait_all", grpc_wait_all(), GRPC_NO_ERROR);
    want("get_failed_sessionid", grpc_get_failed_sessionid(&id), GRPC_NO_ERROR);
    check("the id is not void", id == GRPC_SESSIONID_VOID);
}
static void one_failed_session(void) {
    grpc_sessionid_t id = GRPC_SESSIONID_VOID;
    const grpc_sessionid_t bad = start_exit();
    start_succ();
    want("wait_all", grpc_wait_all(), GRPC_SESSION_FAILED);
    want("get_failed_sessionid", grpc_get_failed_sessionid(&id), GRPC_NO_ERROR);
    check("it is not the session that failed", id == bad);
}
static void failed_sessions(void) {
    grpc_sessionid_t bad[3], id = GRPC_SESSIONID_VOID;
    int i, j, seen[3] = {0, 0, 0};
    for (i = 0; i < 3; ++i) bad[i] = start_exit();
    want("wait_and", grpc_wait_and(bad, 3), GRPC_SESSION_FAILED);
    for (i = 0; i < 3; ++i) {
        want("get_failed_sessionid", grpc_get_failed_sessionid(&id), GRPC_NO_ERROR);
        for (j = 0; j < 3; ++j) seen[j] += bad[j] == id;
    }
    check("not each of them was told once", seen[0] == 1 && seen[1] == 1 && seen[2] == 1);
    want("the last get_failed_sessionid", grpc_get_failed_sessionid(&id), GRPC_NO_ERROR);
    check("the id is not void afterwards", id == GRPC_SESSIONID_VOID);
}
static void failed_sessionid_first(void) {
    grpc_sessionid_t id;
    end();
    not_initialized("get_failed_sessionid", grpc_get_failed_sessionid(&id));
}

static const conformance_case cases[] = {
    {"3.1.2-1", "grpc_initialize() with a correct configuration file", initialize},
    {"3.1.2-2", "grpc_initialize() twice", initialize_twice},
    {"3.1.2-3", "grpc_finalize() in the right way", finalize},
    {"3.1.2-4", "grpc_finalize() before grpc_initialize()", finalize_first},
    {"3.2.2-1", "grpc_function_handle_default() with an available function", handle_default},
    {"3.2.2-2", "grpc_function_handle_default() before grpc_initialize()", handle_default_first},
    {"3.2.2-3", "grpc_function_handle_init() with an available function and server", handle_init},
    {"3.2.2-4", "grpc_function_handle_init() before grpc_initialize()", handle_init_first},
    {"3.2.2-5", "grpc_function_handle_destruct() in the right way", handle_destruct},
    {"3.2.2-6", "grpc_function_handle_destruct() before grpc_initialize()", handle_destruct_first},
    {"3.2.2-7", "grpc_get_handle() with a valid session ID", get_handle},
    {"3.2.2-8", "grpc_get_handle() with an invalid session ID", get_handle_invalid},
    {"3.2.2-9", "grpc_get_handle() before grpc_initialize()", get_handle_first},
    {"3.3.2-1", "grpc_call() with an initialized handle and valid arguments", call},
    {"3.3.2-2", "grpc_call() before grpc_initialize()", call_first},
    {"3.3.2-3", "grpc_call_async() with an initialized handle and valid arguments", call_async},
    {"3.3.2-4", "grpc_call_async() before grpc_initialize()", call_async_first},
    {"3.4.2-1", "grpc_wait() with a valid session ID", wait_one},
    {"3.4.2-2", "grpc_wait() with an invalid session ID", wait_invalid},
    {"3.4.2-3", "grpc_wait() before grpc_initialize()", wait_first},
    {"3.4.2-4", "grpc_wait_and() with valid session IDs", wait_and},
    {"3.4.2-5", "grpc_wait_and() with an invalid session ID among them", wait_and_invalid},
    {"3.4.2-6", "grpc_wait_and() before grpc_initialize()", wait_and_first},
    {"3.4.2-7", "grpc_wait_or() with valid session IDs", wait_or},
    {"3.4.2-8", "grpc_wait_or() with an invalid session ID among them", wait_or_invalid},
    {"3.4.2-9", "grpc_wait_or() before grpc_initialize()", wait_or_first},
    {"3.4.2-10", "grpc_wait_all() in the right way", wait_all},
    {"3.4.2-11", "grpc_wait_all() before grpc_initialize()", wait_all_first},
    {"3.4.2-12", "grpc_wait_any() in the right way", wait_any},
    {"3.4.2-13", "grpc_wait_any() before grpc_initialize()", wait_any_first},
    {"3.5.2-1", "grpc_probe() with a completed session", probe},
    {"3.5.2-2", "grpc_probe() with a session that is not completed", probe_running},
    {"3.5.2-3", "grpc_probe() with an invalid session ID", probe_invalid},
    {"3.5.2-4", "grpc_probe() before grpc_initialize()", probe_first},
    {"3.5.2-5", "grpc_probe_or() with at least one completed session", probe_or},
    {"3.5.2-6", "grpc_probe_or() without a completed session", probe_or_running},
    {"3.5.2-7", "grpc_probe_or() with an invalid session ID among them", probe_or_invalid},
    {"3.5.2-8", "grpc_probe_or() before grpc_initialize()", probe_or_first},
    {"3.6.2-1", "grpc_cancel() with a valid session ID", cancel},
    {"3.6.2-2", "grpc_cancel() with an invalid session ID", cancel_invalid},
    {"3.6.2-3", "grpc_cancel() before grpc_initialize()", cancel_first},
    {"3.6.2-4", "grpc_cancel_all() in the right way", cancel_all},
    {"3.6.2-5", "grpc_cancel_all() before grpc_initialize()", cancel_all_first},
    {"3.7.2-1", "grpc_error_string() with a defined error code", error_string},
    {"3.7.2-2", "grpc_error_string() with a code that is not defined", error_string_unknown},
    {"3.7.2-3", "grpc_get_error() with a valid session ID", get_error},
    {"3.7.2-4", "grpc_get_error() with an invalid session ID", get_error_invalid},
    {"3.7.2-5", "grpc_get_error() before grpc_initialize()", get_error_first},
    {"3.7.2-6", "grpc_get_failed_sessionid() without a failed session", no_failed_session},
    {"3.7.2-7", "grpc_get_failed_sessionid() with one failed session", one_failed_session},
    {"3.7.2-8", "grpc_get_failed_sessionid() until all failed sessions are told", failed_sessions},
    {"3.7.2-9", "grpc_get_failed_sessionid() before grpc_initialize()", failed_sessionid_first},
};

int main(int argc, char** argv) {
    const char* prefix = argc > 3 ? argv[3] : "";
    if (argc < 3) {
        fprintf(stderr, "usage: gfd_e_102 CONFIG_FILE SERVER [PREFIX]\n");
        return 2;
    }
    config = argv[1];
    server = argv[2];
    snprintf(succ_name, sizeof succ_name, "%sSUCC", prefix);
    snprintf(sleep_name, sizeof sleep_name, "%sSLEEP", prefix);
    snprintf(exit_name, sizeof exit_name, "%sEXIT", prefix);
    snprintf(loop_name, sizeof loop_name, "%sLOOP", prefix);
    return run_cases(cases, sizeof cases / sizeof *cases, begin, end);
}
