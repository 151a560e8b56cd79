// The state between grpc_initialize and grpc_finalize: a client, function handles, sessions, data
// handles. GridRPC's functions name none of it, so a process has one.
//
// Threading: any thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "client_api/grpc.h"
#include "client_api/grpc_arguments.h"
#include "client_api/grpc_sessions.h"
#include "client_api/juxta/client.h"
#include "common/base/guarded.h"
#include "common/base/random.h"

namespace juxta::gridrpc {

class Library {
public:
    explicit Library(Client client);
    ~Library();  // cancels what is unfinished

    grpc_error_t make_handle(grpc_function_handle_t* handle, const std::string& server,
                             const std::string& function);
    grpc_error_t drop_handle(grpc_function_handle_t* handle);
    grpc_error_t call(grpc_function_handle_t* handle, ArgumentSource& arguments);
    grpc_error_t call_async(grpc_function_handle_t* handle, grpc_sessionid_t* session,
                            ArgumentSource& arguments);

    // Argument stacks: of at most so many arguments; false: no such stack, or it is full.
    grpc_arg_stack_t* make_stack(std::size_t most);
    bool push(grpc_arg_stack_t* stack, void* argument);
    // nullopt: no such stack, or it is empty.
    std::optional<void*> pop(grpc_arg_stack_t* stack);
    bool drop_stack(grpc_arg_stack_t* stack);
    // Whether this is, or was, a stack: no address of a program is.
    static bool looks_like_stack(const void* pointer);
    // What is on it, the first pushed first; nullopt: no such stack.
    std::optional<std::vector<void*>> items_of(const grpc_arg_stack_t* stack) const;

    Sessions& sessions() { return sessions_; }
    DataManager& data() { return data_; }
    const Client& client() const { return client_; }

private:
    struct Function {
        std::string name;
        std::string server;         // empty: not chosen yet
        bool server_given = false;  // by the user
    };
    struct Functions {
        // Not from 0: what is in the memory of a handle that was never made is likely to be small.
        std::uint64_t last = secure_random();
        std::unordered_map<std::uint64_t, Function> by_number;
    };
    class Session;
    struct Stack {
        std::size_t most = 0;
        std::vector<void*> items;
    };
    using Stacks = std::map<const grpc_arg_stack_t*, Stack>;

    std::optional<Function> function_of(const grpc_function_handle_t* handle) const;
    static CallOptions options_of(const Function& function);
    void chosen(std::uint64_t handle_number, const std::string& server);

    Client client_;
    DataManager data_;
    Guarded<Functions> functions_;
    Guarded<Stacks> stacks_;
    Sessions sessions_;
};

// The library, or null outside grpc_initialize ... grpc_finalize.
std::shared_ptr<Library> library();

// Runs `body(Library&)`, which returns a grpc_error_t; failures become codes, and their text what
// juxta_last_error() tells.
template <class Body>
grpc_error_t run(Body&& body);

// What juxta_last_error() tells, and grpc_last_error_get_np().
void remember_error(const std::string& text);
grpc_error_t remember_code(grpc_error_t code);
grpc_error_t last_code();
grpc_error_t last_failure();  // the last code that was none of success

// The code of the exception being handled, whose text is remembered. Call only inside a catch
// block.
grpc_error_t code_of_current();

template <class Body>
grpc_error_t run(Body&& body) {
    const std::shared_ptr<Library> current = library();
    if (!current) return remember_code(GRPC_NOT_INITIALIZED);
    try {
        return remember_code(body(*current));
    } catch (...) {
        return remember_code(code_of_current());
    }
}

}  // namespace juxta::gridrpc
