// The functions of grpc_data.h, over the Library's DataManager.
#include "client_api/grpc_data.h"

#include "client_api/grpc_library.h"

namespace juxta::gridrpc {
namespace {

// As `run`, with the codes of GFD-R-P.186 for what the platform says.
template <class Body>
grpc_error_t run_data(Body&& body) {
    return run([&](Library& library) -> grpc_error_t {
        try {
            return body(library.data());
        } catch (const Error& e) {
            remember_error(e.what());
            switch (e.code()) {
                case ErrorCode::not_found:
                case ErrorCode::data_lost: return GRPC_INVALID_DATA;
                case ErrorCode::peer_unreachable:
                case ErrorCode::unavailable: return GRPC_TRANSFER_ERROR;
                default: return GRPC_OTHER_ERROR;
            }
        }
    });
}

grpc_error_t missing(const char* what) {
    remember_error(std::string(what) + " is a null pointer");
    return GRPC_OTHER_ERROR;
}

// The key of memory:/KEY may be given with the slash.
std::string key_of(const char* key) {
    std::string text = key == nullptr ? "" : key;
    return text.erase(0, text.find_first_not_of('/'));
}

}  // namespace
}  // namespace juxta::gridrpc

using namespace juxta::gridrpc;  // every function below translates between C and this

extern "C" {

grpc_error_t grpc_data_init(grpc_data_t* data, const char** list_of_URI_input,
                            const char** list_of_URI_output, const grpc_data_type_t data_type,
                            const size_t* data_dimensions,
                            const grpc_data_mode_t* list_of_data_mode) {
    return run_data([&](DataManager& manager) {
        if (data == nullptr) return missing("data");
        return manager.init(data, list_of_URI_input, list_of_URI_output, data_type, data_dimensions,
                            list_of_data_mode);
    });
}

grpc_error_t grpc_data_memory_mapping_set(const char* key, void* data) {
    return run_data([&](DataManager& manager) -> grpc_error_t {
        const std::string name = key_of(key);
        if (name.empty()) return missing("key, or what it points to,");
        manager.store().map(name, data);
        return GRPC_NO_ERROR;
    });
}

grpc_error_t grpc_data_memory_mapping_get(const char* key, void** data) {
    return run_data([&](DataManager& manager) -> grpc_error_t {
        if (data == nullptr) return missing("data");
        *data = manager.store().mapped(key_of(key));
        if (*data != nullptr) return GRPC_NO_ERROR;
        remember_error("nothing is mapped to this key");
        return GRPC_OTHER_ERROR;
    });
}

grpc_error_t grpc_data_container_set(grpc_data_t* container, int rank, const grpc_data_t* data) {
    return run_data([&](DataManager& manager) {
        if (container == nullptr || data == nullptr) return missing("container or data");
        return manager.set_element(*container, rank, *data);
    });
}

grpc_error_t grpc_data_container_get(const grpc_data_t* container, int rank, grpc_data_t** data) {
    return run_data([&](DataManager& manager) {
        if (container == nullptr || data == nullptr) return missing("container or data");
        return manager.get_element(*container, rank, data);
    });
}

grpc_error_t grpc_data_transfer(grpc_data_t* data, const char** list_of_input_URI,
                                const char** list_of_output_URI,
                                const grpc_data_mode_t* list_of_output_modes) {
    return run_data([&](DataManager& manager) {
        if (data == nullptr) return missing("data");
        return manager.transfer(*data, list_of_input_URI, list_of_output_URI, list_of_output_modes);
    });
}

grpc_error_t grpc_data_wait(const grpc_data_t** list_of_data, grpc_completion_mode_t mode,
                            grpc_data_t** returned_data) {
    return run_data(
        [&](DataManager& manager) { return manager.wait(list_of_data, mode, returned_data); });
}

grpc_error_t grpc_data_unbind(grpc_data_t* data) {
    return run_data([&](DataManager& manager) {
        return data == nullptr ? missing("data") : manager.unbind(data);
    });
}

grpc_error_t grpc_data_free(grpc_data_t* data, const char** URI_locations) {
    return run_data([&](DataManager& manager) {
        return data == nullptr ? missing("data") : manager.free(data, URI_locations);
    });
}

grpc_error_t grpc_data_getinfo(const grpc_data_t* data, grpc_data_info_type_t info_tag,
                               const char* URI, char** info) {
    return run_data([&](DataManager& manager) {
        if (data == nullptr || info == nullptr) return missing("data or info");
        return manager.info(*data, info_tag, URI, info);
    });
}

grpc_error_t grpc_data_load(grpc_data_t* data, const char* URI_input) {
    return run_data([&](DataManager& manager) {
        if (data == nullptr || URI_input == nullptr) return missing("data or URI_input");
        return manager.load(data, URI_input);
    });
}

grpc_error_t grpc_data_save(const grpc_data_t* data, const char* URI_output) {
    return run_data([&](DataManager& manager) {
        if (data == nullptr || URI_output == nullptr) return missing("data or URI_output");
        return manager.save(*data, URI_output);
    });
}

}  // extern "C"
