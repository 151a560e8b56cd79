/* What the conformance programs share: a table of cases, each of a clause, run one after the other.
 *
 * A case is a function that calls `want` and `check` for what the clause says; the first that does
 * not hold is its reason to fail. Output: one line a case, separated by tabs: clause, "pass" or
 * "fail", what the case says, and why it failed. Exit code 0 if all passed.
 *
 * C99; needs a GridRPC implementation's "grpc.h" and nothing else. */
#ifndef JUXTA_TESTS_CONFORMANCE_CASES_H
#define JUXTA_TESTS_CONFORMANCE_CASES_H

#include "grpc.h"

typedef struct conformance_case {
    const char* clause;
    const char* says;
    void (*run)(void);
} conformance_case;

/* The value is what is wanted, or the case fails: `what` was `got`. Returns 1 if it holds. */
int want(const char* what, grpc_error_t got, grpc_error_t wanted);
int check(const char* what, int holds);

/* Before and after each case; may call want and check. */
int run_cases(const conformance_case* cases, size_t count, void (*before)(void),
              void (*after)(void));

#endif
