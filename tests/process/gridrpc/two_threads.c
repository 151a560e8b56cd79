/* Two threads with many requests each: calls that succeed, fail, are cancelled, are waited for one
 * by one and in sets. Every session must end once, and be told once.
 *
 * usage: two_threads [REQUESTS of each thread] */
#include <pthread.h>

#include "grpc.h"

enum { SET = 10 };

typedef enum { SUCCEEDS, FAILS, LOOPS } kind;

typedef struct request {
    grpc_sessionid_t id;
    kind is;
    int cancelled, in, out;
} request;

typedef struct worker {
    int requests;
    unsigned seed;
    grpc_function_handle_t handles[3];
    int succeeded, failed, cancelled, wrong;
} worker;

static unsigned dice(worker* me, unsigned sides) {
    me->seed = me->seed * 1103515245u + 12345u;
    return (me->seed >> 16) % sides;
}

static void must_be(worker* me, int holds, const char* what, grpc_error_t code) {
    if (holds) return;
    ++me->wrong;
    printf("wrong: %s: %s\n", what, grpc_error_string(code));
}

static void start(worker* me, request* one, int in) {
    const unsigned roll = dice(me, 40);
    grpc_error_t code;
    one->is = roll == 0 ? LOOPS : roll < 5 ? FAILS : SUCCEEDS;
    one->in = in;
    one->out = 0;
    code = one->is == SUCCEEDS
               ? grpc_call_async(&me->handles[SUCCEEDS], &one->id, one->in, &one->out)
               : grpc_call_async(&me->handles[one->is], &one->id, 1);
    must_be(me, code == GRPC_NO_ERROR, "a call", code);
    /* Those that loop are always cancelled, others now and then, perhaps too late. */
    one->cancelled = one->is == LOOPS || dice(me, 8) == 0;
}

/* What a wait told of this session is what get_error tells, and a success is over then. */
static void settle(worker* me, const request* one, grpc_error_t told) {
    const grpc_error_t why = grpc_get_error(one->id);
    if (told == GRPC_NO_ERROR) {
        ++me->succeeded;
        must_be(me, one->is == SUCCEEDS && one->out == one->in + 1, "a result", told);
        must_be(me, why == GRPC_INVALID_SESSION_ID, "a told success is still known", why);
        must_be(me, grpc_wait(one->id) == GRPC_INVALID_SESSION_ID, "it ended twice", told);
    } else if (why == GRPC_CANCELED_NP && one->cancelled) {
        ++me->cancelled;
    } else {
        ++me->failed;
        must_be(me, why == GRPC_SESSION_FAILED && one->is == FAILS, "how a session failed", why);
    }
}

static void run_set(worker* me, int from) {
    request requests[SET];
    request* open[SET];
    grpc_sessionid_t ids[SET];
    int i, left;
    for (i = 0; i < SET; ++i) {
        open[i] = &requests[i];
        start(me, open[i], from + i);
        ids[i] = open[i]->id;
    }
    for (i = 0; i < SET; ++i) {
        const grpc_error_t code = requests[i].cancelled ? grpc_cancel(ids[i]) : GRPC_NO_ERROR;
        must_be(me, code == GRPC_NO_ERROR, "a cancel", code);
    }
    for (left = SET; left > 0; --left) {
        grpc_sessionid_t id = ids[dice(me, left)];
        grpc_error_t told;
        if (dice(me, 2) == 0) {
            told = grpc_wait(id);
        } else {
            told = grpc_probe_or(ids, left, &id);
            must_be(me, told == GRPC_NO_ERROR || told == GRPC_NONE_COMPLETED, "a probe", told);
            told = grpc_wait_or(ids, left, &id);
        }
        for (i = 0; i < left && ids[i] != id; ++i) {
        }
        must_be(me, i < left, "an id that is not of the set", told);
        if (i == left) return;
        settle(me, open[i], told);
        ids[i] = ids[left - 1];
        open[i] = open[left - 1];
    }
}

static void* work(void* given) {
    worker* me = (worker*)given;
    int done;
    grpc_function_handle_default(&me->handles[SUCCEEDS], "SUCC");
    grpc_function_handle_default(&me->handles[FAILS], "EXIT");
    grpc_function_handle_default(&me->handles[LOOPS], "LOOP");
    for (done = 0; done < me->requests; done += SET) run_set(me, done);
    return NULL;
}

int main(int argc, char** argv) {
    worker workers[2] = {{0, 1, {{0}}, 0, 0, 0, 0}, {0, 2, {{0}}, 0, 0, 0, 0}};
    pthread_t threads[2];
    grpc_sessionid_t id;
    int i, told = 0, failures = 0, wrong = 0;
    if (grpc_initialize(NULL) != GRPC_NO_ERROR) return 2;
    for (i = 0; i < 2; ++i) {
        workers[i].requests = argc > 1 ? atoi(argv[1]) : 1000;
        pthread_create(&threads[i], NULL, work, &workers[i]);
    }
    for (i = 0; i < 2; ++i) {
        const worker* one = &workers[i];
        pthread_join(threads[i], NULL);
        printf("%d succeeded, %d failed, %d were cancelled\n", one->succeeded, one->failed,
               one->cancelled);
        wrong += one->wrong;
        wrong += one->succeeded + one->failed + one->cancelled != one->requests;
        failures += one->failed + one->cancelled;
    }
    while (grpc_get_failed_sessionid(&id) == GRPC_NO_ERROR && id != GRPC_SESSIONID_VOID) ++told;
    wrong += told != failures;
    wrong += grpc_wait_any(&id) != GRPC_NO_ERROR || id != GRPC_SESSIONID_VOID;
    wrong += grpc_finalize() != GRPC_NO_ERROR;
    printf("%d failures, each told once: %d; %d wrong\n", failures, told, wrong);
    return wrong != 0;
}
