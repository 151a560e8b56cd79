#include "server_daemon/core/argument_check.h"

#include "common/base/error.h"
#include "common/model/extent.h"

namespace juxta::sed {
namespace {

[[noreturn]] void refuse(const Profile& profile, std::size_t index, const std::string& why) {
    throw Error(ErrorCode::invalid_argument,
                profile.name + ": argument " + profile.arguments[index].name + ": " + why);
}

// "double vector 5", "int32 scalar", "string".
std::string describe_type(const DataType& type) {
    if (type.element == ElementType::string || type.element == ElementType::file) {
        return std::string(name_of(type.element));
    }
    std::string text(name_of(type.element));
    if (type.shape.empty()) return text + " scalar";
    if (type.shape.size() == 1) text += " vector";
    if (type.shape.size() == 2) text += " matrix";
    return text + ' ' + to_string(type.shape);
}

std::string with_article(const std::string& what) { return (what[0] == 'i' ? "an " : "a ") + what; }

std::string mismatch(const ArgumentSpec& argument, const DataType& got) {
    return "expected " + with_article(describe(argument)) + ", got " + describe_type(got);
}

// What the profile's extents make of this call; empty if it tells none.
Shape promised_shape(const Profile& profile, const CallOrder& order, std::size_t index) {
    const ArgumentSpec& argument = profile.arguments[index];
    if (argument.extents.empty()) return {};
    const auto value = [&](std::size_t i) {
        const auto* given = std::get_if<Value>(&order.arguments[i]);
        return given == nullptr ? nullptr : given->bytes.data();
    };
    return shape_by_extents(profile, argument, integers_of(profile, value));
}

void check_extents(const Profile& profile, const CallOrder& order, std::size_t index,
                   const DataType& type, const std::string& whose) {
    const Shape shape = promised_shape(profile, order, index);
    if (shape.empty() || shape == type.shape) return;
    refuse(profile, index,
           "expected " + to_string(shape) + " (" + to_string(profile) + "), got " +
               to_string(type.shape) + whose);
}

void check_value(const Profile& profile, std::size_t index, const Value& value) {
    const ArgumentSpec& argument = profile.arguments[index];
    if (argument.mode == Mode::out)
        refuse(profile, index, "is a result, no value can be given for it");
    if (!fits(argument, value.type)) refuse(profile, index, mismatch(argument, value.type));
    const auto bytes = bytes_of(value.type);
    if (!bytes || *bytes != value.bytes.size()) {
        refuse(profile, index,
               to_string(value.type) + " does not have " + std::to_string(value.bytes.size()) +
                   " bytes");
    }
    if (is_array(argument) && value.bytes.size() > kInlineLimit) {
        refuse(profile, index,
               std::to_string(value.bytes.size()) + " bytes by value; above " +
                   std::to_string(kInlineLimit) + " put them as a datum first");
    }
}

void check_one(const Profile& profile, std::size_t index, const Argument& given) {
    const ArgumentSpec& argument = profile.arguments[index];
    if (const auto* value = std::get_if<Value>(&given)) return check_value(profile, index, *value);
    if (std::holds_alternative<DataId>(given)) {
        if (!is_array(argument)) {
            refuse(profile, index,
                   "expected " + with_article(describe(argument)) + " by value, got a datum");
        }
        if (argument.mode == Mode::out)
            refuse(profile, index, "is a result, no datum can be given for it");
        return;
    }
    if (std::holds_alternative<PendingOutput>(given))
        refuse(profile, index, "is still being computed: it cannot be given to a server yet");
    if (argument.mode != Mode::out)
        refuse(profile, index, "is missing: " + with_article(describe(argument)));
    if (std::holds_alternative<WantedOutput>(given) && !is_array(argument)) {
        refuse(profile, index, "comes back by value, it cannot be kept as a datum");
    }
}

}  // namespace

std::string describe(const ArgumentSpec& argument) {
    std::string text(name_of(argument.element));
    if (is_array(argument)) text += ' ' + std::string(name_of(argument.rank));
    return text;
}

bool fits(const ArgumentSpec& argument, const DataType& type) {
    if (type.element != argument.element) return false;
    const bool blob = type.element == ElementType::string || type.element == ElementType::file;
    return type.shape.size() == (blob ? 1 : static_cast<std::size_t>(argument.rank));
}

void check_arguments(const Profile& profile, const CallOrder& order) {
    if (order.arguments.size() != profile.arguments.size()) {
        throw Error(ErrorCode::invalid_argument,
                    profile.name + ": " + std::to_string(order.arguments.size()) +
                        " arguments given, " + std::to_string(profile.arguments.size()) +
                        " expected: " + to_string(profile));
    }
    for (std::size_t i = 0; i < order.arguments.size(); ++i) {
        check_one(profile, i, order.arguments[i]);
    }
    for (std::size_t i = 0; i < order.arguments.size(); ++i) {
        if (const auto* value = std::get_if<Value>(&order.arguments[i])) {
            check_extents(profile, order, i, value->type, "");
        }
        const auto* id = std::get_if<DataId>(&order.arguments[i]);
        if (id == nullptr || profile.arguments[i].mode != Mode::inout) continue;
        for (std::size_t j = 0; j < i; ++j) {
            const auto* other = std::get_if<DataId>(&order.arguments[j]);
            if (other != nullptr && *other == *id && profile.arguments[j].mode == Mode::inout) {
                refuse(profile, i, "the call changes datum " + to_string(*id) + " twice");
            }
        }
    }
}

void check_datum(const Profile& profile, const CallOrder& order, std::size_t index,
                 const DataId& id, const DataType& type) {
    const ArgumentSpec& argument = profile.arguments[index];
    if (!fits(argument, type)) {
        refuse(profile, index, mismatch(argument, type) + " of datum " + to_string(id));
    }
    check_extents(profile, order, index, type, " of datum " + to_string(id));
}

void check_result(const Profile& profile, const CallOrder& order, std::size_t index,
                  const DataType& type) {
    const Shape shape = promised_shape(profile, order, index);
    if (fits(profile.arguments[index], type) && (shape.empty() || shape == type.shape)) return;
    throw Error(ErrorCode::service_failed,
                profile.name + ": the service made " + to_string(type) + " for its result " +
                    profile.arguments[index].name +
                    ", not what its profile says: " + to_string(profile));
}

}  // namespace juxta::sed
