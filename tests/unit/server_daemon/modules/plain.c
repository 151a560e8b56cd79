/* A module in C99, as its users write it. */
#include "server_daemon/juxta/service_c.h"

static int dot(juxta_call* call, void* context) {
    const double* a = (const double*)juxta_call_data(call, 0);
    const double* b = (const double*)juxta_call_data(call, 1);
    const uint64_t n = juxta_call_size(call, 0);
    double sum = 0;
    uint64_t i;
    (void)context;
    if (juxta_call_size(call, 1) != n) {
        juxta_call_fail(call, "the vectors differ in length");
        return 1;
    }
    for (i = 0; i < n; ++i) sum += a[i] * b[i];
    return juxta_call_set_double(call, 2, sum);
}

static int identity(juxta_call* call, void* context) {
    const uint64_t n = (uint64_t)juxta_call_int64(call, 0);
    double* matrix = (double*)juxta_call_allocate_matrix(call, 1, n, n);
    uint64_t i;
    (void)context;
    if (matrix == NULL) return 1;
    for (i = 0; i < n * n; ++i) matrix[i] = i % (n + 1) == 0 ? 1 : 0;
    return 0;
}

/* y = alpha x, by a profile that tells the sizes; *seen is 1 where the pointers are null. */
static int scale_plain(juxta_call* call, void* context) {
    const double* x = (const double*)juxta_call_data(call, 2);
    const int32_t n = juxta_call_int32(call, 0);
    void* y = NULL;
    int32_t i;
    (void)context;
    if (juxta_call_make_output(call, 3, &y) != 0) return 1;
    for (i = 0; i < n; ++i) ((double*)y)[i] = juxta_call_double(call, 1) * x[i];
    return juxta_call_set_int32(call, 4, x == NULL && y == NULL);
}

static int code(juxta_call* call, void* context) {
    (void)call;
    return *(const int*)context;
}

static int mistaken(juxta_call* call, void* context) {
    (void)context;
    juxta_call_data(call, 7);
    return 0;
}

static const int kCode = 42;

static double inline_bytes(const juxta_metric_question* question, void* context) {
    (void)context;
    return (double)question->inline_bytes;
}

JUXTA_EXPORT int juxta_module_c(juxta_registry* registry);
JUXTA_EXPORT int juxta_module_c(juxta_registry* registry) {
    int refused = 0;
    juxta_profile* profile = juxta_profile_new(registry, "dot");
    juxta_profile_add_argument(profile, "a", JUXTA_IN, JUXTA_DOUBLE, JUXTA_VECTOR);
    juxta_profile_add_argument(profile, "b", JUXTA_IN, JUXTA_DOUBLE, JUXTA_VECTOR);
    juxta_profile_add_argument(profile, "sum", JUXTA_OUT, JUXTA_DOUBLE, JUXTA_SCALAR);
    refused += juxta_profile_register(profile, dot, NULL);
    profile = juxta_profile_new(registry, "identity");
    juxta_profile_add_argument(profile, "n", JUXTA_IN, JUXTA_INT64, JUXTA_SCALAR);
    juxta_profile_add_argument(profile, "matrix", JUXTA_OUT, JUXTA_DOUBLE, JUXTA_MATRIX);
    refused += juxta_profile_register(profile, identity, NULL);
    profile = juxta_profile_new(registry, "scale_plain");
    juxta_profile_add_argument(profile, "n", JUXTA_IN, JUXTA_INT32, JUXTA_SCALAR);
    juxta_profile_add_argument(profile, "alpha", JUXTA_IN, JUXTA_DOUBLE, JUXTA_SCALAR);
    juxta_profile_add_argument(profile, "x[n]", JUXTA_IN, JUXTA_DOUBLE, JUXTA_VECTOR);
    juxta_profile_add_argument(profile, "y[n]", JUXTA_OUT, JUXTA_DOUBLE, JUXTA_VECTOR);
    juxta_profile_add_argument(profile, "seen", JUXTA_OUT, JUXTA_INT32, JUXTA_SCALAR);
    refused += juxta_profile_register(profile, scale_plain, NULL);
    profile = juxta_profile_new(registry, "code");
    juxta_profile_never_retry(profile);
    refused += juxta_profile_register(profile, code, (void*)&kCode);
    profile = juxta_profile_new(registry, "mistaken");
    refused += juxta_profile_register(profile, mistaken, NULL);
    refused += juxta_register_metric(registry, "inline_bytes", inline_bytes, NULL);
    return refused;
}
