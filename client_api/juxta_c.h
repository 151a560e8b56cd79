/* What Juxta adds to GridRPC in C: data that stay in the platform, and the text of failures.
 *
 *     juxta_data_put_double(&a, n, n, values, "A");
 *     juxta_data_output(&c, NULL);
 *     grpc_call(&f1, a, b, &c);
 *     juxta_data_get_double(c, values, n * n);
 *
 * A function that makes a handle sets `*data`, whatever it was before. Matrices are in row-major
 * order; a vector has one column and is made with columns = 0. All return GRPC_NOT_INITIALIZED
 * before grpc_initialize; other failures are told by juxta_last_error(). */
#ifndef GRIDRPC_JUXTA_C_H
#define GRIDRPC_JUXTA_C_H

#include "grpc.h"
#include "grpc_data.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Puts rows x columns values as a new, persistent datum. `name` may be NULL. */
GRIDRPC_API grpc_error_t juxta_data_put_double(grpc_data_t* data, size_t rows, size_t columns,
                                               const double* values, const char* name);

/* A datum that exists, by its id ("d:...") or name. */
GRIDRPC_API grpc_error_t juxta_data_open(grpc_data_t* data, const char* id_or_name);

/* A place for an OUT argument. With a name the result is persistent; with NULL it lives until
 * grpc_finalize. */
GRIDRPC_API grpc_error_t juxta_data_output(grpc_data_t* data, const char* name);

/* columns is 0 for a vector. */
GRIDRPC_API grpc_error_t juxta_data_shape(grpc_data_t data, size_t* rows, size_t* columns);

/* Copies the newest version; `elements` must be exactly how many there are. */
GRIDRPC_API grpc_error_t juxta_data_get_double(grpc_data_t data, double* values, size_t elements);

/* The datum is gone afterwards, for everybody, and the handle with it. */
GRIDRPC_API grpc_error_t juxta_data_free(grpc_data_t* data);

/* The handle is gone, the datum stays. Not while a call that uses it runs. */
GRIDRPC_API grpc_error_t juxta_data_close(grpc_data_t* data);

/* The id, "d:..."; "" if it names nothing yet. Valid until the handle is closed or names another datum. */
GRIDRPC_API const char* juxta_data_id(grpc_data_t data);

/* What failed last in this thread: what, where, why, what to do. "" at first. Valid until the next
 * failure in this thread. */
GRIDRPC_API const char* juxta_last_error(void);

#ifdef __cplusplus
}
#endif

#endif
