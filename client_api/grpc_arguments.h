// The arguments of grpc_call: from C's variable arguments by a profile, and back to where the
// pointers among them say.
//
// Threading: DataHandles from any thread; the rest belongs to one call.
#pragma once

#include <cstdarg>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client_api/grpc_data.h"
#include "client_api/juxta/client.h"
#include "common/base/guarded.h"

// What a grpc_data_t points to.
struct grpc_data_s {
    // Under the lock of DataHandles.
    juxta::DataType type;
    std::string id;           // "d:...", or empty: names nothing yet
    std::string output_name;  // wanted of an output; may be empty
};

namespace juxta::gridrpc {

// All handles that are open. A handle that is not among them is refused, never followed.
class DataHandles {
public:
    grpc_data_t open(grpc_data_s contents);
    bool is_open(const void* handle) const;
    // A copy. invalid_argument if the handle is not open.
    grpc_data_s contents(const void* handle) const;
    // What an output became. Nothing if the handle was closed meanwhile.
    void set(const void* handle, const DataId& id, const DataType& type);
    const char* id_text(const void* handle) const;
    void close(const void* handle);

private:
    Guarded<std::map<const void*, std::unique_ptr<grpc_data_s>>> open_;
};

// Where one OUT or INOUT argument goes.
struct Destination {
    ArgumentSpec spec;
    void* pointer = nullptr;     // scalars: to one; strings: char **
    grpc_data_t data = nullptr;  // arrays
    std::string path;            // files
};

struct DecodedCall {
    std::vector<Arg> arguments;  // one for each of the profile
    std::vector<Destination> destinations;
};

// A va_list that can be handed on by reference.
struct VariableArguments {
    va_list list;
};

// Throws invalid_argument, naming the argument.
DecodedCall decode(const Profile& profile, VariableArguments& given, const DataHandles& handles);

// Writes the outputs of a finished call to their destinations. Strings are allocated by malloc.
void deliver(const CallResult& result, const std::vector<Destination>& destinations,
             DataHandles& handles);

}  // namespace juxta::gridrpc
