#include "client_api/grpc_library.h"

#include <atomic>
#include <mutex>

#include "client_api/grpc_error.h"

namespace juxta::gridrpc {
namespace {

constexpr auto kLong = std::chrono::hours(24);

const std::string& remember_failure(const CallResult& result) {
    if (result.state != CallState::done) remember_error(result.message);
    return result.message;
}

}  // namespace

// A call made by grpc_call_async.
class Library::Session final : public SessionCall {
public:
    Session(Library& library, std::uint64_t handle, Future future,
            std::vector<Destination> destinations)
        : library_(library),
          handle_(handle),
          future_(std::move(future)),
          destinations_(std::move(destinations)) {}

    bool finished() override { return future_.finished(); }
    void wait() override { future_.wait(); }
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
    std::mutex delivery_;  // delivers to the caller's memory: once
    std::optional<grpc_error_t> outcome_;
};

Library::Library(Client client)
    : client_(std::move(client)),
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
    if (!known) return GRPC_INVALID_FUNCTION_HANDLE;
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

grpc_error_t Library::call(grpc_function_handle_t* handle, VariableArguments& arguments) {
    const auto function = function_of(handle);
    if (!function) return GRPC_INVALID_FUNCTION_HANDLE;
    const DecodedCall call = decode(client_.profile(function->name), arguments, data_);
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
    deliver(result, call.destinations, data_);
    return GRPC_NO_ERROR;
}

grpc_error_t Library::call_async(grpc_function_handle_t* handle, grpc_sessionid_t* session,
                                 VariableArguments& arguments) {
    if (session == nullptr) return GRPC_OTHER_ERROR_CODE;
    *session = GRPC_SESSIONID_VOID;
    const auto function = function_of(handle);
    if (!function) return GRPC_INVALID_FUNCTION_HANDLE;
    DecodedCall call = decode(client_.profile(function->name), arguments, data_);
    Future future = client_.submit(function->name, call.arguments, options_of(*function));
    *session = sessions_.add(std::make_shared<Session>(*this, handle->number, std::move(future),
                                                       std::move(call.destinations)),
                             handle);
    return GRPC_NO_ERROR;
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
