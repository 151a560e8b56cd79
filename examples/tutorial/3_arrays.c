/* Arrays as plain pointers: the profile of product says how large they are, by n. Then the same
 * call with its arguments on a stack, as programs do that count them at run time. */
#include "grpc.h"

enum { N = 3 };

int main(void) {
    grpc_function_handle_t product;
    grpc_arg_stack_t* stack;
    double a[N * N] = {2, 0, 0, 0, 2, 0, 0, 0, 2};
    double b[N * N] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    double c[N * N], d[N * N];
    int n = N, i, wrong = 0;

    if (grpc_initialize(NULL) != GRPC_NO_ERROR) return 1;
    grpc_function_handle_default(&product, "tutorial/product");
    if (grpc_call(&product, n, a, b, c) != GRPC_NO_ERROR) grpc_perror("product");

    stack = grpc_arg_stack_new(4);
    grpc_arg_stack_push_arg(stack, &n); /* scalars by their address */
    grpc_arg_stack_push_arg(stack, a);
    grpc_arg_stack_push_arg(stack, c);
    grpc_arg_stack_push_arg(stack, d);
    if (grpc_call_arg_stack(&product, stack) != GRPC_NO_ERROR) grpc_perror("product");
    grpc_arg_stack_destruct(stack);

    for (i = 0; i < N * N; ++i) wrong += c[i] != 2 * b[i] || d[i] != 4 * b[i];
    printf("%d elements are wrong\n", wrong);
    grpc_finalize();
    return wrong != 0;
}
