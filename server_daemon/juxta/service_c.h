/* Services in C: how a module describes its services to a server daemon, and how a service reaches
 * the arguments of a call. C99; needs nothing but this header, and no library to link with.
 *
 *     static int succ(juxta_call* call, void* context) {
 *         (void)context;
 *         juxta_call_set_int32(call, 1, juxta_call_int32(call, 0) + 1);
 *         return 0;
 *     }
 *
 *     JUXTA_EXPORT int juxta_module_c(juxta_registry* registry) {
 *         juxta_profile* profile = juxta_profile_new(registry, "succ");
 *         juxta_profile_add_argument(profile, "in", JUXTA_IN, JUXTA_INT32, JUXTA_SCALAR);
 *         juxta_profile_add_argument(profile, "out", JUXTA_OUT, JUXTA_INT32, JUXTA_SCALAR);
 *         return juxta_profile_register(profile, succ, NULL);
 *     }
 *
 * A module is a shared object with the entry `juxta_module_c` or, in C++, `juxta_module`
 * (service.h). The server daemon loads it once to learn the profiles, and each worker process once
 * to run them.
 *
 * Arguments are numbered from 0 in the order in which they were added. Arrays are dense, in
 * row-major order. A service fails by returning non-zero (the number is reported) or by calling
 * juxta_call_fail. Accessors that do not fit the argument make the call fail and answer NULL or 0.
 *
 * Threading: one call runs in a process at a time, on its main thread; the accessors belong to it.
 */
#ifndef JUXTA_SERVICE_C_H
#define JUXTA_SERVICE_C_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define JUXTA_EXPORT __attribute__((visibility("default")))

typedef enum juxta_type {
    JUXTA_INT32,
    JUXTA_INT64,
    JUXTA_FLOAT,
    JUXTA_DOUBLE,
    JUXTA_COMPLEX_FLOAT,
    JUXTA_COMPLEX_DOUBLE,
    JUXTA_CHAR,
    JUXTA_STRING,
    JUXTA_FILE
} juxta_type;

typedef enum juxta_rank { JUXTA_SCALAR, JUXTA_VECTOR, JUXTA_MATRIX } juxta_rank;
typedef enum juxta_mode { JUXTA_IN, JUXTA_INOUT, JUXTA_OUT } juxta_mode;

typedef struct juxta_registry juxta_registry;
typedef struct juxta_profile juxta_profile;
typedef struct juxta_call juxta_call;
typedef int (*juxta_solve)(juxta_call* call, void* context);

/* A request that a metric is asked about. `bytes`: of each argument in `names`; 0: not known. */
typedef struct juxta_metric_question {
    const char* service;   /* "MODULE/NAME" */
    uint64_t inline_bytes; /* of what comes with the call */
    size_t arguments;      /* that are data */
    const char* const* names;
    const uint64_t* bytes;
} juxta_metric_question;
typedef double (*juxta_metric)(const juxta_metric_question* question, void* context);

/* What a module and its host share: tables of functions, so that neither needs the other's symbols.
 * Services use the functions below them. */
struct juxta_registry_table {
    juxta_profile* (*profile_new)(juxta_registry*, const char* name);
    void (*add_argument)(juxta_profile*, const char* name, juxta_mode, juxta_type, juxta_rank);
    void (*never_retry)(juxta_profile*);
    int (*add_service)(juxta_profile*, juxta_solve, void* context);
    int (*add_metric)(juxta_registry*, const char* name, juxta_metric, void* context);
};
struct juxta_registry {
    const struct juxta_registry_table* table;
};
struct juxta_profile {
    const struct juxta_registry_table* table;
};
struct juxta_call_table {
    void* (*data)(juxta_call*, size_t argument);
    uint64_t (*extent)(juxta_call*, size_t argument, size_t dimension);
    const char* (*path)(juxta_call*, size_t argument);
    void* (*allocate)(juxta_call*, size_t argument, size_t rank, const uint64_t* extents);
    int (*set_bytes)(juxta_call*, size_t argument, const void* bytes, size_t size);
    void (*fail)(juxta_call*, const char* message);
    int (*make_output)(juxta_call*, size_t argument, void** data);
};
struct juxta_call {
    const struct juxta_call_table* table;
};

/* -- Profiles ------------------------------------------------------------------------------- */

/* Belongs to the registry. A bad name shows when the profile is registered. */
static inline juxta_profile* juxta_profile_new(juxta_registry* registry, const char* name) {
    return registry->table->profile_new(registry, name);
}
/* JUXTA_STRING and JUXTA_FILE are scalars. The name of an array may tell its extents by the call's
 * IN and INOUT integers, one for each dimension: "A[n][n]", "work[max(1, 2 * n)]" (operators + - *
 * / %, parentheses, min, max). Clients may then give it as a plain pointer; data given for it must
 * have this shape. A bad name or expression shows when the profile is registered. */
static inline void juxta_profile_add_argument(juxta_profile* profile, const char* name,
                                              juxta_mode mode, juxta_type type, juxta_rank rank) {
    profile->table->add_argument(profile, name, mode, type, rank);
}
/* A call that may have run already must not be run again when its server dies: it fails instead. */
static inline void juxta_profile_never_retry(juxta_profile* profile) {
    profile->table->never_retry(profile);
}
/* 0, or non-zero if the profile is refused; the server daemon says why and does not start. */
static inline int juxta_profile_register(juxta_profile* profile, juxta_solve solve, void* context) {
    return profile->table->add_service(profile, solve, context);
}

/* -- Metrics --------------------------------------------------------------------------------- */

/* A number that every estimation of this server carries to whoever schedules, under this name; a
 * user's policy (juxta/policy.h) reads it, and `juxta why` shows it. One named "run_s" is what a
 * call is expected to take, in seconds: all policies take it for what the server has measured. NaN:
 * none.
 *
 * The function runs in a process of its own, for each request that may come here, and has to answer
 * within 0.1 s; a metric that is late, or dies, is left out. 0, or non-zero if it is refused. */
static inline int juxta_register_metric(juxta_registry* registry, const char* name,
                                        juxta_metric metric, void* context) {
    return registry->table->add_metric(registry, name, metric, context);
}

/* -- Arguments of a call -------------------------------------------------------------------- */

/* The elements. IN: not to be written. INOUT: changed in place. OUT scalars: zero, to be set; OUT
 * arrays: NULL before they are allocated. Arrays without elements are NULL. Valid until the service
 * returns. */
static inline void* juxta_call_data(juxta_call* call, size_t argument) {
    return call->table->data(call, argument);
}
/* Vectors: their length; strings and files: their bytes. */
static inline uint64_t juxta_call_size(juxta_call* call, size_t argument) {
    return call->table->extent(call, argument, 0);
}
static inline uint64_t juxta_call_rows(juxta_call* call, size_t argument) {
    return call->table->extent(call, argument, 0);
}
static inline uint64_t juxta_call_columns(juxta_call* call, size_t argument) {
    return call->table->extent(call, argument, 1);
}
/* Files: a path where the contents can be read (IN, INOUT) and where they are to be written (INOUT,
 * OUT). The file is gone after the call. */
static inline const char* juxta_call_path(juxta_call* call, size_t argument) {
    return call->table->path(call, argument);
}
/* OUT arrays: makes room for the result, once, where it is going to stay. NULL if there is none;
 * the call fails then, whatever the service returns. */
static inline void* juxta_call_allocate_vector(juxta_call* call, size_t argument, uint64_t size) {
    return call->table->allocate(call, argument, 1, &size);
}
static inline void* juxta_call_allocate_matrix(juxta_call* call, size_t argument, uint64_t rows,
                                               uint64_t columns) {
    const uint64_t extents[2] = {rows, columns};
    return call->table->allocate(call, argument, 2, extents);
}
/* OUT arrays whose profile tells their extents: makes room for the result as large as they say.
 * *data is NULL if that is nothing. 0, or non-zero if there is no room; the call fails then. */
static inline int juxta_call_make_output(juxta_call* call, size_t argument, void** data) {
    return call->table->make_output(call, argument, data);
}
/* The service has failed; its return value does not matter any more. The first message counts. */
static inline void juxta_call_fail(juxta_call* call, const char* message) {
    call->table->fail(call, message);
}

/* Strings: terminated by a zero byte that juxta_call_size does not count. */
static inline const char* juxta_call_string(juxta_call* call, size_t argument) {
    return (const char*)juxta_call_data(call, argument);
}
static inline int juxta_call_set_string(juxta_call* call, size_t argument, const char* text) {
    return call->table->set_bytes(call, argument, text, strlen(text));
}

static inline int32_t juxta_call_int32(juxta_call* call, size_t argument) {
    const void* data = juxta_call_data(call, argument);
    return data ? *(const int32_t*)data : 0;
}
static inline int64_t juxta_call_int64(juxta_call* call, size_t argument) {
    const void* data = juxta_call_data(call, argument);
    return data ? *(const int64_t*)data : 0;
}
static inline float juxta_call_float(juxta_call* call, size_t argument) {
    const void* data = juxta_call_data(call, argument);
    return data ? *(const float*)data : 0;
}
static inline double juxta_call_double(juxta_call* call, size_t argument) {
    const void* data = juxta_call_data(call, argument);
    return data ? *(const double*)data : 0;
}
static inline int juxta_call_set_int32(juxta_call* call, size_t argument, int32_t value) {
    return call->table->set_bytes(call, argument, &value, sizeof value);
}
static inline int juxta_call_set_int64(juxta_call* call, size_t argument, int64_t value) {
    return call->table->set_bytes(call, argument, &value, sizeof value);
}
static inline int juxta_call_set_float(juxta_call* call, size_t argument, float value) {
    return call->table->set_bytes(call, argument, &value, sizeof value);
}
static inline int juxta_call_set_double(juxta_call* call, size_t argument, double value) {
    return call->table->set_bytes(call, argument, &value, sizeof value);
}

#ifdef __cplusplus
}
#endif

#endif
