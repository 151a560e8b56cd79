/* GridRPC, GFD-R-P.186: data that are named, moved and kept apart from calls. Included by grpc.h.
 *
 *     double A[9], B[9];
 *     grpc_data_t a, c;
 *     const char *from[] = {"memory:/A", NULL}, *to[] = {"file:/data/C.bin", NULL};
 *     size_t shape[] = {3, 3, 0};
 *     grpc_data_mode_t kept[] = {GRPC_PERSISTENT, GRPC_END_LIST};
 *
 *     grpc_data_memory_mapping_set("A", A);
 *     grpc_data_init(&a, from, NULL, GRPC_DOUBLE, shape, kept);
 *     grpc_data_init(&c, NULL, to, GRPC_DOUBLE, shape, NULL);
 *     grpc_call(&f1, a, a, &c);                  A stays in the platform, C goes to the file
 *     grpc_data_wait(...);                       until it is there
 *
 * A grpc_data_t is given in place of an argument of grpc_call: IN as `a`, OUT and INOUT as `&c`
 * (either is understood); not for IN scalars, which go by value. OUT scalars, strings and files may
 * be given as well: what comes back goes to the outputs of the data.
 *
 * URIs are scheme:[//host[:port]]/path; the scheme in any case:
 *
 * | scheme         | in                      | out                                  |
 * | -------------- | ----------------------- | ------------------------------------ |
 * | memory         | what was mapped there   | there, else new memory, mapped then  |
 * | file, lfs, dfs | a file of this host     | the same, replaced in one step       |
 * | http           | read by GET             | -                                    |
 * | juxta          | a datum of the platform | a datum of that name, on the host if |
 * |                | (NAME, or its id d:...) | one is given                         |
 *
 * memory: with the name of another host is the memory of that host, so a datum of the platform by
 * that name, as juxta://HOST/NAME. What is in files and memory is the elements, one after the
 * other, in row-major order and the byte order of this host. All inputs of data are the same
 * contents: they are tried one after the other.
 *
 * Modes, and what the data service guarantees then (juxta data shows it):
 *
 * | mode                   | after a call                                           |
 * | ---------------------- | ------------------------------------------------------ |
 * | GRPC_VOLATILE          | nothing of IN data is kept: each call reads the inputs |
 * |                        | again; a result stays for its grpc_data_t; the default |
 * | GRPC_STRICTLY_VOLATILE | no trace is left, nor of results at their outputs      |
 * | GRPC_PERSISTENT        | stays, may be copied and moved; read and sent once     |
 * | GRPC_STICKY            | stays where it is, may be copied                       |
 * | GRPC_UNIQUE_STICKY     | stays where it is, in one copy                         |
 *
 * Every function returns GRPC_NOT_INITIALIZED before grpc_initialize; other failures are told by
 * juxta_last_error() (juxta_c.h). Any thread may call any function; one grpc_data_t must not be
 * changed by two at a time. */
#ifndef GRIDRPC_GRPC_DATA_H
#define GRIDRPC_GRPC_DATA_H

#include "grpc.h"

/* Whatever number a C program gives is a value of the enumeration for the library, too. */
#ifdef __cplusplus
#define GRIDRPC_ENUM : int
extern "C" {
#else
#define GRIDRPC_ENUM
#endif

/* GFD-R-P.186, 4.1.1. Belongs to the library, until grpc_data_unbind, grpc_data_free or
 * grpc_finalize. A copy is the same data. */
typedef struct grpc_data_s* grpc_data_t;

/* GFD-R-P.186, table 2. Those with _NP are not of the standard. */
typedef enum grpc_data_type_e GRIDRPC_ENUM {
    GRPC_BOOL,    /* one byte: C99's bool */
    GRPC_INT,     /* int32 */
    GRPC_DOUBLE,  /* double */
    GRPC_COMPLEX, /* two doubles */
    GRPC_STRING,  /* dimensions {0}: as long as it is; else {length without the final zero, 0} */
    GRPC_FILE,    /* a file's contents; dimensions {0}: as long as it is; else {bytes, 0} */
    GRPC_CONTAINER_OF_GRPC_DATA, /* grpc_data_container_set; dimensions do not matter */
    GRPC_FLOAT_NP,
    GRPC_LONG_NP, /* int64 */
    GRPC_CHAR_NP,
    GRPC_COMPLEX_FLOAT_NP
} grpc_data_type_t;

/* GFD-R-P.186, table 1. */
typedef enum grpc_data_mode_e GRIDRPC_ENUM {
    GRPC_VOLATILE,
    GRPC_STRICTLY_VOLATILE,
    GRPC_PERSISTENT,
    GRPC_STICKY,
    GRPC_UNIQUE_STICKY,
    GRPC_END_LIST
} grpc_data_mode_t;

/* GFD-R-P.186, 4.1.2. */
typedef enum grpc_completion_mode_e GRIDRPC_ENUM {
    GRPC_WAIT_ALL,
    GRPC_WAIT_ANY
} grpc_completion_mode_t;

/* GFD-R-P.186, 4.1.2. What grpc_data_getinfo tells. */
typedef enum grpc_data_info_type_e GRIDRPC_ENUM {
    GRPC_DATA_HANDLE,     /* the id of the datum, "d:..."; "" if it is in no platform */
    GRPC_INPUT_URI,       /* where it can be read */
    GRPC_OUTPUT_URI,      /* where it is to go */
    GRPC_MANAGEMENT_MODE, /* "GRPC_STICKY" */
    GRPC_DIMENSION,       /* "3", "4" of a 3 x 4 matrix */
    GRPC_TYPE,            /* "GRPC_DOUBLE" */
    GRPC_LOCATIONS_LIST,  /* where it is in the platform: "juxta://HOST/d:..." */
    GRPC_STATUS           /* "GRPC_IN_PLACE", "GRPC_TRANSFERING" or "GRPC_ERROR_TRANSFER" */
} grpc_data_info_type_t;

/* GFD-R-P.186, tables 3 to 11: codes beside those of GFD-R.52. Where the text has two names for
 * one, both are here. */
enum {
    GRPC_OTHER_ERROR = GRPC_OTHER_ERROR_CODE,
    GRPC_INVALID_TYPE = 21,
    GRPC_INVALID_MODE = 22,
    GRPC_INVALID_DATA = 23,
    GRPC_INVALID_DATA_HANDLE = 24,
    GRPC_INVALID_HANDLE = GRPC_INVALID_DATA_HANDLE,
    GRPC_INVALID_RANK = 25,
    GRPC_INVALID_URI = 26,
    GRPC_UNDEFINED = 27,
    GRPC_NOT_IMPLEMENTED = 28,
    GRPC_TRANSFER_ERROR = 29
};

/* GFD-R-P.186, 4.2.1. Describes data: where they are (`list_of_URI_input`) and where they are to go
 * (`list_of_URI_output`), NULL-terminated, NULL if empty; extents, slowest first, ended by 0;
 * modes, ended by GRPC_END_LIST: one for all outputs or one for each, NULL for GRPC_VOLATILE.
 * Nothing is read or moved yet. *data may be anything; if it is data already, all that was said of
 * them is forgotten, and what is in the platform stays there. Everything given is copied.
 * GRPC_INVALID_TYPE; GRPC_INVALID_MODE: none of those, or not as many as outputs; GRPC_INVALID_URI;
 * *data is not changed then. */
GRIDRPC_API grpc_error_t grpc_data_init(grpc_data_t* data, const char** list_of_URI_input,
                                        const char** list_of_URI_output,
                                        const grpc_data_type_t data_type,
                                        const size_t* data_dimensions,
                                        const grpc_data_mode_t* list_of_data_mode);

/* GFD-R-P.186, 4.2.2. Lets memory:/KEY be the memory at `data`, the caller's, which stays there
 * until the key is set again; as large as the data that use it. NULL: it is nothing again.
 * GRPC_OTHER_ERROR: the key is NULL or empty. */
GRIDRPC_API grpc_error_t grpc_data_memory_mapping_set(const char* key, void* data);

/* GFD-R-P.186, 4.2.2. What memory:/KEY is: what was set, or the memory that the library made for an
 * output; that belongs to the library, until the key is set, its data are freed, or grpc_finalize.
 * GRPC_OTHER_ERROR, and NULL: it is nothing. */
GRIDRPC_API grpc_error_t grpc_data_memory_mapping_get(const char* key, void** data);

/* GFD-R-P.186, 4.2.2. Puts data into a container, at `rank`, from 0; what was there is replaced.
 * The data stay what they are. Data of one type and size make an array of a call: container
 * elements one after the other, by rank. GRPC_INVALID_DATA_HANDLE; GRPC_INVALID_TYPE: it is no
 * container; GRPC_INVALID_RANK: it is negative; GRPC_OTHER_ERROR: it would contain itself. */
GRIDRPC_API grpc_error_t grpc_data_container_set(grpc_data_t* container, int rank,
                                                 const grpc_data_t* data);

/* GFD-R-P.186, 4.2.2. Sets *data to the data at `rank`: a place that belongs to the container,
 * until that rank is set again. Nothing is taken out. Codes as above; GRPC_INVALID_RANK: nothing is
 * there. */
GRIDRPC_API grpc_error_t grpc_data_container_get(const grpc_data_t* container, int rank,
                                                 grpc_data_t** data);

/* GFD-R-P.186, 4.2.3. Begins to bring the data from their inputs, or where they are, to their
 * outputs and those given here; returns at once. The inputs given here are tried first. Modes: one
 * for all outputs given here, or one for each; NULL: those of the data. An output that is the datum
 * itself gets the mode. Without any output, data with a mode that keeps go into the platform. Of a
 * container, each of its data. What is mapped and given stays as it is until grpc_data_wait.
 * GRPC_INVALID_DATA_HANDLE; GRPC_INVALID_DATA: there is nowhere to read them, or nowhere to go;
 * GRPC_INVALID_MODE; GRPC_INVALID_URI. */
GRIDRPC_API grpc_error_t grpc_data_transfer(grpc_data_t* data, const char** list_of_input_URI,
                                            const char** list_of_output_URI,
                                            const grpc_data_mode_t* list_of_output_modes);

/* GFD-R-P.186, 4.2.4. Until the transfers of all or of one of the data have ended; data without any
 * count as such. `list_of_data` is NULL-terminated; *returned_data (NULL: not wanted) is one whose
 * transfers have ended, or failed: GRPC_TRANSFER_ERROR. GRPC_INVALID_DATA_HANDLE;
 * GRPC_INVALID_DATA: the list is empty; GRPC_OTHER_ERROR: no such mode. */
GRIDRPC_API grpc_error_t grpc_data_wait(const grpc_data_t** list_of_data,
                                        grpc_completion_mode_t mode, grpc_data_t** returned_data);

/* GFD-R-P.186, 4.2.5. The variable names no data afterwards, *data is NULL; what is in the platform
 * stays, as its mode says. Transfers go on. GRPC_INVALID_DATA_HANDLE. */
GRIDRPC_API grpc_error_t grpc_data_unbind(grpc_data_t* data);

/* The examples of the text leave the second argument out; C cannot. */
#ifdef __cplusplus
#define GRIDRPC_OR_NULL = nullptr
#else
#define GRIDRPC_OR_NULL
#endif

/* GFD-R-P.186, 4.2.6. Erases the data, for everybody, and unbinds them; waits for their transfers
 * first. `URI_locations`, NULL-terminated: from these places only; NULL: from the platform, and the
 * memory that the library made for them; files are kept then. GRPC_INVALID_DATA_HANDLE;
 * GRPC_INVALID_URI: no URI, or one that cannot be erased; the data are unbound all the same. */
GRIDRPC_API grpc_error_t grpc_data_free(grpc_data_t* data,
                                        const char** URI_locations GRIDRPC_OR_NULL);

/* GFD-R-P.186, 4.2.7. Sets *info to what is known of the data now: a text, or a list of texts one
 * after the other, each ended by a zero byte and the list by an empty one; allocated by malloc, the
 * caller's to free. `URI`, for GRPC_MANAGEMENT_MODE: of that output; NULL: of all.
 * GRPC_INVALID_DATA_HANDLE; GRPC_UNDEFINED: no such tag, no such URI, or several modes;
 * GRPC_INVALID_DATA: they are no longer in the platform. */
GRIDRPC_API grpc_error_t grpc_data_getinfo(const grpc_data_t* data, grpc_data_info_type_t info_tag,
                                           const char* URI, char** info);

/* GFD-R-P.186, 4.2.8. Makes *data what a description says that grpc_data_save wrote, by whoever: a
 * file:, http: or memory: URI. *data may be anything. GRPC_INVALID_URI: it cannot be read;
 * GRPC_INVALID_DATA: it is no description. */
GRIDRPC_API grpc_error_t grpc_data_load(grpc_data_t* data, const char* URI_input);

/* GFD-R-P.186, 4.2.8. Writes the description of data, not their contents, to a file: or memory:
 * URI: lines of text, in memory as a string. Not of containers (GRPC_INVALID_DATA).
 * GRPC_INVALID_DATA_HANDLE; GRPC_INVALID_URI: it cannot be written. */
GRIDRPC_API grpc_error_t grpc_data_save(const grpc_data_t* data, const char* URI_output);

#ifdef __cplusplus
}
#endif

#endif
