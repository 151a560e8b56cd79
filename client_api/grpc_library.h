// The state between grpc_initialize and grpc_finalize: a client, function handles, sessions, data
// handles. GridRPC's functions name none of it, so a process has one.
//
// Threading: any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "client_api/grpc.h"
#include "client_api/grpc_arguments.h"
#include "client_api/grpc_sessions.h"
#include "client_api/juxta/client.h"
#include "common/base/guarded.h"

namespace juxta::gridrpc {

class Library {
public:
    explicit Library(Client client);
    ~Library();  // cancels what is unfinished

    grpc_error_t make_handle(grpc_function_handle_t* handle, const std::string& server,
                             const std::string& function);
    grpc_error_t drop_handle(grpc_function_handle_t* handle);
    grpc_error_t call(grpc_function_handle_t* handle, VariableArguments& arguments);
    grpc_error_t call_async(grpc_function_handle_t* handle, grpc_sessionid_t* session,
                            VariableArguments& arguments);

    Sessions& sessions() { return sessions_; }
    DataHandles& data() { return data_; }
    const Client& client() const { return client_; }

private:
    struct Function {
        std::string name;
        std::string server;         // empty: not chosen yet
        bool server_given = false;  // by the user
    };
    struct Functions {
        std::uint64_t last = 0;
        std::unordered_map<std::uint64_t, Function> by_number;
    };
    class Session;

    std::optional<Function> function_of(const grpc_function_handle_t* handle) const;
    static CallOptions options_of(const Function& function);
    void chosen(std::uint64_t handle_number, const std::string& server);

    Client client_;
    DataHandles data_;
    Guarded<Functions> functions_;
    Sessions sessions_;
};

// The library, or null outside grpc_initialize ... grpc_finalize.
std::shared_ptr<Library> library();

// Runs `body(Library&)`, which returns a grpc_error_t; failures become codes, and their text what
// juxta_last_error() tells.
template <class Body>
grpc_error_t run(Body&& body);

// What juxta_last_error() tells.
void remember_error(const std::string& text);

// The code of the exception being handled, whose text is remembered. Call only inside a catch
// block.
grpc_error_t code_of_current();

template <class Body>
grpc_error_t run(Body&& body) {
    const std::shared_ptr<Library> current = library();
    if (!current) return GRPC_NOT_INITIALIZED;
    try {
        return body(*current);
    } catch (...) {
        return code_of_current();
    }
}

}  // namespace juxta::gridrpc
