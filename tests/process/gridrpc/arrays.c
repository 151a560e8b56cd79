/* A GridRPC program that gives arrays as plain pointers and on argument stacks, as those of other
 * GridRPCs do. Needs the services of arrays.idl. Exit code 0 if all was as it should be. */
#include <time.h>
#include <unistd.h>

#include "grpc.h"
#include "juxta_c.h"

static int wrong;

static void is(int holds, const char* what) {
    if (holds) return;
    ++wrong;
    printf("wrong: %s (%s: %s)\n", what, grpc_error_string(grpc_last_error_get_np()),
           juxta_last_error());
}

static void ok(grpc_error_t code, const char* what) { is(code == GRPC_NO_ERROR, what); }

static grpc_function_handle_t mmul, scale, nulls, types, cube, shout;

enum { N = 3, LARGE = 200 };

static void fill(double* a, double* b, int n) {
    int i;
    for (i = 0; i < n * n; ++i) {
        a[i] = i % n == i / n ? 2 : 0; /* A = 2 I */
        b[i] = i % 17;
    }
}

static int is_twice(const double* c, const double* b, int n) {
    int i, right = 0;
    for (i = 0; i < n * n; ++i) right += c[i] == 2 * b[i];
    return right == n * n;
}

static void plain_arrays(int n) {
    double* a = malloc(sizeof(double) * n * n);
    double* b = malloc(sizeof(double) * n * n);
    double* c = calloc(n * n, sizeof(double));
    grpc_sessionid_t id;
    fill(a, b, n);
    ok(grpc_call(&mmul, n, a, b, c), "mmul");
    is(is_twice(c, b, n), "C = 2 B");
    is(a[0] == 2 && a[n * n - 1] == 2, "an IN array is as it was");

    memset(c, 0, sizeof(double) * n * n);
    ok(grpc_call_async(&mmul, &id, n, a, b, c), "mmul, async");
    fill(b, a, n); /* the IN arrays may be changed */
    ok(grpc_wait(id), "waiting for mmul");
    fill(a, b, n);
    is(is_twice(c, b, n), "C = 2 B of what the arrays were when it was called");

    ok(grpc_call(&scale, b, n * n, 3.0), "scale");
    is(b[1] == 3 && b[2] == 6, "an INOUT array has changed");
    free(a);
    free(b);
    free(c);
}

static void no_elements(void) {
    int seen = 0;
    double some = 1;
    ok(grpc_call(&nulls, 0, NULL, NULL, NULL, &seen), "nulls");
    is(seen == 3, "arrays without elements are null for the service");
    ok(grpc_call(&nulls, 0, &some, &some, &some, &seen), "nulls of pointers");
    is(seen == 3, "whatever the pointers are");
    is(grpc_call(&nulls, 1, NULL, &some, &some, &seen) == GRPC_OTHER_ERROR_CODE,
       "no null pointer for an array with elements");
    is(grpc_call(&nulls, -1, &some, &some, &some, &seen) == GRPC_OTHER_ERROR_CODE,
       "no array of -1 elements");
}

static void all_types(void) {
    int count = 41;
    double sum = 0;
    char* text = NULL;
    char before[] = "before";
    char* both = before;
    const int a[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    ok(grpc_call(&cube, 2, a, &count), "cube");
    is(count == 78, "an array of three dimensions");
    count = 41;
#ifndef __cplusplus
    ok(grpc_call(&types, 'a', 0.5f, (int64_t)1 << 40, 0.25, "text", (double _Complex)2.0, &count,
                 &sum, &text, &both),
       "types");
    is(count == 42, "an INOUT integer");
    is(sum == 97 + 0.5 + 1099511627776.0 + 0.25 + 2, "the sum of scalars of all types");
    is(text != NULL && strcmp(text, "text!") == 0, "an OUT string");
    is(both != before && strcmp(both, "Before") == 0, "an INOUT string");
    free(text);
    if (both != before) free(both);
#endif
}

static void cancels(void) {
    char path[600], text[20] = "";
    char folder[500];
    grpc_function_handle_t patient;
    grpc_sessionid_t id;
    int tries = 0;
    FILE* file = NULL;
    const struct timespec moment = {0, 20000000};
    is(getcwd(folder, sizeof folder) != NULL, "the folder");
    snprintf(path, sizeof path, "%s/cancelled.txt", folder);
    remove(path);
    ok(grpc_function_handle_default(&patient, "patient"), "patient");
    ok(grpc_call_async(&patient, &id, path), "a call");
    for (tries = 0; tries < 25; ++tries) nanosleep(&moment, NULL); /* until it runs */
    ok(grpc_cancel(id), "cancel");
    is(grpc_wait(id) == GRPC_SESSION_FAILED, "a cancelled call has failed");
    is(grpc_get_error(id) == GRPC_CANCELED_NP, "because it was cancelled");
    for (tries = 0; file == NULL && tries < 500; ++tries) {
        file = fopen(path, "r");
        nanosleep(&moment, NULL);
    }
    is(file != NULL && fgets(text, sizeof text, file) != NULL, "the service has seen it");
    if (file != NULL) fclose(file);
    is(strcmp(text, "0") == 0, "and no error");
}

static void files(void) {
    char line[20] = "";
    FILE* file = fopen("in.txt", "w");
    fputs("quiet", file);
    fclose(file);
    ok(grpc_call(&shout, "in.txt", "out.txt"), "shout");
    file = fopen("out.txt", "r");
    is(file != NULL && fgets(line, sizeof line, file) != NULL, "the OUT file is there");
    if (file != NULL) fclose(file);
    is(strcmp(line, "QUIET") == 0, "what is in the OUT file");
    is(grpc_call(&shout, "none.txt", "out.txt") == GRPC_OTHER_ERROR_CODE, "no such IN file");
}

static void data_handles(void) {
    double a[(N + 1) * (N + 1)], b[N * N], c[(N + 1) * (N + 1)], d[N * N];
    grpc_data_t data_b, data_c;
    fill(a, b, N);
    ok(juxta_data_put_double(&data_b, N, N, b, NULL), "put B");
    ok(juxta_data_output(&data_c, NULL), "a place for C");
    ok(grpc_call(&mmul, N, a, data_b, c), "mmul of an array and a datum");
    is(is_twice(c, b, N), "C = 2 B");
    ok(grpc_call(&mmul, N, a, &data_b, &data_c), "mmul into a datum");
    ok(juxta_data_get_double(data_c, d, N * N), "get C");
    is(is_twice(d, b, N), "D = 2 B");
    is(grpc_call(&mmul, N + 1, a, data_b, c) == GRPC_OTHER_ERROR_CODE,
       "a datum of another shape than the profile says");
    ok(juxta_data_free(&data_b), "free B");
}

static void stacks(void) {
    double a[N * N], b[N * N], c[N * N];
    int n = N, spare = 0;
    void* popped = NULL;
    grpc_sessionid_t id = GRPC_SESSIONID_VOID;
    grpc_arg_stack_t* stack = grpc_arg_stack_new(4);
    fill(a, b, N);
    is(stack != NULL, "a stack");
    is(grpc_arg_stack_pop_arg(stack) == NULL, "nothing is on it");
    is(grpc_arg_stack_push_arg(stack, &n) == 0, "push");
    is(grpc_arg_stack_push_arg(stack, a) == 0, "push");
    is(grpc_arg_stack_push_arg(stack, b) == 0, "push");
    is(grpc_call_arg_stack(&mmul, stack) == GRPC_OTHER_ERROR_CODE, "an argument is missing");
    is(grpc_arg_stack_push_arg(stack, c) == 0, "push");
    is(grpc_arg_stack_push_arg(stack, &spare) == -1, "it is full");
    memset(c, 0, sizeof c);
    ok(grpc_call_arg_stack(&mmul, stack), "a call");
    is(is_twice(c, b, N), "C = 2 B");
    memset(c, 0, sizeof c);
    ok(grpc_call_arg_stack_async(&mmul, &id, stack), "a call that is not waited for");
    ok(grpc_wait(id), "waiting");
    is(is_twice(c, b, N), "C = 2 B");
    memset(c, 0, sizeof c);
    id = grpc_call_arg_stack_async(&mmul, stack);
    is(id != GRPC_SESSIONID_VOID, "as in Ninf-G 4");
    ok(grpc_wait(id), "waiting");
    is(is_twice(c, b, N), "C = 2 B");
    is(grpc_arg_stack_pop_arg(stack) == c, "pop");
    is(grpc_arg_stack_destruct(stack) == 0, "destruct");
    is(grpc_arg_stack_destruct(stack) == -1, "it was destructed");
    is(grpc_call_arg_stack_async(&mmul, stack) == GRPC_SESSIONID_VOID, "it was destructed");
    is(grpc_call_arg_stack_async(&mmul, &id, stack) == GRPC_OTHER_ERROR_CODE, "it was destructed");
    is(grpc_arg_stack_push_arg(stack, a) == -1, "it was destructed");

    stack = grpc_stack_create(4);
    ok(grpc_stack_push(stack, &n), "push");
    ok(grpc_stack_push(stack, a), "push");
    ok(grpc_stack_push(stack, b), "push");
    ok(grpc_stack_push(stack, c), "push");
    is(grpc_stack_push(stack, &spare) == -1, "it is full");
    memset(c, 0, sizeof c);
    ok(grpc_call_argstack(&mmul, stack), "a call");
    is(is_twice(c, b, N), "C = 2 B");
    memset(c, 0, sizeof c);
    ok(grpc_call_argstack_async(&mmul, &id, stack), "a call that is not waited for");
    ok(grpc_wait(id), "waiting");
    is(is_twice(c, b, N), "C = 2 B");
    ok(grpc_stack_pop(stack, &popped), "pop");
    is(popped == c, "what was pushed last");
    ok(grpc_stack_destruct(stack), "destruct");
    is(grpc_call_argstack(&mmul, stack) == GRPC_OTHER_ERROR_CODE, "it was destructed");
}

static void extensions(void) {
    grpc_function_handle_t handles[3], *found = NULL;
    grpc_sessionid_t id;
    double x[1] = {2};
    is(grpc_function_handle_array_default_np(handles, 3, "no_such_service") ==
           GRPC_FUNCTION_NOT_FOUND,
       "handles of no service");
    ok(grpc_function_handle_array_default_np(handles, 3, "scale"), "handles");
    ok(grpc_call_async(&handles[1], &id, x, 1, 2.0), "a call");
    ok(grpc_wait_any(&id), "wait_any");
    ok(grpc_function_handle_get_from_session_np(&found, id), "whose call it was");
    is(found == &handles[1], "it is the second handle");
    is(grpc_get_handle(&found, id) == GRPC_INVALID_SESSION_ID, "the standard forgets it");
    ok(grpc_function_handle_array_destruct_np(handles, 3), "destruct");
    is(grpc_call(&handles[0], x, 1, 2.0) == GRPC_INVALID_FUNCTION_HANDLE, "an invalid handle");
    is(grpc_last_error_get_np() == GRPC_INVALID_FUNCTION_HANDLE, "the last error");
    ok(grpc_perror("arrays"), "perror");
}

int main(void) {
    grpc_function_handle_t never;
    memset(&never, 7, sizeof never);
    is(grpc_stack_create(1) == NULL, "no stack before grpc_initialize");
    is(grpc_last_error_get_np() == GRPC_NOT_INITIALIZED, "why there is none");
    ok(grpc_initialize(NULL), "grpc_initialize");
    ok(grpc_function_handle_default(&mmul, "arrays/mmul"), "mmul");
    ok(grpc_function_handle_default(&scale, "arrays/scale"), "scale");
    ok(grpc_function_handle_default(&nulls, "nulls"), "nulls");
    ok(grpc_function_handle_default(&types, "types"), "types");
    ok(grpc_function_handle_default(&cube, "cube"), "cube");
    ok(grpc_function_handle_default(&shout, "shout"), "shout");
    is(grpc_call(&never, 1) == GRPC_INVALID_FUNCTION_HANDLE, "a handle that was never made");
    plain_arrays(N);
    plain_arrays(LARGE);
    no_elements();
    all_types();
    files();
    cancels();
    data_handles();
    stacks();
    extensions();
    ok(grpc_finalize(), "grpc_finalize");
    printf("%d wrong\n", wrong);
    return wrong != 0;
}
