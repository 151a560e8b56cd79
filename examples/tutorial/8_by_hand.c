/* A service described by hand, in C: total(IN int n, IN double x[n], OUT double total). */
#include <juxta/service.h>

static int total(juxta_call* call, void* context) {
    const int32_t n = juxta_call_int32(call, 0);
    const double* x = (const double*)juxta_call_data(call, 1);
    double sum = 0;
    int32_t i;
    (void)context;
    for (i = 0; i < n; ++i) sum += x[i];
    return juxta_call_set_double(call, 2, sum);
}

JUXTA_EXPORT int juxta_module_c(juxta_registry* registry);
JUXTA_EXPORT int juxta_module_c(juxta_registry* registry) {
    juxta_profile* profile = juxta_profile_new(registry, "total");
    juxta_profile_add_argument(profile, "n", JUXTA_IN, JUXTA_INT32, JUXTA_SCALAR);
    juxta_profile_add_argument(profile, "x[n]", JUXTA_IN, JUXTA_DOUBLE, JUXTA_VECTOR);
    juxta_profile_add_argument(profile, "total", JUXTA_OUT, JUXTA_DOUBLE, JUXTA_SCALAR);
    return juxta_profile_register(profile, total, NULL);
}
