/* Handles of data, for arguments of GridRPC calls that are arrays. A handle names a datum of the
 * platform, which stays there between calls. Handles are made by the functions of juxta_c.h; IN
 * arguments are given as `handle`, OUT and INOUT ones as `&handle` (either is understood). */
#ifndef GRIDRPC_GRPC_DATA_H
#define GRIDRPC_GRPC_DATA_H

#ifdef __cplusplus
extern "C" {
#endif

/* Belongs to the library, until juxta_data_close, juxta_data_free or grpc_finalize. */
typedef struct grpc_data_s* grpc_data_t;

#ifdef __cplusplus
}
#endif

#endif
