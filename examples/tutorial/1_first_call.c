/* The first call: SUCC(IN int, OUT int) of the module `testing`, and what happens when one fails.
 */
#include "grpc.h"
#include "juxta_c.h"

int main(int argc, char** argv) {
    grpc_function_handle_t succ;
    int result = 0;

    /* The platform of this file, or the one started last. */
    if (grpc_initialize(argc > 1 ? argv[1] : NULL) != GRPC_NO_ERROR) {
        fprintf(stderr, "%s\n", juxta_last_error());
        return 1;
    }
    if (grpc_function_handle_default(&succ, "testing/SUCC") != GRPC_NO_ERROR) {
        grpc_perror("testing/SUCC");
        return 1;
    }
    if (grpc_call(&succ, 41, &result) != GRPC_NO_ERROR) {
        grpc_perror("SUCC");
        return 1;
    }
    printf("SUCC(41) is %d\n", result);

    /* A code says what kind of failure it was, juxta_last_error() why and what to do. */
    if (grpc_function_handle_default(&succ, "no/such_service") == GRPC_FUNCTION_NOT_FOUND)
        printf("as expected: %s\n", juxta_last_error());
    return grpc_finalize() != GRPC_NO_ERROR || result != 42;
}
