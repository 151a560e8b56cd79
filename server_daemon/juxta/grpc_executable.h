/* For services written for Ninf-G: whether the call that runs was cancelled. C and C++; links with
 * nothing. Needs POSIX's signals: not with -std=c99 alone, but with -std=gnu99 or _POSIX_C_SOURCE.
 */
#ifndef JUXTA_GRPC_EXECUTABLE_H
#define JUXTA_GRPC_EXECUTABLE_H

#include <signal.h>

/* Ninf-G. 1 if the call was cancelled or its deadline has passed, 0 if not. A cancel ends a service
 * at once, unless it asks: from the first question on it has 200 ms, from the cancel, to end by
 * itself; its results do not count. `error` (may be null; grpc_error_t is an int) is set to
 * GRPC_NO_ERROR. On the thread that runs the service. */
static inline int grpc_is_canceled_np(int* error) {
    sigset_t cancel, pending;
    sigemptyset(&cancel);
    sigaddset(&cancel, SIGTERM);
    sigprocmask(SIG_BLOCK, &cancel, 0);
    sigemptyset(&pending);
    sigpending(&pending);
    if (error) *error = 0;
    return sigismember(&pending, SIGTERM) == 1;
}

#endif
