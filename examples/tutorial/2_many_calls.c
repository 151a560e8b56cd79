/* Many calls at once: each has a session; results are taken as they come; one call is cancelled. */
#include "grpc.h"

enum { CALLS = 8 };

int main(void) {
    grpc_function_handle_t succ, loop;
    grpc_sessionid_t ids[CALLS], endless, id;
    int results[CALLS], i, done = 0, sum = 0;

    if (grpc_initialize(NULL) != GRPC_NO_ERROR) return 1;
    grpc_function_handle_default(&succ, "testing/SUCC");
    grpc_function_handle_default(&loop, "testing/LOOP");

    grpc_call_async(&loop, &endless, 1);
    for (i = 0; i < CALLS; ++i) grpc_call_async(&succ, &ids[i], i, &results[i]);

    while (done < CALLS && grpc_wait_or(ids, CALLS - done, &id) == GRPC_NO_ERROR) {
        ++done;
        /* A session that was told of is none any more: take it out of the list. */
        for (i = 0; ids[i] != id; ++i) {
        }
        ids[i] = ids[CALLS - done];
    }
    for (i = 0; i < CALLS; ++i) sum += results[i];
    printf("%d calls, their results add up to %d\n", done, sum);

    grpc_cancel(endless);
    if (grpc_wait(endless) == GRPC_SESSION_FAILED)
        printf("the last one ended with %s\n", grpc_error_string(grpc_get_error(endless)));
    grpc_finalize();
    return sum != CALLS * (CALLS + 1) / 2;
}
