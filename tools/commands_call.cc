#include "tools/commands_call.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tools/output.h"
#include "tools/typed_arguments.h"

namespace juxta::tools {
namespace {

using nlohmann::json;

template <class T>
T at(const std::byte* bytes) {
    T value{};
    std::memcpy(&value, bytes, sizeof value);
    return value;
}

// JSON has no numbers for these.
template <class Real>
json real_json(const std::byte* bytes) {
    const Real value = at<Real>(bytes);
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    return value;
}

template <class Real>
json complex_json(const std::byte* bytes) {
    return json::array({real_json<Real>(bytes), real_json<Real>(bytes + sizeof(Real))});
}

json element_json(ElementType element, const std::byte* bytes) {
    switch (element) {
        case ElementType::int32: return at<std::int32_t>(bytes);
        case ElementType::int64: return at<std::int64_t>(bytes);
        case ElementType::float32: return real_json<float>(bytes);
        case ElementType::float64: return real_json<double>(bytes);
        case ElementType::complex64: return complex_json<float>(bytes);
        case ElementType::complex128: return complex_json<double>(bytes);
        case ElementType::char8:
        case ElementType::string:
        case ElementType::file: break;
    }
    return std::string(1, static_cast<char>(*bytes));
}

json array_json(const DataType& type, std::size_t dimension, const std::byte*& next) {
    if (dimension == type.shape.size()) {
        json element = element_json(type.element, next);
        next += size_of(type.element);
        return element;
    }
    json list = json::array();
    for (std::uint64_t i = 0; i < type.shape[dimension]; ++i)
        list.push_back(array_json(type, dimension + 1, next));
    return list;
}

json value_json(const Value& value) {
    const auto element = value.type.element;
    if (element == ElementType::string || element == ElementType::file ||
        element == ElementType::char8) {
        return std::string(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
    }
    const std::byte* next = value.bytes.data();
    return array_json(value.type, 0, next);
}

std::string dump(const json& document) {
    return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

json result_json(const CallResult& result) {
    json outputs = json::array();
    for (const Output& output : result.outputs) {
        outputs.push_back({{"name", output.name},
                           {"id", output.id ? json(to_string(*output.id)) : json()},
                           {"value", output.value ? value_json(*output.value) : json()}});
    }
    json moved = json::array();
    for (const Movement& movement : result.moved) {
        moved.push_back({{"argument", movement.argument},
                         {"from", movement.from},
                         {"to", movement.to},
                         {"bytes", movement.bytes}});
    }
    json document{{"request", to_string(result.id)},
                  {"state", name_of(result.state)},
                  {"sed", result.sed},
                  {"attempts", result.attempts},
                  {"outputs", outputs},
                  {"bytes_moved", result.bytes_moved()},
                  {"moved", moved},
                  {"seconds",
                   {{"schedule", result.schedule_s},
                    {"transfer", result.transfer_s},
                    {"queue", result.queue_s},
                    {"run", result.run_s}}}};
    if (result.state != CallState::done) {
        document["error"] = {{"code", name_of(result.error)}, {"message", result.message}};
    }
    return document;
}

void print_result(const CallResult& result) {
    fmt::print("{} {} on {}: scheduled {}, transferred {}, queued {}, run {}\n",
               to_string(result.id), name_of(result.state),
               result.sed.empty() ? "no server" : result.sed, human_seconds(result.schedule_s),
               human_seconds(result.transfer_s), human_seconds(result.queue_s),
               human_seconds(result.run_s));
    fmt::print("  {} moved\n", human_bytes(result.bytes_moved()));
    for (const Movement& movement : result.moved) {
        fmt::print("    {}: {} from {} to {}\n", movement.argument, human_bytes(movement.bytes),
                   movement.from, movement.to);
    }
    for (const Output& output : result.outputs) {
        fmt::print("  {} = {}\n", output.name,
                   output.value
                       ? dump(value_json(*output.value))
                       : fmt::format("{}, {}", output.id ? to_string(*output.id) : "nothing",
                                     to_string(output.type)));
    }
}

int tell(const CallResult& result, bool as_json) {
    if (as_json) {
        fmt::print("{}\n", dump(result_json(result)));
    } else {
        print_result(result);
    }
    if (result.state == CallState::done) return kSuccess;
    fmt::print(stderr, "juxta: {}\n", one_line(result.message));
    return kFailure;
}

}  // namespace

RequestId request_id(const std::string& text) {
    if (const auto id = parse_request_id(text)) return *id;
    throw Error(
        ErrorCode::invalid_argument,
        "'" + text +
            "' is no request: write r: and the 32 digits that `juxta call --async` printed");
}

int services(const Client& client, bool as_json) {
    json list = json::array();
    for (const Profile& profile : client.services()) {
        if (!as_json) {
            fmt::print("{}/{}{}\n", profile.module, to_string(profile),
                       profile.retry == Retry::never ? "  retry=never" : "");
            continue;
        }
        json arguments = json::array();
        for (const ArgumentSpec& argument : profile.arguments) {
            arguments.push_back({{"name", argument.name},
                                 {"mode", name_of(argument.mode)},
                                 {"type", name_of(argument.element)},
                                 {"shape", name_of(argument.rank)}});
            if (!argument.extents.empty()) arguments.back()["extents"] = argument.extents;
        }
        list.push_back({{"name", profile.name},
                        {"module", profile.module},
                        {"arguments", arguments},
                        {"retry", profile.retry == Retry::never ? "never" : "always"}});
    }
    if (as_json) fmt::print("{}\n", dump({{"services", list}}));
    return kSuccess;
}

int call(const Client& client, const CallCommand& command, bool as_json) {
    const Profile profile = client.profile(command.service);
    const TypedArguments typed = typed_arguments(profile, command.arguments);
    CallOptions options;
    options.deadline_s = command.deadline_s;
    options.outputs = command.outputs;
    options.detached = command.async;
    const Future future = client.submit(command.service, typed.arguments, options);
    if (!command.async) return tell(future.wait(), as_json);
    if (as_json) {
        fmt::print("{}\n", dump({{"request", to_string(future.id())}}));
    } else {
        fmt::print("{}\n", to_string(future.id()));
    }
    return kSuccess;
}

int wait(const Client& client, const std::string& request, bool as_json) {
    const RequestId id = request_id(request);
    for (;;) {
        if (const auto result = client.wait(id, std::chrono::seconds(60)))
            return tell(*result, as_json);
    }
}

int cancel(const Client& client, const std::string& request, bool as_json) {
    const RequestId id = request_id(request);
    client.cancel(id);
    if (as_json) {
        fmt::print("{}\n", dump({{"request", to_string(id)}}));
    } else {
        // It may have been over already.
        fmt::print("{} was asked to end; `juxta wait` tells how it did\n", to_string(id));
    }
    return kSuccess;
}

}  // namespace juxta::tools
