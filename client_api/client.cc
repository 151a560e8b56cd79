// The public C++ interface over a Connection.
#include "client_api/juxta/client.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "client_api/connection.h"
#include "client_api/core/data_transfer.h"
#include "client_api/core/remote_calls.h"
#include "data_service/distribution/stored_layout.h"

namespace juxta {
namespace {

using Clock = std::chrono::steady_clock;

// Far beyond any wait, and far from the clock's overflow.
constexpr auto kLongest = std::chrono::hours(24 * 365);

constexpr std::size_t kMostAsked = 3;              // SeDs, about one call
constexpr std::size_t kLargestPolicy = 1'900'000;  // of GIOP's 2 MiB

Clock::time_point after(std::chrono::milliseconds timeout) {
    return Clock::now() + std::min<std::chrono::milliseconds>(timeout, kLongest);
}

CallResult or_throw(CallResult result) {
    if (result.state == CallState::done) return result;
    throw Error(result.error, result.message.empty()
                                  ? "the call was " + std::string(name_of(result.state))
                                  : result.message);
}

DataSpec spec_of(const Connection& connection, const DataType& type, const PutOptions& options) {
    DataSpec spec;
    spec.type = type;
    spec.name = options.name;
    spec.copies = options.copies.value_or(connection.platform.default_copies);
    spec.persistence = options.persistence;
    spec.lifetime = is_fleeting(options.persistence) ? Lifetime::client : Lifetime::until_freed;
    spec.client = connection.access->client();
    spec.protocol = options.protocol;
    spec.clusters = options.clusters;
    spec.durable = options.durable;
    spec.block_bytes = options.block_bytes;
    if (options.layout != LayoutText{}) distribution::distribute(spec, options.layout, 1);
    spec.preferred_host = options.host.empty() ? connection.access->place().host : options.host;
    return spec;
}

void check_size(const DataType& type, std::size_t bytes) {
    const auto expected = bytes_of(type);
    if (expected == bytes) return;
    throw Error(ErrorCode::invalid_argument,
                "a datum of " + to_string(type) + " has " +
                    (expected ? std::to_string(*expected) : "more than 2^63") +
                    " bytes; given: " + std::to_string(bytes));
}

const Output& output_of(const CallResult& result, const std::string& argument) {
    const auto found = std::find_if(result.outputs.begin(), result.outputs.end(),
                                    [&](const Output& output) { return output.name == argument; });
    if (found == result.outputs.end()) {
        throw Error(ErrorCode::not_found,
                    to_string(result.id) + " has no output '" + argument + "'");
    }
    return *found;
}

}  // namespace

// -- Future --------------------------------------------------------------------------------------

Future::Future(std::shared_ptr<State> state) : state_(std::move(state)) {}

const RequestId& Future::id() const { return state_->id; }

bool Future::finished() const {
    if (!state_->call) return wait(std::chrono::milliseconds(0)).has_value();
    return state_->connection->runner.finished(state_->call);
}

CallResult Future::wait() const {
    for (;;) {
        if (auto result = wait(std::chrono::milliseconds(kLongest))) return std::move(*result);
    }
}

std::optional<CallResult> Future::wait(std::chrono::milliseconds timeout) const {
    if (state_->call) return state_->connection->runner.wait(state_->call, after(timeout));
    if (auto known = state_->result.with([](const auto& result) { return result; })) return known;
    std::optional<CallResult> result;
    try {
        result = state_->connection->wait_remote(state_->id, after(timeout));
    } catch (const Error& e) {
        result.emplace();
        result->id = state_->id;
        result->state = CallState::failed;
        result->error = e.code();
        result->message = e.what();
    }
    if (result) state_->result.with([&](auto& known) { known = result; });
    return result;
}

CallResult Future::get() const { return or_throw(wait()); }

void Future::cancel() const {
    const Connection& connection = *state_->connection;
    if (state_->call) {
        state_->connection->runner.cancel(state_->call);
    } else {
        client::cancel_remote(*connection.agent, *connection.seds, state_->id);
    }
}

// -- Client --------------------------------------------------------------------------------------

Client::Client(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

const Place& Client::place() const { return connection_->access->place(); }

PlatformDescription Client::platform() const { return connection_->platform; }

std::vector<Profile> Client::services() const { return connection_->agent->services(); }

Profile Client::profile(const std::string& service) const {
    return *connection_->profile_of(service);
}

data::DataAccess& Client::data_access() const { return *connection_->access; }

DataHandle Client::put_bytes(const DataType& type, std::span<const std::byte> bytes,
                             const PutOptions& options) const {
    check_size(type, bytes.size());
    const data::DatumDescription datum =
        client::put(*connection_->access, spec_of(*connection_, type, options), bytes,
                    options.cluster, options.progress);
    return DataHandle(connection_, datum.id, datum.spec.type);
}

DataHandle Client::allocate_untyped(const DataType& type, const PutOptions& options) const {
    if (!bytes_of(type)) {
        throw Error(ErrorCode::invalid_argument, to_string(type) + " has more than 2^63 bytes");
    }
    const data::DatumDescription datum = connection_->access->allocate(
        spec_of(*connection_, type, options), RequestId::make(), options.cluster);
    return DataHandle(connection_, datum.id, datum.spec.type);
}

DataHandle Client::open_untyped(const std::string& id_or_name) const {
    const data::DatumDescription datum = connection_->access->find(id_or_name);
    return DataHandle(connection_, datum.id, datum.spec.type);
}

DataHandle Client::open_untyped(const DataId& id) const {
    const data::DatumDescription datum = connection_->access->describe(id);
    return DataHandle(connection_, datum.id, datum.spec.type);
}

CallResult Client::call(const std::string& service, const std::vector<Arg>& arguments,
                        const CallOptions& options) const {
    if (options.detached) return submit(service, arguments, options).get();
    return or_throw(connection_->runner.run(connection_->prepare(service, arguments, options)));
}

Future Client::submit(const std::string& service, const std::vector<Arg>& arguments,
                      const CallOptions& options) const {
    client::NewCall call = connection_->prepare(service, arguments, options);
    const RequestId id = call.order.id;
    std::shared_ptr<client::Call> started;
    if (options.detached) {
        connection_->detach(call);
    } else {
        started = connection_->runner.start(std::move(call));
    }
    return Future(std::make_shared<Future::State>(connection_, std::move(started), id));
}

std::optional<CallResult> Client::wait(const RequestId& id,
                                       std::chrono::milliseconds timeout) const {
    if (const auto call = connection_->runner.find(id)) {
        return connection_->runner.wait(call, after(timeout));
    }
    return connection_->wait_remote(id, after(timeout));
}

void Client::cancel(const RequestId& id) const {
    if (const auto call = connection_->runner.find(id)) {
        connection_->runner.cancel(call);
    } else {
        client::cancel_remote(*connection_->agent, *connection_->seds, id);
    }
}

Explanation Client::explain(const RequestId& id) const {
    Explanation explanation;
    explanation.decision = connection_->agent->explain(id);
    std::vector<SedContact> asked;
    if (auto sed = connection_->agent->find_request(id)) asked.push_back(*sed);
    // A SeD tells of calls for longer than it knows their results.
    for (const Candidate& each : explanation.decision.candidates) asked.push_back(each.sed);
    if (asked.size() > kMostAsked) asked.resize(kMostAsked);
    for (const SedContact& sed : asked) {
        try {
            explanation.report = connection_->seds->report(sed, id);
            explanation.sed = sed.name;
            break;
        } catch (const Error&) {
            // The next may have it.
        }
    }
    return explanation;
}

PolicyStatus Client::policy() const { return connection_->agent->policy(); }

PolicyStatus Client::use_policy(const std::string& shipped) const {
    return connection_->agent->use_policy(shipped);
}

PolicyStatus Client::load_policy(const std::string& file) const {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw Error(ErrorCode::not_found, "policy " + file + ": there is no such file");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (text.size() > kLargestPolicy) {
        throw Error(ErrorCode::invalid_argument,
                    "policy " + file + " has " + std::to_string(text.size()) + " bytes; at most " +
                        std::to_string(kLargestPolicy) +
                        " are sent to the master agent: strip it (strip FILE)");
    }
    const auto* first = reinterpret_cast<const std::byte*>(text.data());
    return connection_->agent->load_policy(std::filesystem::path(file).stem().string(),
                                           {first, first + text.size()});
}

std::optional<std::size_t> Client::wait_any(std::span<const Future> futures,
                                            std::chrono::milliseconds timeout) const {
    std::vector<std::shared_ptr<client::Call>> calls;
    calls.reserve(futures.size());
    for (const Future& future : futures) calls.push_back(future.state_->call);
    if (std::ranges::find(calls, nullptr) == calls.end())
        return connection_->runner.wait_any(calls, after(timeout));
    // Detached ones are asked for in turn.
    for (const auto until = after(timeout);;) {
        for (std::size_t i = 0; i < futures.size(); ++i) {
            if (futures[i].finished()) return i;
        }
        if (futures.empty() || Clock::now() >= until) return std::nullopt;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

DataHandle Client::output_untyped(const CallResult& result, const std::string& argument) const {
    const Output& output = output_of(result, argument);
    if (!output.id) {
        throw Error(ErrorCode::not_found, "output '" + argument + "' is a value, not a datum");
    }
    return DataHandle(connection_, *output.id, output.type);
}

const Value& value_of(const CallResult& result, const std::string& argument) {
    const Output& output = output_of(result, argument);
    if (!output.value) {
        throw Error(ErrorCode::not_found, "output '" + argument + "' is a datum, not a value");
    }
    return *output.value;
}

}  // namespace juxta
