// The functions of GridRPC and of juxta_c.h, over the Library.
#include "client_api/grpc.h"

#include <memory>
#include <string>

#include "client_api/grpc_error.h"
#include "client_api/grpc_library.h"
#include "client_api/juxta_c.h"

namespace juxta::gridrpc {
namespace {

// What the C interface leaves no other place for: it names no state.
struct Process {
    Guarded<std::shared_ptr<Library>> library;
};
Process& process() {
    static Process only;
    return only;
}

struct LastError {
    std::string text;
    grpc_error_t code = GRPC_NO_ERROR;
    grpc_error_t failure = GRPC_NO_ERROR;
};
LastError& last_error() {
    static thread_local LastError last;
    return last;
}

grpc_error_t initialize(const char* file) {
    if (library()) return GRPC_ALREADY_INITIALIZED;
    try {
        auto made = std::make_shared<Library>(Client::connect(file == nullptr ? "" : file));
        return process().library.with([&](auto& current) -> grpc_error_t {
            if (current) return GRPC_ALREADY_INITIALIZED;
            current = std::move(made);
            return GRPC_NO_ERROR;
        });
    } catch (const Error& e) {
        remember_error(e.what());
        if (e.code() == ErrorCode::not_found) return GRPC_CONFIGFILE_NOT_FOUND;
        if (e.code() == ErrorCode::invalid_argument) return GRPC_CONFIGFILE_ERROR;
        return code_of(e.code());
    } catch (...) {
        return code_of_current();
    }
}

grpc_error_t missing(const char* what) {
    remember_error(std::string(what) + " is a null pointer");
    return GRPC_OTHER_ERROR_CODE;
}

bool null_array(const grpc_sessionid_t* ids, std::size_t length) {
    return ids == nullptr && length > 0;
}

grpc_error_t open_handle(Library& library, grpc_data_t* data, const DataHandle& found) {
    *data = library.data().open(found);
    return GRPC_NO_ERROR;
}

}  // namespace

std::shared_ptr<Library> library() {
    return process().library.with([](const auto& current) { return current; });
}

void remember_error(const std::string& text) { last_error().text = text; }

grpc_error_t remember_code(grpc_error_t code) {
    last_error().code = code;
    if (code != GRPC_NO_ERROR) last_error().failure = code;
    return code;
}

grpc_error_t last_code() { return last_error().code; }
grpc_error_t last_failure() { return last_error().failure; }

}  // namespace juxta::gridrpc

using namespace juxta::gridrpc;  // every function below translates between C and this

extern "C" {

grpc_error_t grpc_initialize(const char* config_file_name) {
    return remember_code(initialize(config_file_name));
}

grpc_error_t grpc_finalize(void) {
    const auto ended = process().library.with([](auto& current) { return std::move(current); });
    // Here, not in its destructor: other threads may be in waits that keep it alive.
    if (ended) ended->sessions().cancel_all();
    return remember_code(ended ? GRPC_NO_ERROR : GRPC_NOT_INITIALIZED);
}

grpc_error_t grpc_function_handle_default(grpc_function_handle_t* handle, const char* func_name) {
    return run([&](Library& library) {
        if (handle == nullptr || func_name == nullptr) return missing("handle or func_name");
        return library.make_handle(handle, {}, func_name);
    });
}

grpc_error_t grpc_function_handle_init(grpc_function_handle_t* handle, const char* server_name,
                                       const char* func_name) {
    return run([&](Library& library) {
        if (handle == nullptr || func_name == nullptr) return missing("handle or func_name");
        return library.make_handle(handle, server_name == nullptr ? "" : server_name, func_name);
    });
}

grpc_error_t grpc_function_handle_destruct(grpc_function_handle_t* handle) {
    return run([&](Library& library) -> grpc_error_t {
        return handle == nullptr ? GRPC_INVALID_FUNCTION_HANDLE : library.drop_handle(handle);
    });
}

grpc_error_t grpc_get_handle(grpc_function_handle_t** handle, grpc_sessionid_t sessionID) {
    return run([&](Library& library) {
        return handle == nullptr ? missing("handle")
                                 : library.sessions().get_handle(handle, sessionID);
    });
}

grpc_error_t grpc_call(grpc_function_handle_t* handle, ...) {
    VariableArguments arguments;
    va_start(arguments.list, handle);
    const grpc_error_t code =
        run([&](Library& library) { return library.call(handle, arguments); });
    va_end(arguments.list);
    return code;
}

grpc_error_t grpc_call_async(grpc_function_handle_t* handle, grpc_sessionid_t* sessionID, ...) {
    VariableArguments arguments;
    va_start(arguments.list, sessionID);
    const grpc_error_t code =
        run([&](Library& library) { return library.call_async(handle, sessionID, arguments); });
    va_end(arguments.list);
    return code;
}

grpc_error_t grpc_probe(grpc_sessionid_t sessionID) {
    return run([&](Library& library) { return library.sessions().probe(sessionID); });
}

grpc_error_t grpc_probe_or(grpc_sessionid_t* idArray, size_t length, grpc_sessionid_t* idPtr) {
    return run([&](Library& library) {
        if (null_array(idArray, length) || idPtr == nullptr) return missing("idArray or idPtr");
        return library.sessions().probe_or({idArray, length}, idPtr);
    });
}

grpc_error_t grpc_cancel(grpc_sessionid_t sessionID) {
    return run([&](Library& library) { return library.sessions().cancel(sessionID); });
}

grpc_error_t grpc_cancel_all(void) {
    return run([](Library& library) { return library.sessions().cancel_all(); });
}

grpc_error_t grpc_wait(grpc_sessionid_t sessionID) {
    return run([&](Library& library) { return library.sessions().wait(sessionID); });
}

grpc_error_t grpc_wait_and(grpc_sessionid_t* idArray, size_t length) {
    return run([&](Library& library) {
        if (null_array(idArray, length)) return missing("idArray");
        return library.sessions().wait_and({idArray, length});
    });
}

grpc_error_t grpc_wait_or(grpc_sessionid_t* idArray, size_t length, grpc_sessionid_t* idPtr) {
    return run([&](Library& library) {
        if (null_array(idArray, length) || idPtr == nullptr) return missing("idArray or idPtr");
        return library.sessions().wait_or({idArray, length}, idPtr);
    });
}

grpc_error_t grpc_wait_all(void) {
    return run([](Library& library) { return library.sessions().wait_all(); });
}

grpc_error_t grpc_wait_any(grpc_sessionid_t* idPtr) {
    return run([&](Library& library) {
        return idPtr == nullptr ? missing("idPtr") : library.sessions().wait_any(idPtr);
    });
}

// The standard says char *; nobody may write to it.
char* grpc_error_string(grpc_error_t error_code) { return const_cast<char*>(name_of(error_code)); }

grpc_error_t grpc_get_error(grpc_sessionid_t sessionID) {
    return run([&](Library& library) { return library.sessions().get_error(sessionID); });
}

grpc_error_t grpc_get_failed_sessionid(grpc_sessionid_t* idPtr) {
    return run([&](Library& library) {
        return idPtr == nullptr ? missing("idPtr") : library.sessions().next_failed(idPtr);
    });
}

grpc_error_t juxta_data_put_double(grpc_data_t* data, size_t rows, size_t columns,
                                   const double* values, const char* name) {
    return run([&](Library& library) {
        juxta::Shape shape{rows};
        if (columns > 0) shape.push_back(columns);
        const size_t elements = rows * (columns > 0 ? columns : 1);
        if (data == nullptr || (values == nullptr && elements > 0))
            return missing("data or values");
        juxta::PutOptions options;
        if (name != nullptr) options.name = name;
        return open_handle(
            library, data,
            library.client().put<double>({values, elements}, shape, options).untyped());
    });
}

grpc_error_t juxta_data_open(grpc_data_t* data, const char* id_or_name) {
    return run([&](Library& library) {
        if (data == nullptr || id_or_name == nullptr) return missing("data or id_or_name");
        return open_handle(library, data, library.client().open_untyped(std::string(id_or_name)));
    });
}

grpc_error_t juxta_data_output(grpc_data_t* data, const char* name) {
    return run([&](Library& library) {
        if (data == nullptr) return missing("data");
        *data = library.data().open_output(name == nullptr ? "" : name);
        return grpc_error_t{GRPC_NO_ERROR};
    });
}

grpc_error_t juxta_data_shape(grpc_data_t data, size_t* rows, size_t* columns) {
    return run([&](Library& library) {
        if (rows == nullptr || columns == nullptr) return missing("rows or columns");
        const juxta::Shape shape = library.data().datum_of(data)->type().shape;
        *rows = shape.empty() ? 0 : shape[0];
        *columns = shape.size() < 2 ? 0 : shape[1];
        return grpc_error_t{GRPC_NO_ERROR};
    });
}

grpc_error_t juxta_data_get_double(grpc_data_t data, double* values, size_t elements) {
    return run([&](Library& library) {
        if (values == nullptr && elements > 0) return missing("values");
        const auto found = library.client().open<double>(library.data().datum_of(data)->id());
        if (found.size() != elements) {
            throw juxta::Error(juxta::ErrorCode::invalid_argument,
                               to_string(found.id()) + " is " + to_string(found.untyped().type()) +
                                   " and does not fit into " + std::to_string(elements) +
                                   " elements");
        }
        found.untyped().get_bytes(0, std::as_writable_bytes(std::span(values, elements)));
        return grpc_error_t{GRPC_NO_ERROR};
    });
}

grpc_error_t juxta_data_free(grpc_data_t* data) {
    return run([&](Library& library) {
        if (data == nullptr) return missing("data");
        library.data().datum_of(*data);  // one that names nothing is refused
        return library.data().free(data, nullptr);
    });
}

grpc_error_t juxta_data_close(grpc_data_t* data) {
    return run([&](Library& library) {
        if (data == nullptr) return missing("data");
        return library.data().unbind(data);
    });
}

const char* juxta_data_id(grpc_data_t data) {
    const auto current = library();
    return current ? current->data().table().id_text(data) : "";
}

const char* juxta_last_error(void) { return last_error().text.c_str(); }

}  // extern "C"
