// What GridRPC programs use beyond the standard: argument stacks, and extensions of Ninf-G's and
// DIET's.
#include <cstdarg>

#include "client_api/grpc.h"
#include "client_api/grpc_library.h"
#include "client_api/juxta_c.h"

namespace juxta::gridrpc {
namespace {

constexpr grpc_error_t kRefused = -1;

StackedArguments arguments_on(const Library& library, const grpc_arg_stack_t* stack) {
    auto items = library.items_of(stack);
    if (!items) {
        throw Error(ErrorCode::invalid_argument,
                    "this argument stack was never made, or was destructed");
    }
    return StackedArguments(std::move(*items));
}

grpc_error_t call(grpc_function_handle_t* handle, const grpc_arg_stack_t* stack) {
    return run([&](Library& library) {
        StackedArguments arguments = arguments_on(library, stack);
        return library.call(handle, arguments);
    });
}

grpc_error_t call_async(grpc_function_handle_t* handle, grpc_sessionid_t* session,
                        const grpc_arg_stack_t* stack) {
    return run([&](Library& library) {
        StackedArguments arguments = arguments_on(library, stack);
        return library.call_async(handle, session, arguments);
    });
}

// Of what may be called before grpc_initialize, and tells by -1.
template <class Body>
int done_with(Body&& body) {
    const auto current = library();
    if (!current) remember_code(GRPC_NOT_INITIALIZED);
    return current && body(*current) ? 0 : kRefused;
}

grpc_error_t print_last_error(const char* text) {
    const char* why = juxta_last_error();
    std::fprintf(stderr, "%s%s%s%s%s\n", text == nullptr ? "" : text,
                 text == nullptr || *text == '\0' ? "" : ": ", grpc_error_string(last_failure()),
                 *why == '\0' ? "" : ": ", why);
    return GRPC_NO_ERROR;
}

}  // namespace
}  // namespace juxta::gridrpc

using namespace juxta::gridrpc;  // every function below translates between C and this

extern "C" {

grpc_arg_stack_t* grpc_stack_create(size_t maxsize) {
    const auto current = library();
    if (!current) remember_code(GRPC_NOT_INITIALIZED);
    return current ? current->make_stack(maxsize) : nullptr;
}

grpc_error_t grpc_stack_push(grpc_arg_stack_t* stack, void* argument) {
    return done_with([&](Library& library) { return library.push(stack, argument); });
}

grpc_error_t grpc_stack_pop(grpc_arg_stack_t* stack, void** argument) {
    return done_with([&](Library& library) {
        if (argument == nullptr) return false;
        const auto popped = library.pop(stack);
        *argument = popped.value_or(nullptr);
        return popped.has_value();
    });
}

grpc_error_t grpc_stack_destruct(grpc_arg_stack_t* stack) {
    return done_with([&](Library& library) { return library.drop_stack(stack); });
}

grpc_error_t grpc_call_argstack(grpc_function_handle_t* handle, grpc_arg_stack_t* stack) {
    return call(handle, stack);
}

grpc_error_t grpc_call_argstack_async(grpc_function_handle_t* handle, grpc_sessionid_t* sessionID,
                                      grpc_arg_stack_t* stack) {
    return call_async(handle, sessionID, stack);
}

grpc_arg_stack_t* grpc_arg_stack_new(int max) {
    return max < 0 ? nullptr : grpc_stack_create(static_cast<size_t>(max));
}

int grpc_arg_stack_push_arg(grpc_arg_stack_t* stack, void* argument) {
    return grpc_stack_push(stack, argument);
}

void* grpc_arg_stack_pop_arg(grpc_arg_stack_t* stack) {
    void* argument = nullptr;
    return grpc_stack_pop(stack, &argument) == GRPC_NO_ERROR ? argument : nullptr;
}

int grpc_arg_stack_destruct(grpc_arg_stack_t* stack) { return grpc_stack_destruct(stack); }

grpc_error_t grpc_call_arg_stack(grpc_function_handle_t* handle, grpc_arg_stack_t* stack) {
    return call(handle, stack);
}

int grpc_call_arg_stack_async(grpc_function_handle_t* handle, ...) {
    va_list given;
    va_start(given, handle);
    void* first = va_arg(given, void*);
    int answer = GRPC_SESSIONID_VOID;
    if (Library::looks_like_stack(first)) {
        grpc_sessionid_t session = GRPC_SESSIONID_VOID;
        call_async(handle, &session, static_cast<const grpc_arg_stack_t*>(first));
        answer = session;
    } else {
        answer = call_async(handle, static_cast<grpc_sessionid_t*>(first),
                            va_arg(given, grpc_arg_stack_t*));
    }
    va_end(given);
    return answer;
}

grpc_error_t grpc_perror(const char* text) { return print_last_error(text); }
grpc_error_t grpc_perror_np(const char* text) { return print_last_error(text); }
grpc_error_t grpc_last_error_get_np(void) { return last_code(); }

grpc_error_t grpc_function_handle_get_from_session_np(grpc_function_handle_t** handle,
                                                      grpc_sessionid_t sessionID) {
    return run([&](Library& library) -> grpc_error_t {
        if (handle == nullptr) {
            remember_error("handle is a null pointer");
            return GRPC_OTHER_ERROR_CODE;
        }
        return library.sessions().get_handle_of_past(handle, sessionID);
    });
}

grpc_error_t grpc_function_handle_array_default_np(grpc_function_handle_t* handles, size_t count,
                                                   const char* func_name) {
    return grpc_function_handle_array_init_np(handles, count, nullptr, func_name);
}

grpc_error_t grpc_function_handle_array_init_np(grpc_function_handle_t* handles, size_t count,
                                                const char* server_name, const char* func_name) {
    for (size_t i = 0; i < count; ++i) {
        const grpc_error_t code = grpc_function_handle_init(&handles[i], server_name, func_name);
        if (code == GRPC_NO_ERROR) continue;
        grpc_function_handle_array_destruct_np(handles, i);
        return remember_code(code);
    }
    return run([](Library&) { return GRPC_NO_ERROR; });
}

grpc_error_t grpc_function_handle_array_destruct_np(grpc_function_handle_t* handles, size_t count) {
    grpc_error_t first = run([](Library&) { return GRPC_NO_ERROR; });
    for (size_t i = 0; i < count; ++i) {
        const grpc_error_t code = grpc_function_handle_destruct(&handles[i]);
        if (first == GRPC_NO_ERROR) first = code;
    }
    return first;
}

}  // extern "C"
