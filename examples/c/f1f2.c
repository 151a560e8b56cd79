/* C = f1(A, B), then D = f2(B, C), in C99 with GridRPC. A, B and C stay in the platform.
 *
 *     f1f2 A B D     of data A and B that are in the platform, by name; the result is named D
 *     f1f2           of two matrices of its own; D comes back and is checked */
#include <stdlib.h>

#include "grpc.h"
#include "juxta_c.h"

enum { N = 64 };

static void check(grpc_error_t code, const char* what) {
    if (code == GRPC_NO_ERROR) return;
    fprintf(stderr, "%s: %s: %s\n", what, grpc_error_string(code), juxta_last_error());
    exit(1);
}

/* *data_d is a place for D. */
static void compute(grpc_data_t data_a, grpc_data_t data_b, grpc_data_t* data_d) {
    grpc_function_handle_t f1, f2;
    grpc_data_t data_c;
    grpc_sessionid_t session;

    check(grpc_function_handle_default(&f1, "f1"), "f1");
    check(grpc_function_handle_default(&f2, "f2"), "f2");
    check(juxta_data_output(&data_c, NULL), "C");

    check(grpc_call(&f1, data_a, data_b, &data_c), "C = f1(A, B)");
    printf("C is %s\n", juxta_data_id(data_c));
    check(grpc_call_async(&f2, &session, data_b, data_c, data_d), "D = f2(B, C)");
    check(grpc_wait(session), "waiting for D");
    printf("D is %s\n", juxta_data_id(*data_d));

    check(grpc_function_handle_destruct(&f1), "f1");
    check(grpc_function_handle_destruct(&f2), "f2");
}

static void compute_named(const char* a, const char* b, const char* d) {
    grpc_data_t data_a, data_b, data_d;

    check(juxta_data_open(&data_a, a), a);
    check(juxta_data_open(&data_b, b), b);
    check(juxta_data_output(&data_d, d), d);
    compute(data_a, data_b, &data_d);
}

/* Returns how many elements of D are wrong. */
static int compute_own(void) {
    static double a[N * N], b[N * N], d[N * N];
    grpc_data_t data_a, data_b, data_d;
    int i, j, k, wrong = 0;

    for (i = 0; i < N; ++i) {
        for (j = 0; j < N; ++j) {
            a[i * N + j] = i == j ? 2.0 : 0.0;   /* A = 2 I, so that C = A B = 2 B */
            b[i * N + j] = (i * 7 + j * 3) % 11; /* and D = B C = 2 B B */
        }
    }
    check(juxta_data_put_double(&data_a, N, N, a, NULL), "put A");
    check(juxta_data_put_double(&data_b, N, N, b, NULL), "put B");
    check(juxta_data_output(&data_d, NULL), "D");
    compute(data_a, data_b, &data_d);
    check(juxta_data_get_double(data_d, d, N * N), "get D");

    for (i = 0; i < N; ++i) {
        for (j = 0; j < N; ++j) {
            double sum = 0;
            for (k = 0; k < N; ++k) sum += b[i * N + k] * b[k * N + j];
            if (d[i * N + j] != 2 * sum) ++wrong; /* small integers: exact */
        }
    }
    printf("D = f2(B, C): %d of %d elements are wrong\n", wrong, N * N);
    check(juxta_data_free(&data_a), "free A");
    check(juxta_data_free(&data_b), "free B");
    return wrong;
}

int main(int argc, char** argv) {
    int wrong = 0;

    if (argc != 1 && argc != 4) {
        fprintf(stderr, "usage: f1f2 [A B D]\n");
        return 2;
    }
    check(grpc_initialize(NULL), "grpc_initialize");
    if (argc == 4) {
        compute_named(argv[1], argv[2], argv[3]);
    } else {
        wrong = compute_own();
    }
    check(grpc_finalize(), "grpc_finalize");
    return wrong != 0;
}
