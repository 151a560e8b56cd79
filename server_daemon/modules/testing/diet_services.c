#define _POSIX_C_SOURCE 200809L
#include "diet_services.h"

#include <time.h>

static const int kLoopSeconds = 10;
static const int kExitCode = 10;

static void pause_for(int seconds) {
    struct timespec left = {seconds, 0};
    while (nanosleep(&left, &left) != 0) {
    }
}

static int succ(juxta_call* call, void* context) {
    (void)context;
    return juxta_call_set_int32(call, 1, (int32_t)((uint32_t)juxta_call_int32(call, 0) + 1u));
}

static int sleep_seconds(juxta_call* call, void* context) {
    const int32_t seconds = juxta_call_int32(call, 0);
    (void)context;
    if (seconds < 0) {
        juxta_call_fail(call, "a negative number of seconds");
        return 1;
    }
    pause_for(seconds);
    return 0;
}

static int exit_with_code(juxta_call* call, void* context) {
    (void)call;
    (void)context;
    return kExitCode;
}

static int loop(juxta_call* call, void* context) {
    (void)call;
    (void)context;
    pause_for(kLoopSeconds);
    return 0;
}

static int add_service(juxta_registry* registry, const char* name, const char* argument,
                       const char* result, juxta_solve solve) {
    juxta_profile* profile = juxta_profile_new(registry, name);
    juxta_profile_add_argument(profile, argument, JUXTA_IN, JUXTA_INT32, JUXTA_SCALAR);
    if (result != NULL) {
        juxta_profile_add_argument(profile, result, JUXTA_OUT, JUXTA_INT32, JUXTA_SCALAR);
    }
    return juxta_profile_register(profile, solve, NULL);
}

int testing_register_diet_services(juxta_registry* registry) {
    int refused = add_service(registry, "SUCC", "in", "out", succ);
    refused += add_service(registry, "SLEEP", "seconds", NULL, sleep_seconds);
    refused += add_service(registry, "EXIT", "in", NULL, exit_with_code);
    refused += add_service(registry, "LOOP", "in", NULL, loop);
    return refused;
}
