#include "client_api/grpc_library.h"

#include <algorithm>
#include <mutex>

#include "client_api/grpc_error.h"

namespace juxta::gridrpc {
namespace {

constexpr auto kLong = std::chrono::hours(24);

// Handles of stacks are numbers that no address of a program is: to tell them from the other
// pointers of a call, nothing is ever followed.
constexpr std::uint64_t kStackTag = 0x5a51'0000'0000'0000u;
constexpr std::uint64_t kStackNumber = 0x0000'ffff'ffff'fff8u;

grpc_error_t refuse_handle() {
    remember_error("this function handle was never made, or was destructed");
    return GRPC_INVALID_FUNCTION_HANDLE;
}

const std::string& remember_failure(const CallResult& result) {
    if (result.state != CallState::done) remember_error(result.message);
    return result.message;
}

// Data that a call only reads go to their outputs meanwhile; of others it is the result that does.
void bring_inputs(DataManager& manager, const DecodedCall& call) {
    for (const GridDataPtr& data : call.read) {
        const bool changed = std::ranges::any_of(
            call.destinations, [&](const Destination& each) { return each.data == data; });
        if (!changed) manager.used(data);
    }
}

// A stack has as many arguments as were pushed.
Profile checked_profile(const Client& client, const std::string& function,
                        const ArgumentSource& arguments) {
    Profile profile = client.profile(function);
    const auto* stacked = dynamic_cast<const StackedArguments*>(&arguments);
    if (stacked == nullptr || stacked->size() == profile.arguments.size()) return profile;
    throw Error(ErrorCode::invalid_argument,
                "there are " + std::to_string(stacked->size()) + " arguments on the stack; " +
                    profile.name + " takes " + std::to_string(profile.arguments.size()) +
                    "; it is " + to_string(profile));
}

}  // namespace

// A call made by grpc_call_async.
class Library::Session final : public SessionCall {
public:
    Session(Library& library, std::uint64_t handle, Future future, DecodedCall decoded)
        : library_(library),
          handle_(handle),
          future_(std::move(future)),
          destinations_(std::move(decoded.destinations)),
          staged_(std::move(decoded.staged)) {}

    bool finished() override { return future_.finished(); }
    void wait() override { future_.wait(); }
    void wait(std::chrono::milliseconds at_most) override { future_.wait(at_most); }
    void cancel() override { future_.cancel(); }

    grpc_error_t outcome() override {
        std::lock_guard lock(delivery_);
        if (outcome_) return *outcome_;
        const CallResult result = future_.wait();
        remember_failure(result);
        outcome_ = gridrpc::code_of(result);
        if (result.state == CallState::done) {
            library_.chosen(handle_, result.sed);
            try {
                deliver(result, destinations_, library_.data_);
            } catch (...) {
                outcome_ = code_of_current();
            }
        }
        return *outcome_;
    }

    const Future& future() const { return future_; }

private:
    Library& library_;
    const std::uint64_t handle_;
    const Future future_;
    const std::vector<Destination> destinations_;
    const std::vector<std::shared_ptr<const void>> staged_;  // what the call uses while it runs
    std::mutex delivery_;  // delivers to the caller's memory: once
    std::optional<grpc_error_t> outcome_;
};

Library::Library(Client client)
    : client_(std::move(client)),
      data_(client_),
      sessions_([this](std::span<const std::shared_ptr<SessionCall>> calls) {
          std::vector<Future> futures;
          futures.reserve(calls.size());
          for (const auto& call : calls)
              futures.push_back(static_cast<const Session&>(*call).future());
          for (;;) {
              if (const auto index = client_.wait_any(futures, kLong)) return *index;
          }
      }) {}

Library::~Library() { sessions_.cancel_all(); }

grpc_error_t Library::make_handle(grpc_function_handle_t* handle, const std::string& server,
                                  const std::string& function) {
    client_.profile(function);  // not_found: GRPC_FUNCTION_NOT_FOUND
    handle->number = functions_.with([&](Functions& functions) {
        functions.by_number[++functions.last] = {function, server, !server.empty()};
        return functions.last;
    });
    return GRPC_NO_ERROR;
}

grpc_error_t Library::drop_handle(grpc_function_handle_t* handle) {
    const bool known = functions_.with(
        [&](Functions& functions) { return functions.by_number.erase(handle->number) == 1; });
    if (!known) return refuse_handle();
    sessions_.cancel_those_of(handle->number);
    handle->number = 0;
    return GRPC_NO_ERROR;
}

std::optional<Library::Function> Library::function_of(const grpc_function_handle_t* handle) const {
    if (handle == nullptr) return std::nullopt;
    return functions_.with([&](const Functions& functions) -> std::optional<Function> {
        const auto found = functions.by_number.find(handle->number);
        if (found == functions.by_number.end()) return std::nullopt;
        return found->second;
    });
}

CallOptions Library::options_of(const Function& function) {
    return {.server = function.server, .server_required = function.server_given};
}

// GFD-R.52, 4.3: once a server was chosen, all calls through the handle go to it.
void Library::chosen(std::uint64_t handle_number, const std::string& server) {
    functions_.with([&](Functions& functions) {
        const auto found = functions.by_number.find(handle_number);
        if (found != functions.by_number.end() && !found->second.server_given)
            found->second.server = server;
    });
}

grpc_error_t Library::call(grpc_function_handle_t* handle, ArgumentSource& arguments) {
    const auto function = function_of(handle);
    if (!function) return refuse_handle();
    const DecodedCall call =
        decode(checked_profile(client_, function->name, arguments), arguments, data_);
    CallResult result;
    try {
        result = client_.call(function->name, call.arguments, options_of(*function));
    } catch (const Error& e) {
        remember_error(e.what());
        // The profile was found: it is the server, or a datum, that was not.
        return e.code() == ErrorCode::not_found ? GRPC_SERVER_NOT_FOUND
                                                : gridrpc::code_of(e.code());
    }
    chosen(handle->number, result.sed);
    bring_inputs(data_, call);
    deliver(result, call.destinations, data_);
    return GRPC_NO_ERROR;
}

grpc_error_t Library::call_async(grpc_function_handle_t* handle, grpc_sessionid_t* session,
                                 ArgumentSource& arguments) {
    if (session == nullptr) throw Error(ErrorCode::invalid_argument, "sessionID is a null pointer");
    *session = GRPC_SESSIONID_VOID;
    const auto function = function_of(handle);
    if (!function) return refuse_handle();
    DecodedCall call =
        decode(checked_profile(client_, function->name, arguments), arguments, data_);
    Future future = client_.submit(function->name, call.arguments, options_of(*function));
    bring_inputs(data_, call);
    *session = sessions_.add(
        std::make_shared<Session>(*this, handle->number, std::move(future), std::move(call)),
        handle);
    return GRPC_NO_ERROR;
}

grpc_arg_stack_t* Library::make_stack(std::size_t most) {
    return stacks_.with([&](Stacks& stacks) {
        // Its address is its name; nothing is there.
        static_assert(sizeof(grpc_arg_stack_t*) <= sizeof(std::uint64_t));
        grpc_arg_stack_t* stack = nullptr;
        do {
            stack = reinterpret_cast<grpc_arg_stack_t*>(
                static_cast<std::uintptr_t>(kStackTag | (secure_random() & kStackNumber)));
        } while (stacks.contains(stack));
        stacks[stack] = {most, {}};
        return stack;
    });
}

bool Library::looks_like_stack(const void* pointer) {
    return (reinterpret_cast<std::uintptr_t>(pointer) & ~kStackNumber) == kStackTag;
}

bool Library::push(grpc_arg_stack_t* stack, void* argument) {
    return stacks_.with([&](Stacks& stacks) {
        const auto found = stacks.find(stack);
        if (found == stacks.end() || found->second.items.size() >= found->second.most) return false;
        found->second.items.push_back(argument);
        return true;
    });
}

std::optional<void*> Library::pop(grpc_arg_stack_t* stack) {
    return stacks_.with([&](Stacks& stacks) -> std::optional<void*> {
        const auto found = stacks.find(stack);
        if (found == stacks.end() || found->second.items.empty()) return std::nullopt;
        void* last = found->second.items.back();
        found->second.items.pop_back();
        return last;
    });
}

bool Library::drop_stack(grpc_arg_stack_t* stack) {
    return stacks_.with([&](Stacks& stacks) { return stacks.erase(stack) == 1; });
}

std::optional<std::vector<void*>> Library::items_of(const grpc_arg_stack_t* stack) const {
    return stacks_.with([&](const Stacks& stacks) -> std::optional<std::vector<void*>> {
        const auto found = stacks.find(stack);
        if (found == stacks.end()) return std::nullopt;
        return found->second.items;
    });
}

grpc_error_t code_of_current() {
    try {
        throw;
    } catch (const Error& e) {
        remember_error(e.what());
        return gridrpc::code_of(e.code());
    } catch (const std::exception& e) {
        remember_error(e.what());
    } catch (...) {
        remember_error("an unknown failure");
    }
    return GRPC_OTHER_ERROR_CODE;
}

}  // namespace juxta::gridrpc
