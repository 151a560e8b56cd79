// The arguments of grpc_call: from C's variable arguments or an argument stack by a profile, and
// back to where the pointers among them say.
//
// Arrays are plain pointers where the profile tells their extents, or data handles anywhere.
//
// Threading: a call's arguments belong to one thread at a time.
#pragma once

#include <cstdarg>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client_api/grpc_data_manager.h"
#include "client_api/juxta/client.h"

namespace juxta::gridrpc {

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
    void* pointer = nullptr;  // scalars: to one; strings: char **
    GridDataPtr data;         // what was given as a handle
    std::string path;         // files
};

struct DecodedCall {
    std::vector<Arg> arguments;  // one for each of the profile; borrow from the caller and `staged`
    std::vector<Destination> destinations;
    std::vector<std::shared_ptr<const void>> staged;  // must live until the call has ended
    std::vector<GridDataPtr> read;                    // data that go in
};

// Throws Error, naming the argument.
DecodedCall decode(const Profile& profile, ArgumentSource& given, DataManager& data);

// Writes the outputs of a finished call to their destinations. Strings are allocated by malloc.
void deliver(const CallResult& result, const std::vector<Destination>& destinations,
             DataManager& data);

}  // namespace juxta::gridrpc
