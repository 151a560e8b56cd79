/* Data that stay in the platform (GFD-R-P.186): A is sent once, C = A B never comes to this client,
 * D = A C goes to a file. */
#include "grpc.h"

enum { N = 3 };

int main(void) {
    double a[N * N] = {2, 0, 0, 0, 2, 0, 0, 0, 2};
    double b[N * N] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    const char *from_a[] = {"memory:/A", NULL}, *from_b[] = {"memory:/B", NULL};
    const char* to_d[] = {"file:D.bin", NULL};
    const size_t shape[] = {N, N, 0};
    const grpc_data_mode_t kept[] = {GRPC_PERSISTENT, GRPC_END_LIST};
    grpc_data_t data_a, data_b, data_c, data_d;
    const grpc_data_t* all[] = {&data_d, NULL};
    grpc_function_handle_t product;
    char* where = NULL;
    double d[N * N] = {0};
    FILE* file;
    int i, wrong = 0;

    if (grpc_initialize(NULL) != GRPC_NO_ERROR) return 1;
    grpc_function_handle_default(&product, "tutorial/product");
    grpc_data_memory_mapping_set("A", a);
    grpc_data_memory_mapping_set("B", b);
    grpc_data_init(&data_a, from_a, NULL, GRPC_DOUBLE, shape, kept);
    grpc_data_init(&data_b, from_b, NULL, GRPC_DOUBLE, shape, NULL);
    grpc_data_init(&data_c, NULL, NULL, GRPC_DOUBLE, shape, NULL);
    grpc_data_init(&data_d, NULL, to_d, GRPC_DOUBLE, shape, NULL);

    if (grpc_call(&product, N, data_a, data_b, &data_c) != GRPC_NO_ERROR) grpc_perror("C = A B");
    if (grpc_call(&product, N, data_a, data_c, &data_d) != GRPC_NO_ERROR) grpc_perror("D = A C");
    if (grpc_data_wait(all, GRPC_WAIT_ALL, NULL) != GRPC_NO_ERROR) grpc_perror("D");

    grpc_data_getinfo(&data_c, GRPC_LOCATIONS_LIST, NULL, &where);
    printf("C is at %s\n", where);
    free(where);
    file = fopen("D.bin", "rb");
    if (file == NULL || fread(d, sizeof(double), N * N, file) != N * N) ++wrong;
    if (file != NULL) fclose(file);
    for (i = 0; i < N * N; ++i) wrong += d[i] != 4 * b[i];
    printf("%d elements of D are wrong\n", wrong);
    grpc_data_free(&data_a, NULL); /* persistent data stay until somebody frees them */
    grpc_finalize();
    return wrong != 0;
}
