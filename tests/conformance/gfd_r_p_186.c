/* The conformance suite of GFD-R-P.186, "Data Management API within the GridRPC", which has none of
 * its own: every function, mode and error, and the examples of its appendix. It knows grpc.h only,
 * so that it can be tried on any implementation; what the text leaves open is an argument:
 *
 * usage: gfd_r_p_186 CONFIG_FILE SERVER HTTP_URL FOLDER SCHEME
 *     HTTP_URL   serves the files of FOLDER, which may be written to
 *     SERVER     a server's host, whose memory memory://SERVER/NAME is
 *     SCHEME     of the platform's own data: SCHEME:NAME is the datum of that name
 * The servers offer scale_out(IN int n, IN double x[n], IN double alpha, OUT double y[n]),
 * scale(INOUT double x[n], IN int n, IN double alpha), sum_of(IN int n, IN double x[n], OUT double)
 * and shout(IN filename, OUT filename). */
#include <stdio.h>

#include "cases.h"

enum { N = 4 };

static char *config, *server, *http, *folder, *scheme;
static int ready;
static int number; /* of the case: names are not used twice */
static grpc_function_handle_t scale_out, scale, sum_of, shout;
static double in[N], out[N];
static grpc_data_t a, b, c;

/* -- before and after each case -------------------------------------------------------------- */

static void begin(void) {
    int i;
    ++number;
    for (i = 0; i < N; ++i) {
        in[i] = i + 1;
        out[i] = 0;
    }
    a = b = c = NULL;
    ready = want("grpc_initialize", grpc_initialize(config), GRPC_NO_ERROR) &&
            want("scale_out", grpc_function_handle_default(&scale_out, "scale_out"), 0) &&
            want("scale", grpc_function_handle_default(&scale, "scale"), 0) &&
            want("sum_of", grpc_function_handle_default(&sum_of, "sum_of"), 0) &&
            want("shout", grpc_function_handle_default(&shout, "shout"), 0);
    want("mapping of in", grpc_data_memory_mapping_set("in", in), GRPC_NO_ERROR);
    want("mapping of out", grpc_data_memory_mapping_set("out", out), GRPC_NO_ERROR);
}

static void end(void) {
    if (ready) grpc_finalize();
    ready = 0;
}

/* -- what most cases need -------------------------------------------------------------------- */

static size_t shape[] = {N, 0};

static const char* uri(const char* format, const char* name) {
    static char texts[8][500];
    static int next;
    char* text = texts[next++ % 8];
    char full[200];
    snprintf(full, sizeof full, "%s_%d", name, number);
    if (strcmp(format, "file") == 0) snprintf(text, 500, "file:%s/%s", folder, full);
    if (strcmp(format, "http") == 0) snprintf(text, 500, "%s/%s", http, full);
    if (strcmp(format, "kept") == 0) snprintf(text, 500, "%s:%s", scheme, full);
    if (strcmp(format, "server") == 0) snprintf(text, 500, "memory://%s/%s", server, full);
    return text;
}

static const char** list(const char* first, const char* second) {
    static const char* lists[8][3];
    static int next;
    const char** one = lists[next++ % 8];
    one[0] = first;
    one[1] = second;
    one[2] = NULL;
    return one;
}

static grpc_error_t make(grpc_data_t* data, const char* from, const char* to,
                         grpc_data_mode_t mode) {
    grpc_data_mode_t modes[2];
    modes[0] = mode;
    modes[1] = GRPC_END_LIST;
    return grpc_data_init(data, from == NULL ? NULL : list(from, NULL),
                          to == NULL ? NULL : list(to, NULL), GRPC_DOUBLE, shape, modes);
}

static void made(grpc_data_t* data, const char* from, const char* to, grpc_data_mode_t mode) {
    want("grpc_data_init", make(data, from, to, mode), GRPC_NO_ERROR);
}

static grpc_error_t waited(const grpc_data_t* data) {
    const grpc_data_t* all[2];
    all[0] = data;
    all[1] = NULL;
    return grpc_data_wait(all, GRPC_WAIT_ALL, NULL);
}

static void arrived(const grpc_data_t* data) { want("wait", waited(data), GRPC_NO_ERROR); }

static void moved(grpc_data_t* data) {
    want("transfer", grpc_data_transfer(data, NULL, NULL, NULL), GRPC_NO_ERROR);
    arrived(data);
}

static void is_times(const char* what, const double* values, double factor) {
    int i, right = 1;
    for (i = 0; i < N; ++i) right = right && values[i] == factor * (i + 1);
    check(what, right);
}

static int is_info(const grpc_data_t* data, grpc_data_info_type_t tag, const char* of,
                   const char* text) {
    char* info = NULL;
    char said[300];
    int same = 0;
    if (want("getinfo", grpc_data_getinfo(data, tag, of, &info), GRPC_NO_ERROR)) {
        same = strcmp(info, text) == 0;
        snprintf(said, sizeof said, "getinfo says '%s', wanted '%s'", info, text);
        check(said, same);
    }
    free(info);
    return same;
}

static void is_file(const char* of, double factor) {
    double values[N] = {0};
    FILE* file = fopen(of + strlen("file:"), "rb");
    check("the file is there", file != NULL);
    if (file == NULL) return;
    check("it is as large as the data", fread(values, sizeof(double), N + 1, file) == N);
    fclose(file);
    is_times("it has the contents", values, factor);
}

static const char* new_file(const char* name, double factor) {
    const char* to = uri("file", name);
    double values[N];
    int i;
    FILE* file = fopen(to + strlen("file:"), "wb");
    for (i = 0; i < N; ++i) values[i] = factor * (i + 1);
    check("a file of one's own", file != NULL && fwrite(values, sizeof(double), N, file) == N);
    if (file != NULL) fclose(file);
    return to;
}

static void first(const char* what, grpc_error_t got) { want(what, got, GRPC_NOT_INITIALIZED); }

static grpc_data_t invalid(void) {
    grpc_data_t data = NULL;
    made(&data, "memory:/in", NULL, GRPC_VOLATILE);
    b = data;
    want("unbind", grpc_data_unbind(&data), GRPC_NO_ERROR);
    return b;
}

/* -- 4.2.1 init ------------------------------------------------------------------------------ */

static void init(void) { made(&a, "memory:/in", "memory:/out", GRPC_VOLATILE); }
static void init_first(void) {
    end();
    first("init", make(&a, "memory:/in", NULL, GRPC_VOLATILE));
}
static void init_type(void) {
    want("init", grpc_data_init(&a, NULL, NULL, (grpc_data_type_t)99, shape, NULL),
         GRPC_INVALID_TYPE);
}
static void init_mode(void) {
    want("init", make(&a, "memory:/in", NULL, (grpc_data_mode_t)99), GRPC_INVALID_MODE);
}
static void init_modes(void) {
    const grpc_data_mode_t three[] = {GRPC_STICKY, GRPC_STICKY, GRPC_STICKY, GRPC_END_LIST};
    want("init",
         grpc_data_init(&a, NULL, list("memory:/out", "memory:/in"), GRPC_DOUBLE, shape, three),
         GRPC_INVALID_MODE);
}
static void init_mode_each(void) {
    const grpc_data_mode_t two[] = {GRPC_STICKY, GRPC_VOLATILE, GRPC_END_LIST};
    want("init", grpc_data_init(&a, NULL, list("memory:/x", "memory:/y"), GRPC_DOUBLE, shape, two),
         GRPC_NO_ERROR);
    is_info(&a, GRPC_MANAGEMENT_MODE, "memory:/x", "GRPC_STICKY");
    is_info(&a, GRPC_MANAGEMENT_MODE, "memory:/y", "GRPC_VOLATILE");
}
static void init_input(void) {
    want("init", make(&a, "gopher://nowhere/x", NULL, GRPC_VOLATILE), GRPC_INVALID_URI);
    want("init", make(&a, "no uri", NULL, GRPC_VOLATILE), GRPC_INVALID_URI);
}
static void init_output(void) {
    want("init", make(&a, NULL, "gopher://nowhere/x", GRPC_VOLATILE), GRPC_INVALID_URI);
}
static void init_nulls(void) {
    want("init", grpc_data_init(&a, NULL, NULL, GRPC_DOUBLE, shape, NULL), GRPC_NO_ERROR);
}
static void init_again(void) {
    size_t other[] = {2, 3, 0};
    made(&a, "memory:/in", NULL, GRPC_STICKY);
    want("init", grpc_data_init(&a, NULL, NULL, GRPC_INT, other, NULL), GRPC_NO_ERROR);
    is_info(&a, GRPC_TYPE, NULL, "GRPC_INT");
    is_info(&a, GRPC_INPUT_URI, NULL, "");
}
static void init_types(void) {
    static const struct {
        grpc_data_type_t type;
        const char* name;
    } types[] = {{GRPC_BOOL, "GRPC_BOOL"},
                 {GRPC_INT, "GRPC_INT"},
                 {GRPC_DOUBLE, "GRPC_DOUBLE"},
                 {GRPC_COMPLEX, "GRPC_COMPLEX"},
                 {GRPC_STRING, "GRPC_STRING"},
                 {GRPC_FILE, "GRPC_FILE"},
                 {GRPC_CONTAINER_OF_GRPC_DATA, "GRPC_CONTAINER_OF_GRPC_DATA"}};
    size_t i;
    for (i = 0; i < sizeof types / sizeof *types; ++i) {
        want(types[i].name, grpc_data_init(&a, NULL, NULL, types[i].type, shape, NULL),
             GRPC_NO_ERROR);
        is_info(&a, GRPC_TYPE, NULL, types[i].name);
    }
}
static void init_default(void) {
    char* info = NULL;
    want("init", grpc_data_init(&a, NULL, NULL, GRPC_DOUBLE, shape, NULL), GRPC_NO_ERROR);
    want("getinfo", grpc_data_getinfo(&a, GRPC_MANAGEMENT_MODE, NULL, &info), GRPC_NO_ERROR);
    check("the default mode is volatile", info != NULL && strstr(info, "VOLATILE") != NULL);
    free(info);
}

/* -- 4.2.2 memory mapping and containers ----------------------------------------------------- */

static void mapping(void) {
    void* found = NULL;
    want("set", grpc_data_memory_mapping_set("key", in), GRPC_NO_ERROR);
    want("get", grpc_data_memory_mapping_get("key", &found), GRPC_NO_ERROR);
    check("it is what was set", found == in);
}
static void mapping_again(void) {
    void* found = NULL;
    want("set", grpc_data_memory_mapping_set("key", in), GRPC_NO_ERROR);
    want("set again", grpc_data_memory_mapping_set("key", out), GRPC_NO_ERROR);
    want("get", grpc_data_memory_mapping_get("key", &found), GRPC_NO_ERROR);
    check("it is what was set last", found == out);
}
static void mapping_unknown(void) {
    void* found = in;
    want("get", grpc_data_memory_mapping_get("none", &found), GRPC_OTHER_ERROR);
    want("set", grpc_data_memory_mapping_set("", in), GRPC_OTHER_ERROR);
}
static void mapping_set_first(void) {
    end();
    first("set", grpc_data_memory_mapping_set("key", in));
}
static void mapping_get_first(void) {
    void* found;
    end();
    first("get", grpc_data_memory_mapping_get("key", &found));
}

static void container_of_two(void) {
    made(&a, "memory:/in", NULL, GRPC_VOLATILE);
    made(&b, NULL, "memory:/out", GRPC_VOLATILE);
    want("init", grpc_data_init(&c, NULL, NULL, GRPC_CONTAINER_OF_GRPC_DATA, shape, NULL),
         GRPC_NO_ERROR);
    want("set 0", grpc_data_container_set(&c, 0, &a), GRPC_NO_ERROR);
    want("set 7", grpc_data_container_set(&c, 7, &b), GRPC_NO_ERROR);
}
static void container(void) {
    grpc_data_t* found = NULL;
    container_of_two();
    want("get 7", grpc_data_container_get(&c, 7, &found), GRPC_NO_ERROR);
    is_info(found, GRPC_OUTPUT_URI, NULL, "memory:/out");
    want("get 0", grpc_data_container_get(&c, 0, &found), GRPC_NO_ERROR);
    is_info(found, GRPC_INPUT_URI, NULL, "memory:/in");
}
static void container_keeps(void) {
    grpc_data_t* found = NULL;
    container_of_two();
    want("get", grpc_data_container_get(&c, 0, &found), GRPC_NO_ERROR);
    want("get again", grpc_data_container_get(&c, 0, &found), GRPC_NO_ERROR);
}
static void container_replaces(void) {
    grpc_data_t* found = NULL;
    container_of_two();
    want("set 0", grpc_data_container_set(&c, 0, &b), GRPC_NO_ERROR);
    want("get 0", grpc_data_container_get(&c, 0, &found), GRPC_NO_ERROR);
    is_info(found, GRPC_OUTPUT_URI, NULL, "memory:/out");
}
static void container_type(void) {
    grpc_data_t* found;
    container_of_two();
    want("set", grpc_data_container_set(&a, 0, &b), GRPC_INVALID_TYPE);
    want("get", grpc_data_container_get(&a, 0, &found), GRPC_INVALID_TYPE);
}
static void container_rank(void) {
    grpc_data_t* found;
    container_of_two();
    want("get 3", grpc_data_container_get(&c, 3, &found), GRPC_INVALID_RANK);
    want("get -1", grpc_data_container_get(&c, -1, &found), GRPC_INVALID_RANK);
    want("set -1", grpc_data_container_set(&c, -1, &a), GRPC_INVALID_RANK);
}
static void container_handle(void) {
    grpc_data_t none, *found;
    container_of_two();
    none = invalid();
    want("set into nothing", grpc_data_container_set(&none, 0, &a), GRPC_INVALID_DATA_HANDLE);
    want("set nothing", grpc_data_container_set(&c, 0, &none), GRPC_INVALID_DATA_HANDLE);
    want("get of nothing", grpc_data_container_get(&none, 0, &found), GRPC_INVALID_DATA_HANDLE);
}
static void container_itself(void) {
    container_of_two();
    want("set", grpc_data_container_set(&c, 1, &c), GRPC_OTHER_ERROR);
}
static void container_set_first(void) {
    end();
    first("set", grpc_data_container_set(&c, 0, &a));
}
static void container_get_first(void) {
    grpc_data_t* found;
    end();
    first("get", grpc_data_container_get(&c, 0, &found));
}

/* -- 4.2.3 transfer -------------------------------------------------------------------------- */

static void memory_to_file(void) {
    const char* to = uri("file", "t");
    made(&a, "memory:/in", to, GRPC_VOLATILE);
    moved(&a);
    is_file(to, 1);
}
static void file_to_memory(void) {
    made(&a, new_file("t", 3), "memory:/out", GRPC_VOLATILE);
    moved(&a);
    is_times("the memory has the contents", out, 3);
}
static void http_to_memory(void) {
    new_file("h", 5);
    made(&a, uri("http", "h"), "memory:/out", GRPC_VOLATILE);
    moved(&a);
    is_times("the memory has the contents", out, 5);
}
static void to_new_memory(void) {
    void* found = NULL;
    made(&a, "memory:/in", "memory:/fresh", GRPC_VOLATILE);
    moved(&a);
    want("mapping", grpc_data_memory_mapping_get("fresh", &found), GRPC_NO_ERROR);
    if (found != NULL) is_times("the new memory has the contents", (double*)found, 1);
}
static void through_the_platform(void) {
    const char* kept = uri("kept", "t");
    made(&a, "memory:/in", kept, GRPC_PERSISTENT);
    moved(&a);
    made(&b, kept, "memory:/out", GRPC_VOLATILE);
    moved(&b);
    is_times("what came back", out, 1);
    want("free", grpc_data_free(&a, NULL), GRPC_NO_ERROR);
}
static void into_the_platform(void) {
    char* info = NULL;
    made(&a, "memory:/in", NULL, GRPC_PERSISTENT);
    moved(&a);
    want("getinfo", grpc_data_getinfo(&a, GRPC_LOCATIONS_LIST, NULL, &info), GRPC_NO_ERROR);
    check("it is somewhere in the platform", info != NULL && *info != '\0');
    free(info);
    want("free", grpc_data_free(&a, NULL), GRPC_NO_ERROR);
}
static void more_outputs(void) {
    const char* to = uri("file", "t");
    const char* more = uri("file", "more");
    made(&a, "memory:/in", to, GRPC_VOLATILE);
    want("transfer", grpc_data_transfer(&a, NULL, list(more, "memory:/out"), NULL), GRPC_NO_ERROR);
    arrived(&a);
    is_file(to, 1);
    is_file(more, 1);
    is_times("the second of more outputs", out, 1);
}
static void more_inputs(void) {
    const char* from = new_file("t", 7);
    made(&a, NULL, "memory:/out", GRPC_VOLATILE);
    want("transfer", grpc_data_transfer(&a, list(from, NULL), NULL, NULL), GRPC_NO_ERROR);
    arrived(&a);
    is_times("what came", out, 7);
}
static void second_input(void) {
    const char* from = new_file("t", 2);
    want("init",
         grpc_data_init(&a, list(uri("file", "none"), from), list("memory:/out", NULL), GRPC_DOUBLE,
                        shape, NULL),
         GRPC_NO_ERROR);
    moved(&a);
    is_times("what came", out, 2);
}
static void changed_mode(void) {
    const char* kept = uri("kept", "t");
    const grpc_data_mode_t sticky[] = {GRPC_STICKY, GRPC_END_LIST};
    const grpc_data_mode_t persistent[] = {GRPC_PERSISTENT, GRPC_END_LIST};
    made(&a, "memory:/in", kept, GRPC_PERSISTENT);
    moved(&a);
    want("transfer", grpc_data_transfer(&a, NULL, list(kept, NULL), sticky), GRPC_NO_ERROR);
    arrived(&a);
    want("transfer", grpc_data_transfer(&a, NULL, list(kept, NULL), persistent), GRPC_NO_ERROR);
    arrived(&a);
    want("free", grpc_data_free(&a, NULL), GRPC_NO_ERROR);
}
static void transfer_container(void) {
    container_of_two();
    made(&a, "memory:/in", "memory:/out", GRPC_VOLATILE);
    made(&b, "memory:/in", uri("file", "t"), GRPC_VOLATILE);
    want("set 0", grpc_data_container_set(&c, 0, &a), GRPC_NO_ERROR);
    want("set 7", grpc_data_container_set(&c, 7, &b), GRPC_NO_ERROR);
    want("transfer", grpc_data_transfer(&c, NULL, NULL, NULL), GRPC_NO_ERROR);
    arrived(&a);
    arrived(&b);
    is_times("the first of them", out, 1);
    is_file(uri("file", "t"), 1);
}
static void transfer_handle(void) {
    grpc_data_t none = invalid();
    want("transfer", grpc_data_transfer(&none, NULL, NULL, NULL), GRPC_INVALID_DATA_HANDLE);
}
static void transfer_data(void) {
    made(&a, NULL, "memory:/out", GRPC_VOLATILE);
    want("from nowhere", grpc_data_transfer(&a, NULL, NULL, NULL), GRPC_INVALID_DATA);
    made(&a, "memory:/in", NULL, GRPC_VOLATILE);
    want("to nowhere", grpc_data_transfer(&a, NULL, NULL, NULL), GRPC_INVALID_DATA);
}
static void transfer_mode(void) {
    const grpc_data_mode_t bad[] = {(grpc_data_mode_t)99, GRPC_END_LIST};
    const grpc_data_mode_t many[] = {GRPC_STICKY, GRPC_STICKY, GRPC_STICKY, GRPC_END_LIST};
    made(&a, "memory:/in", NULL, GRPC_VOLATILE);
    want("no mode", grpc_data_transfer(&a, NULL, list("memory:/out", NULL), bad),
         GRPC_INVALID_MODE);
    want("too many", grpc_data_transfer(&a, NULL, list("memory:/out", NULL), many),
         GRPC_INVALID_MODE);
}
static void transfer_input(void) {
    made(&a, "memory:/in", "memory:/out", GRPC_VOLATILE);
    want("transfer", grpc_data_transfer(&a, list("gopher:/x", NULL), NULL, NULL), GRPC_INVALID_URI);
}
static void transfer_output(void) {
    made(&a, "memory:/in", "memory:/out", GRPC_VOLATILE);
    want("transfer", grpc_data_transfer(&a, NULL, list("gopher:/x", NULL), NULL), GRPC_INVALID_URI);
}
static void transfer_first(void) {
    end();
    first("transfer", grpc_data_transfer(&a, NULL, NULL, NULL));
}

/* -- 4.2.4 wait ------------------------------------------------------------------------------ */

static const grpc_data_t** both(void) {
    static const grpc_data_t* all[3];
    all[0] = &a;
    all[1] = &b;
    all[2] = NULL;
    return all;
}
static void wait_all(void) {
    made(&a, "memory:/in", "memory:/out", GRPC_VOLATILE);
    made(&b, "memory:/in", uri("file", "t"), GRPC_VOLATILE);
    want("transfer", grpc_data_transfer(&a, NULL, NULL, NULL), GRPC_NO_ERROR);
    want("transfer", grpc_data_transfer(&b, NULL, NULL, NULL), GRPC_NO_ERROR);
    want("wait", grpc_data_wait(both(), GRPC_WAIT_ALL, NULL), GRPC_NO_ERROR);
    is_times("the first", out, 1);
    is_file(uri("file", "t"), 1);
}
static void wait_any(void) {
    grpc_data_t* done = NULL;
    made(&a, "memory:/in", "memory:/out", GRPC_VOLATILE);
    made(&b, "memory:/in", uri("file", "t"), GRPC_VOLATILE);
    want("transfer", grpc_data_transfer(&a, NULL, NULL, NULL), GRPC_NO_ERROR);
    want("transfer", grpc_data_transfer(&b, NULL, NULL, NULL), GRPC_NO_ERROR);
    want("wait", grpc_data_wait(both(), GRPC_WAIT_ANY, &done), GRPC_NO_ERROR);
    check("it is one of them", done == &a || done == &b);
    if (done == &a) is_times("it has arrived", out, 1);
    if (done == &b) is_file(uri("file", "t"), 1);
}
static void wait_failed(void) {
    grpc_data_t* done = NULL;
    made(&a, "memory:/in", "memory:/out", GRPC_VOLATILE);
    made(&b, uri("file", "none"), "memory:/out", GRPC_VOLATILE);
    want("transfer", grpc_data_transfer(&a, NULL, NULL, NULL), GRPC_NO_ERROR);
    want("transfer", grpc_data_transfer(&b, NULL, NULL, NULL), GRPC_NO_ERROR);
    want("wait", grpc_data_wait(both(), GRPC_WAIT_ALL, &done), GRPC_TRANSFER_ERROR);
    check("it is the one that failed", done == &b);
}
static void wait_nothing(void) {
    grpc_data_t* done = NULL;
    made(&a, "memory:/in", "memory:/out", GRPC_VOLATILE);
    made(&b, "memory:/in", NULL, GRPC_VOLATILE);
    want("wait", grpc_data_wait(both(), GRPC_WAIT_ALL, &done), GRPC_NO_ERROR);
    check("it is one of them", done == &a || done == &b);
}
static void wait_handle(void) {
    a = b = invalid();
    want("wait", grpc_data_wait(both(), GRPC_WAIT_ALL, NULL), GRPC_INVALID_DATA_HANDLE);
}
static void wait_data(void) {
    const grpc_data_t* none[1] = {NULL};
    want("wait", grpc_data_wait(none, GRPC_WAIT_ALL, NULL), GRPC_INVALID_DATA);
}
static void wait_first(void) {
    end();
    first("wait", grpc_data_wait(both(), GRPC_WAIT_ALL, NULL));
}

/* -- 4.2.5 unbind, 4.2.6 free ---------------------------------------------------------------- */

static void unbind(void) {
    made(&a, "memory:/in", NULL, GRPC_VOLATILE);
    want("unbind", grpc_data_unbind(&a), GRPC_NO_ERROR);
}
static void unbind_keeps(void) {
    const char* kept = uri("kept", "t");
    made(&a, "memory:/in", kept, GRPC_PERSISTENT);
    moved(&a);
    want("unbind", grpc_data_unbind(&a), GRPC_NO_ERROR);
    made(&b, kept, "memory:/out", GRPC_PERSISTENT);
    moved(&b);
    is_times("the data are still there", out, 1);
    want("free", grpc_data_free(&b, list(kept, NULL)), GRPC_NO_ERROR);
}
static void unbind_handle(void) {
    a = invalid();
    want("unbind", grpc_data_unbind(&a), GRPC_INVALID_DATA_HANDLE);
}
static void unbind_first(void) {
    end();
    first("unbind", grpc_data_unbind(&a));
}
static void free_all(void) {
    const char* kept = uri("kept", "t");
    made(&a, "memory:/in", kept, GRPC_PERSISTENT);
    moved(&a);
    want("free", grpc_data_free(&a, NULL), GRPC_NO_ERROR);
    made(&b, kept, "memory:/out", GRPC_VOLATILE);
    want("transfer", grpc_data_transfer(&b, NULL, NULL, NULL), GRPC_NO_ERROR);
    want("wait for what was freed", waited(&b), GRPC_TRANSFER_ERROR);
}
static void free_one(void) {
    const char* gone = uri("file", "gone");
    const char* stays = uri("file", "stays");
    FILE* file;
    want("init",
         grpc_data_init(&a, list("memory:/in", NULL), list(gone, stays), GRPC_DOUBLE, shape, NULL),
         GRPC_NO_ERROR);
    moved(&a);
    want("free", grpc_data_free(&a, list(gone, NULL)), GRPC_NO_ERROR);
    file = fopen(gone + strlen("file:"), "rb");
    check("it is erased there", file == NULL);
    is_file(stays, 1);
}
static void free_unbinds(void) {
    grpc_data_t copy;
    made(&a, "memory:/in", NULL, GRPC_VOLATILE);
    copy = a;
    want("free", grpc_data_free(&a, NULL), GRPC_NO_ERROR);
    want("transfer", grpc_data_transfer(&copy, NULL, NULL, NULL), GRPC_INVALID_DATA_HANDLE);
}
static void free_handle(void) {
    a = invalid();
    want("free", grpc_data_free(&a, NULL), GRPC_INVALID_DATA_HANDLE);
}
static void free_uri(void) {
    made(&a, "memory:/in", NULL, GRPC_VOLATILE);
    want("free", grpc_data_free(&a, list("gopher:/x", NULL)), GRPC_INVALID_URI);
}
static void free_first(void) {
    end();
    first("free", grpc_data_free(&a, NULL));
}

/* -- 4.2.7 getinfo --------------------------------------------------------------------------- */

static void info_handle(void) {
    char *info = NULL, *again = NULL;
    made(&a, "memory:/in", NULL, GRPC_PERSISTENT);
    made(&b, "memory:/in", NULL, GRPC_PERSISTENT);
    moved(&a);
    moved(&b);
    want("getinfo", grpc_data_getinfo(&a, GRPC_DATA_HANDLE, NULL, &info), GRPC_NO_ERROR);
    want("getinfo", grpc_data_getinfo(&b, GRPC_DATA_HANDLE, NULL, &again), GRPC_NO_ERROR);
    check("it is unique", info != NULL && again != NULL && strcmp(info, again) != 0);
    free(info);
    free(again);
    want("free", grpc_data_free(&a, NULL), GRPC_NO_ERROR);
    want("free", grpc_data_free(&b, NULL), GRPC_NO_ERROR);
}
static void info_input(void) {
    made(&a, "memory:/in", NULL, GRPC_VOLATILE);
    is_info(&a, GRPC_INPUT_URI, NULL, "memory:/in");
}
static void info_output(void) {
    char* info = NULL;
    want("init", grpc_data_init(&a, NULL, list("memory:/x", "memory:/y"), GRPC_DOUBLE, shape, NULL),
         GRPC_NO_ERROR);
    want("getinfo", grpc_data_getinfo(&a, GRPC_OUTPUT_URI, NULL, &info), GRPC_NO_ERROR);
    check("a list of both",
          info != NULL && strcmp(info, "memory:/x") == 0 && strcmp(info + 10, "memory:/y") == 0);
    free(info);
}
static void info_mode(void) {
    static const struct {
        grpc_data_mode_t mode;
        const char* name;
    } modes[] = {{GRPC_VOLATILE, "GRPC_VOLATILE"},
                 {GRPC_STRICTLY_VOLATILE, "GRPC_STRICTLY_VOLATILE"},
                 {GRPC_PERSISTENT, "GRPC_PERSISTENT"},
                 {GRPC_STICKY, "GRPC_STICKY"},
                 {GRPC_UNIQUE_STICKY, "GRPC_UNIQUE_STICKY"}};
    size_t i;
    for (i = 0; i < sizeof modes / sizeof *modes; ++i) {
        made(&a, NULL, "memory:/out", modes[i].mode);
        is_info(&a, GRPC_MANAGEMENT_MODE, NULL, modes[i].name);
    }
}
static void info_modes(void) {
    const grpc_data_mode_t two[] = {GRPC_STICKY, GRPC_PERSISTENT, GRPC_END_LIST};
    char* info = NULL;
    want("init", grpc_data_init(&a, NULL, list("memory:/x", "memory:/y"), GRPC_DOUBLE, shape, two),
         GRPC_NO_ERROR);
    want("getinfo", grpc_data_getinfo(&a, GRPC_MANAGEMENT_MODE, NULL, &info), GRPC_UNDEFINED);
    is_info(&a, GRPC_MANAGEMENT_MODE, "memory:/y", "GRPC_PERSISTENT");
}
static void info_dimension(void) {
    size_t two[] = {3, 4, 0};
    char* info = NULL;
    want("init", grpc_data_init(&a, NULL, NULL, GRPC_DOUBLE, two, NULL), GRPC_NO_ERROR);
    want("getinfo", grpc_data_getinfo(&a, GRPC_DIMENSION, NULL, &info), GRPC_NO_ERROR);
    check("3, then 4", info != NULL && strcmp(info, "3") == 0 && strcmp(info + 2, "4") == 0);
    free(info);
}
static void info_type(void) {
    made(&a, NULL, NULL, GRPC_VOLATILE);
    is_info(&a, GRPC_TYPE, NULL, "GRPC_DOUBLE");
}
static void info_status(void) {
    made(&a, "memory:/in", "memory:/out", GRPC_VOLATILE);
    is_info(&a, GRPC_STATUS, NULL, "GRPC_IN_PLACE");
    moved(&a);
    is_info(&a, GRPC_STATUS, NULL, "GRPC_IN_PLACE");
}
static void info_failed(void) {
    made(&a, uri("file", "none"), "memory:/out", GRPC_VOLATILE);
    want("transfer", grpc_data_transfer(&a, NULL, NULL, NULL), GRPC_NO_ERROR);
    want("wait", waited(&a), GRPC_TRANSFER_ERROR);
    is_info(&a, GRPC_STATUS, NULL, "GRPC_ERROR_TRANSFER");
}
static void info_unknown(void) {
    char* info = NULL;
    made(&a, "memory:/in", "memory:/out", GRPC_VOLATILE);
    want("no such tag", grpc_data_getinfo(&a, (grpc_data_info_type_t)99, NULL, &info),
         GRPC_UNDEFINED);
    want("no such output", grpc_data_getinfo(&a, GRPC_MANAGEMENT_MODE, "memory:/none", &info),
         GRPC_UNDEFINED);
}
static void info_gone(void) {
    const char* kept = uri("kept", "t");
    char* info = NULL;
    made(&a, "memory:/in", kept, GRPC_PERSISTENT);
    moved(&a);
    want("save", grpc_data_save(&a, "memory:/saved"), GRPC_NO_ERROR);
    want("load", grpc_data_load(&b, "memory:/saved"), GRPC_NO_ERROR);
    want("free", grpc_data_free(&a, NULL), GRPC_NO_ERROR);
    want("getinfo", grpc_data_getinfo(&b, GRPC_LOCATIONS_LIST, NULL, &info), GRPC_INVALID_DATA);
}
static void info_invalid(void) {
    char* info = NULL;
    a = invalid();
    want("getinfo", grpc_data_getinfo(&a, GRPC_TYPE, NULL, &info), GRPC_INVALID_DATA_HANDLE);
}
static void info_first(void) {
    char* info = NULL;
    end();
    first("getinfo", grpc_data_getinfo(&a, GRPC_TYPE, NULL, &info));
}

/* -- 4.2.8 load and save --------------------------------------------------------------------- */

static void save_and_load(void) {
    made(&a, "memory:/in", "memory:/out", GRPC_STICKY);
    want("save", grpc_data_save(&a, uri("file", "s")), GRPC_NO_ERROR);
    want("load", grpc_data_load(&b, uri("file", "s")), GRPC_NO_ERROR);
    is_info(&b, GRPC_TYPE, NULL, "GRPC_DOUBLE");
    is_info(&b, GRPC_INPUT_URI, NULL, "memory:/in");
    is_info(&b, GRPC_OUTPUT_URI, NULL, "memory:/out");
    is_info(&b, GRPC_MANAGEMENT_MODE, NULL, "GRPC_STICKY");
    is_info(&b, GRPC_DIMENSION, NULL, "4");
}
static void loaded_data(void) {
    made(&a, "memory:/in", NULL, GRPC_PERSISTENT);
    moved(&a);
    want("save", grpc_data_save(&a, uri("file", "s")), GRPC_NO_ERROR);
    want("unbind", grpc_data_unbind(&a), GRPC_NO_ERROR);
    want("finalize", grpc_finalize(), GRPC_NO_ERROR);
    want("initialize", grpc_initialize(config), GRPC_NO_ERROR);
    want("mapping", grpc_data_memory_mapping_set("out", out), GRPC_NO_ERROR);
    want("load", grpc_data_load(&b, uri("file", "s")), GRPC_NO_ERROR);
    want("transfer", grpc_data_transfer(&b, NULL, list("memory:/out", NULL), NULL), GRPC_NO_ERROR);
    arrived(&b);
    is_times("another user has the same data", out, 1);
    want("free", grpc_data_free(&b, NULL), GRPC_NO_ERROR);
}
static void load_http(void) {
    made(&a, "memory:/in", NULL, GRPC_STICKY);
    want("save", grpc_data_save(&a, uri("file", "s")), GRPC_NO_ERROR);
    want("load", grpc_data_load(&b, uri("http", "s")), GRPC_NO_ERROR);
    is_info(&b, GRPC_MANAGEMENT_MODE, NULL, "GRPC_STICKY");
}
static void load_no_description(void) {
    want("load", grpc_data_load(&a, new_file("s", 1)), GRPC_INVALID_DATA);
}
static void load_uri(void) {
    want("no URI", grpc_data_load(&a, "gopher:/x"), GRPC_INVALID_URI);
    want("no file", grpc_data_load(&a, uri("file", "none")), GRPC_INVALID_URI);
}
static void save_uri(void) {
    made(&a, "memory:/in", NULL, GRPC_VOLATILE);
    want("no URI", grpc_data_save(&a, "gopher:/x"), GRPC_INVALID_URI);
    want("no folder", grpc_data_save(&a, "file:/no/such/folder/x"), GRPC_INVALID_URI);
}
static void save_handle(void) {
    a = invalid();
    want("save", grpc_data_save(&a, uri("file", "s")), GRPC_INVALID_DATA_HANDLE);
}
static void save_data(void) {
    container_of_two();
    want("save", grpc_data_save(&c, uri("file", "s")), GRPC_INVALID_DATA);
}
static void load_first(void) {
    end();
    first("load", grpc_data_load(&a, "memory:/x"));
}
static void save_first(void) {
    end();
    first("save", grpc_data_save(&a, "memory:/x"));
}

/* -- calls, and the modes (4.1.1, table 1) --------------------------------------------------- */

static void called(grpc_data_t x, double factor, grpc_data_t* y) {
    want("call", grpc_call(&scale_out, N, x, factor, y), GRPC_NO_ERROR);
}
static void call_in_and_out(void) {
    made(&a, "memory:/in", NULL, GRPC_VOLATILE);
    made(&b, NULL, "memory:/out", GRPC_VOLATILE);
    called(a, 3, &b);
    arrived(&b);
    is_times("the result", out, 3);
}
static void call_async(void) {
    grpc_sessionid_t id;
    made(&a, "memory:/in", NULL, GRPC_VOLATILE);
    made(&b, NULL, "memory:/out", GRPC_VOLATILE);
    want("call", grpc_call_async(&scale_out, &id, N, a, 3.0, &b), GRPC_NO_ERROR);
    want("grpc_wait", grpc_wait(id), GRPC_NO_ERROR);
    arrived(&b);
    is_times("the result", out, 3);
}
static void call_inout(void) {
    made(&a, "memory:/in", "memory:/out", GRPC_VOLATILE);
    want("call", grpc_call(&scale, &a, N, 4.0), GRPC_NO_ERROR);
    arrived(&a);
    is_times("the result", out, 4);
    is_times("the input", in, 1);
}
static void call_scalar(void) {
    double sum[1] = {0};
    size_t one[] = {1, 0};
    want("mapping", grpc_data_memory_mapping_set("sum", sum), GRPC_NO_ERROR);
    made(&a, "memory:/in", NULL, GRPC_VOLATILE);
    want("init", grpc_data_init(&b, NULL, list("memory:/sum", NULL), GRPC_DOUBLE, one, NULL),
         GRPC_NO_ERROR);
    want("call", grpc_call(&sum_of, N, a, &b), GRPC_NO_ERROR);
    arrived(&b);
    check("the sum is 10", sum[0] == 10);
}
static void call_file(void) {
    size_t any[] = {0};
    char text[] = "quiet";
    void* found = NULL;
    want("mapping", grpc_data_memory_mapping_set("text", text), GRPC_NO_ERROR);
    want("init", grpc_data_init(&a, list("memory:/text", NULL), NULL, GRPC_STRING, any, NULL),
         GRPC_NO_ERROR);
    want("init", grpc_data_init(&b, NULL, list("memory:/loud", NULL), GRPC_FILE, any, NULL),
         GRPC_NO_ERROR);
    want("call", grpc_call(&shout, a, &b), GRPC_NO_ERROR);
    arrived(&b);
    want("mapping", grpc_data_memory_mapping_get("loud", &found), GRPC_NO_ERROR);
    check("it is louder", found != NULL && strcmp((char*)found, "QUIET") == 0);
}
static void call_without_contents(void) {
    made(&a, NULL, NULL, GRPC_VOLATILE);
    want("call", grpc_call(&scale_out, N, a, 2.0, out), GRPC_OTHER_ERROR_CODE);
    made(&a, uri("file", "none"), NULL, GRPC_VOLATILE);
    check("a call without its input succeeded",
          grpc_call(&scale_out, N, a, 2.0, out) != GRPC_NO_ERROR);
}

static void no_datum(const grpc_data_t* data) { is_info(data, GRPC_DATA_HANDLE, NULL, ""); }

/* The input changes between two calls: does the second see it? */
static void call_twice(grpc_data_mode_t mode, double factor) {
    int i;
    made(&a, "memory:/in", NULL, mode);
    want("call", grpc_call(&scale_out, N, a, 1.0, out), GRPC_NO_ERROR);
    is_times("the first result", out, 1);
    for (i = 0; i < N; ++i) in[i] *= 2;
    want("call again", grpc_call(&scale_out, N, a, 1.0, out), GRPC_NO_ERROR);
    is_times("the second result", out, factor);
}
static void mode_volatile(void) { call_twice(GRPC_VOLATILE, 2); }
static void mode_strictly_volatile(void) {
    call_twice(GRPC_STRICTLY_VOLATILE, 2);
    no_datum(&a);
    made(&b, NULL, "memory:/out", GRPC_STRICTLY_VOLATILE);
    called(a, 1, &b);
    arrived(&b);
    is_times("the result is at its output", out, 2);
    no_datum(&b);
}
static void freed(grpc_data_t* data) { want("free", grpc_data_free(data, NULL), GRPC_NO_ERROR); }
static void mode_persistent(void) {
    call_twice(GRPC_PERSISTENT, 1);
    freed(&a);
}
static void mode_sticky(void) {
    call_twice(GRPC_STICKY, 1);
    freed(&a);
}
static void mode_unique_sticky(void) {
    char* info = NULL;
    call_twice(GRPC_UNIQUE_STICKY, 1);
    want("getinfo", grpc_data_getinfo(&a, GRPC_LOCATIONS_LIST, NULL, &info), GRPC_NO_ERROR);
    check("it is in one place", info != NULL && *info != '\0' && info[strlen(info) + 1] == '\0');
    free(info);
    freed(&a);
}
static void result_stays(void) {
    const char* kept = uri("kept", "r");
    made(&a, "memory:/in", NULL, GRPC_VOLATILE);
    made(&b, NULL, kept, GRPC_PERSISTENT);
    called(a, 6, &b);
    want("unbind", grpc_data_unbind(&b), GRPC_NO_ERROR);
    made(&c, kept, "memory:/out", GRPC_PERSISTENT);
    moved(&c);
    is_times("the result is in the platform", out, 6);
    want("free", grpc_data_free(&c, list(kept, NULL)), GRPC_NO_ERROR);
}

/* -- Appendix A ------------------------------------------------------------------------------ */

static void example_1(void) {
    made(&a, "memory:/in", NULL, GRPC_VOLATILE);
    made(&b, new_file("b", 2), NULL, GRPC_VOLATILE);
    made(&c, NULL, uri("file", "c"), GRPC_VOLATILE);
    called(b, 2, &c);
    arrived(&c);
    is_file(uri("file", "c"), 4);
    called(a, 2, &c);
    arrived(&c);
    is_file(uri("file", "c"), 2);
}
static void example_2(void) {
    new_file("x", 3);
    made(&a, uri("http", "x"), uri("file", "copy"), GRPC_VOLATILE);
    made(&c, NULL, uri("file", "c"), GRPC_VOLATILE);
    called(a, 2, &c);
    arrived(&a);
    arrived(&c);
    is_file(uri("file", "copy"), 3);
    is_file(uri("file", "c"), 6);
}
static void example_3(void) {
    const char* at_server = uri("server", "C");
    const int n = 3;
    int i;
    made(&c, new_file("c", 1), at_server, GRPC_STICKY);
    for (i = 0; i < n + 1; ++i) {
        if (i == 1) made(&c, at_server, at_server, GRPC_STICKY);
        if (i == n) made(&c, at_server, uri("file", "out"), GRPC_VOLATILE);
        called(c, 2, &c);
    }
    arrived(&c);
    is_file(uri("file", "out"), 16);
    want("free", grpc_data_free(&c, list(at_server, NULL)), GRPC_NO_ERROR);
}
static void example_4(void) {
    const char* at_server = uri("server", "C");
    made(&a, "memory:/in", NULL, GRPC_VOLATILE);
    made(&c, NULL, at_server, GRPC_STICKY);
    called(a, 2, &c);
    made(&c, at_server, "memory:/out", GRPC_VOLATILE);
    called(c, 3, &c);
    arrived(&c);
    is_times("C went from server to client", out, 6);
    want("free", grpc_data_free(&c, list(at_server, NULL)), GRPC_NO_ERROR);
}
static void example_5(void) {
    double values[10], sum = 0;
    size_t one[] = {1, 0};
    grpc_data_t elements[10];
    int i;
    want("init", grpc_data_init(&c, NULL, NULL, GRPC_CONTAINER_OF_GRPC_DATA, one, NULL),
         GRPC_NO_ERROR);
    for (i = 0; i < 10; ++i) {
        char key[20], from[30];
        snprintf(key, sizeof key, "a%d", i);
        snprintf(from, sizeof from, "memory:/a%d", i);
        values[i] = i;
        elements[i] = NULL;
        want("mapping", grpc_data_memory_mapping_set(key, &values[i]), GRPC_NO_ERROR);
        want("init", grpc_data_init(&elements[i], list(from, NULL), NULL, GRPC_DOUBLE, one, NULL),
             GRPC_NO_ERROR);
        want("set", grpc_data_container_set(&c, i, &elements[i]), GRPC_NO_ERROR);
    }
    want("call", grpc_call(&sum_of, 10, c, &sum), GRPC_NO_ERROR);
    check("the sum is 45", sum == 45);
}
static void example_6(void) {
    const char* x = uri("kept", "A");
    const char* y = uri("kept", "B");
    int i;
    made(&a, "memory:/in", x, GRPC_PERSISTENT);
    moved(&a);
    made(&b, x, y, GRPC_PERSISTENT);
    called(a, 2, &b);
    for (i = 0; i < 2; ++i) {
        made(&c, y, y, GRPC_PERSISTENT);
        want("call", grpc_call(&scale, &c, N, 2.0), GRPC_NO_ERROR);
    }
    want("transfer", grpc_data_transfer(&c, NULL, list(uri("file", "B"), NULL), NULL),
         GRPC_NO_ERROR);
    arrived(&c);
    is_file(uri("file", "B"), 8);
    freed(&a);
    freed(&c);
}

static const conformance_case cases[] = {
    {"4.2.1-1", "grpc_data_init() in the right way", init},
    {"4.2.1-2", "grpc_data_init() before grpc_initialize()", init_first},
    {"4.2.1-3", "grpc_data_init() with an invalid type", init_type},
    {"4.2.1-4", "grpc_data_init() with an invalid mode", init_mode},
    {"4.2.1-5", "grpc_data_init() with another number of modes than outputs", init_modes},
    {"4.2.1-6", "grpc_data_init() with a mode for each output", init_mode_each},
    {"4.2.1-7", "grpc_data_init() with an invalid input URI", init_input},
    {"4.2.1-8", "grpc_data_init() with an invalid output URI", init_output},
    {"4.2.1-9", "grpc_data_init() without lists", init_nulls},
    {"4.2.1-10", "grpc_data_init() of data that were used before", init_again},
    {"4.2.1-11", "grpc_data_init() with each type of table 2", init_types},
    {"4.2.1-12", "grpc_data_init() without modes is volatile", init_default},
    {"4.2.2-1", "grpc_data_memory_mapping_set() and _get()", mapping},
    {"4.2.2-2", "grpc_data_memory_mapping_set() of a key that is set", mapping_again},
    {"4.2.2-3", "memory mapping of an unknown and of an empty key", mapping_unknown},
    {"4.2.2-4", "grpc_data_memory_mapping_set() before grpc_initialize()", mapping_set_first},
    {"4.2.2-5", "grpc_data_memory_mapping_get() before grpc_initialize()", mapping_get_first},
    {"4.2.2-6", "grpc_data_container_set() and _get()", container},
    {"4.2.2-7", "grpc_data_container_get() takes nothing out", container_keeps},
    {"4.2.2-8", "grpc_data_container_set() at a rank that is set", container_replaces},
    {"4.2.2-9", "container functions on what is no container", container_type},
    {"4.2.2-10", "container functions with an invalid rank", container_rank},
    {"4.2.2-11", "container functions with an invalid handle", container_handle},
    {"4.2.2-12", "a container cannot contain itself", container_itself},
    {"4.2.2-13", "grpc_data_container_set() before grpc_initialize()", container_set_first},
    {"4.2.2-14", "grpc_data_container_get() before grpc_initialize()", container_get_first},
    {"4.2.3-1", "grpc_data_transfer() from memory to a file", memory_to_file},
    {"4.2.3-2", "grpc_data_transfer() from a file to memory", file_to_memory},
    {"4.2.3-3", "grpc_data_transfer() by http to memory", http_to_memory},
    {"4.2.3-4", "grpc_data_transfer() to memory that is not mapped makes it", to_new_memory},
    {"4.2.3-5", "grpc_data_transfer() into the platform and back", through_the_platform},
    {"4.2.3-6", "grpc_data_transfer() of persistent data without an output", into_the_platform},
    {"4.2.3-7", "grpc_data_transfer() to more outputs", more_outputs},
    {"4.2.3-8", "grpc_data_transfer() from more inputs", more_inputs},
    {"4.2.3-9", "grpc_data_transfer() tries the inputs one after the other", second_input},
    {"4.2.3-10", "grpc_data_transfer() changes the mode of what is there", changed_mode},
    {"4.2.3-11", "grpc_data_transfer() of a container", transfer_container},
    {"4.2.3-12", "grpc_data_transfer() with an invalid handle", transfer_handle},
    {"4.2.3-13", "grpc_data_transfer() from nowhere or to nowhere", transfer_data},
    {"4.2.3-14", "grpc_data_transfer() with invalid modes", transfer_mode},
    {"4.2.3-15", "grpc_data_transfer() with an invalid input URI", transfer_input},
    {"4.2.3-16", "grpc_data_transfer() with an invalid output URI", transfer_output},
    {"4.2.3-17", "grpc_data_transfer() before grpc_initialize()", transfer_first},
    {"4.2.4-1", "grpc_data_wait() for all", wait_all},
    {"4.2.4-2", "grpc_data_wait() for any", wait_any},
    {"4.2.4-3", "grpc_data_wait() tells which transfer failed", wait_failed},
    {"4.2.4-4", "grpc_data_wait() for data without transfers", wait_nothing},
    {"4.2.4-5", "grpc_data_wait() with an invalid handle", wait_handle},
    {"4.2.4-6", "grpc_data_wait() with an empty list", wait_data},
    {"4.2.4-7", "grpc_data_wait() before grpc_initialize()", wait_first},
    {"4.2.5-1", "grpc_data_unbind() in the right way", unbind},
    {"4.2.5-2", "grpc_data_unbind() keeps what is in the platform", unbind_keeps},
    {"4.2.5-3", "grpc_data_unbind() with an invalid handle", unbind_handle},
    {"4.2.5-4", "grpc_data_unbind() before grpc_initialize()", unbind_first},
    {"4.2.6-1", "grpc_data_free() erases the data in the platform", free_all},
    {"4.2.6-2", "grpc_data_free() with locations erases there only", free_one},
    {"4.2.6-3", "grpc_data_free() unbinds", free_unbinds},
    {"4.2.6-4", "grpc_data_free() with an invalid handle", free_handle},
    {"4.2.6-5", "grpc_data_free() with an invalid URI", free_uri},
    {"4.2.6-6", "grpc_data_free() before grpc_initialize()", free_first},
    {"4.2.7-1", "grpc_data_getinfo() of GRPC_DATA_HANDLE is unique", info_handle},
    {"4.2.7-2", "grpc_data_getinfo() of GRPC_INPUT_URI", info_input},
    {"4.2.7-3", "grpc_data_getinfo() of GRPC_OUTPUT_URI is a list", info_output},
    {"4.2.7-4", "grpc_data_getinfo() of GRPC_MANAGEMENT_MODE, each", info_mode},
    {"4.2.7-5", "grpc_data_getinfo() of several modes is undefined", info_modes},
    {"4.2.7-6", "grpc_data_getinfo() of GRPC_DIMENSION", info_dimension},
    {"4.2.7-7", "grpc_data_getinfo() of GRPC_TYPE", info_type},
    {"4.2.7-8", "grpc_data_getinfo() of GRPC_STATUS in place", info_status},
    {"4.2.7-9", "grpc_data_getinfo() of GRPC_STATUS after a failure", info_failed},
    {"4.2.7-10", "grpc_data_getinfo() of what is unknown", info_unknown},
    {"4.2.7-11", "grpc_data_getinfo() of data that are gone", info_gone},
    {"4.2.7-12", "grpc_data_getinfo() with an invalid handle", info_invalid},
    {"4.2.7-13", "grpc_data_getinfo() before grpc_initialize()", info_first},
    {"4.2.8-1", "grpc_data_save() and grpc_data_load()", save_and_load},
    {"4.2.8-2", "grpc_data_load() by another user gives the same data", loaded_data},
    {"4.2.8-3", "grpc_data_load() by http", load_http},
    {"4.2.8-4", "grpc_data_load() of what is no description", load_no_description},
    {"4.2.8-5", "grpc_data_load() with an invalid URI", load_uri},
    {"4.2.8-6", "grpc_data_save() with an invalid URI", save_uri},
    {"4.2.8-7", "grpc_data_save() with an invalid handle", save_handle},
    {"4.2.8-8", "grpc_data_save() of a container", save_data},
    {"4.2.8-9", "grpc_data_load() before grpc_initialize()", load_first},
    {"4.2.8-10", "grpc_data_save() before grpc_initialize()", save_first},
    {"4.1-1", "data as IN and OUT arguments of a call", call_in_and_out},
    {"4.1-2", "data as arguments of a call that is not waited for", call_async},
    {"4.1-3", "data as an INOUT argument", call_inout},
    {"4.1-4", "data as an OUT scalar", call_scalar},
    {"4.1-5", "data as files", call_file},
    {"4.1-6", "data without contents as an IN argument", call_without_contents},
    {"4.1.1-1", "GRPC_VOLATILE: the input is read at every call", mode_volatile},
    {"4.1.1-2", "GRPC_STRICTLY_VOLATILE: nothing stays after a call", mode_strictly_volatile},
    {"4.1.1-3", "GRPC_PERSISTENT: the data stay in the platform", mode_persistent},
    {"4.1.1-4", "GRPC_STICKY: the data stay in the platform", mode_sticky},
    {"4.1.1-5", "GRPC_UNIQUE_STICKY: the data stay, in one place", mode_unique_sticky},
    {"4.1.1-6", "GRPC_PERSISTENT: a result stays in the platform", result_stays},
    {"A.1", "the basic example", example_1},
    {"A.2", "the example with external storage", example_2},
    {"A.3", "the example with persistence", example_3},
    {"A.4", "the example with migration", example_4},
    {"A.5", "the example with containers", example_5},
    {"A.6", "the example with an underlying data middleware", example_6},
};

int main(int argc, char** argv) {
    if (argc < 6) {
        fprintf(stderr, "usage: gfd_r_p_186 CONFIG_FILE SERVER HTTP_URL FOLDER SCHEME\n");
        return 2;
    }
    config = argv[1];
    server = argv[2];
    http = argv[3];
    folder = argv[4];
    scheme = argv[5];
    return run_cases(cases, sizeof cases / sizeof *cases, begin, end);
}
