#include "cases.h"

#include <stdio.h>

static char why[500];

int check(const char* what, int holds) {
    if (!holds && why[0] == '\0') snprintf(why, sizeof why, "%s", what);
    return holds;
}

int want(const char* what, grpc_error_t got, grpc_error_t wanted) {
    char text[400];
    snprintf(text, sizeof text, "%s: %s (%d), wanted %s", what, grpc_error_string(got), (int)got,
             grpc_error_string(wanted));
    return check(text, got == wanted);
}

int run_cases(const conformance_case* cases, size_t count, void (*before)(void),
              void (*after)(void)) {
    size_t i, failed = 0;
    for (i = 0; i < count; ++i) {
        why[0] = '\0';
        before();
        if (why[0] == '\0') cases[i].run();
        after();
        if (why[0] != '\0') ++failed;
        printf("%s\t%s\t%s\t%s\n", cases[i].clause, why[0] == '\0' ? "pass" : "fail", cases[i].says,
               why);
        fflush(stdout);
    }
    fprintf(stderr, "%lu of %lu cases passed\n", (unsigned long)(count - failed),
            (unsigned long)count);
    return failed == 0 ? 0 : 1;
}
