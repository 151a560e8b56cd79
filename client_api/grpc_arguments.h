// The arguments of grpc_call: from C's variable arguments or an argument stack by a profile, and
// back to where the pointers among them say.
//
// Arrays are plain pointers where the profile tells their extents, or data handles anywhere.
//
// Threading: a call's arguments belong to one thread at a time.
#pragma once

#include <cstdarg>
#include <map>
#include <memory>
#include <optional>
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

// Where the arguments come from, one after the other in the order of the profile.
class ArgumentSource {
public:
    virtual ~ArgumentSource() = default;
    // A scalar that goes in: given by value in a call, pointed to on a stack.
    virtual Value scalar(ElementType element) = 0;
    virtual void* pointer() = 0;
};

// A va_list that can be handed on by reference.
struct VariableArguments final : ArgumentSource {
    va_list list;

    Value scalar(ElementType element) override;
    void* pointer() override { return va_arg(list, void*); }
};

// The items of an argument stack, the one pushed first being the first argument.
class StackedArguments final : public ArgumentSource {
public:
    explicit StackedArguments(std::vector<void*> items) : items_(std::move(items)) {}
    std::size_t size() const { return items_.size(); }

    Value scalar(ElementType element) override;
    void* pointer() override { return items_.at(next_++); }

private:
    std::vector<void*> items_;
    std::size_t next_ = 0;
};

// Where one OUT or INOUT argument goes.
struct Destination {
    ArgumentSpec spec;
    void* pointer = nullptr;     // scalars: to one; strings: char **
    grpc_data_t data = nullptr;  // arrays given as a handle
    std::string path;            // files
};

struct DecodedCall {
    std::vector<Arg> arguments;  // one for each of the profile; borrow from the caller's memory
    std::vector<Destination> destinations;
};

// Throws Error invalid_argument, naming the argument.
DecodedCall decode(const Profile& profile, ArgumentSource& given, const DataHandles& handles);

// Writes the outputs of a finished call to their destinations. Strings are allocated by malloc.
void deliver(const CallResult& result, const std::vector<Destination>& destinations,
             DataHandles& handles);

}  // namespace juxta::gridrpc
