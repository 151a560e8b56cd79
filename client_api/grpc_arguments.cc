#include "client_api/grpc_arguments.h"

#include <algorithm>
#include <complex>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

namespace juxta::gridrpc {
namespace {

[[noreturn]] void refuse(const Profile& profile, const ArgumentSpec& spec, const std::string& why) {
    throw Error(ErrorCode::invalid_argument,
                profile.name + ": argument " + spec.name + " (" + std::string(name_of(spec.mode)) +
                    " " + std::string(name_of(spec.element)) +
                    (is_array(spec) ? " " + std::string(name_of(spec.rank)) : "") + ") " + why);
}

template <class T>
T at(const void* pointer) {
    T value;
    std::memcpy(&value, pointer, sizeof value);
    return value;
}

Arg scalar_by_value(ElementType element, VariableArguments& given) {
    switch (element) {
        case ElementType::int32: return Arg(static_cast<std::int32_t>(va_arg(given.list, int)));
        case ElementType::int64: return Arg(va_arg(given.list, std::int64_t));
        case ElementType::float32: return Arg(static_cast<float>(va_arg(given.list, double)));
        case ElementType::complex64: return Arg(va_arg(given.list, std::complex<float>));
        case ElementType::complex128: return Arg(va_arg(given.list, std::complex<double>));
        case ElementType::char8: return Arg(static_cast<char>(va_arg(given.list, int)));
        case ElementType::float64:
        case ElementType::string:
        case ElementType::file: break;
    }
    return Arg(va_arg(given.list, double));
}

Arg scalar_at(ElementType element, const void* pointer) {
    switch (element) {
        case ElementType::int32: return Arg(at<std::int32_t>(pointer));
        case ElementType::int64: return Arg(at<std::int64_t>(pointer));
        case ElementType::float32: return Arg(at<float>(pointer));
        case ElementType::complex64: return Arg(at<std::complex<float>>(pointer));
        case ElementType::complex128: return Arg(at<std::complex<double>>(pointer));
        case ElementType::char8: return Arg(at<char>(pointer));
        case ElementType::float64:
        case ElementType::string:
        case ElementType::file: break;
    }
    return Arg(at<double>(pointer));
}

class Decoder {
public:
    Decoder(const Profile& profile, VariableArguments& given, const DataHandles& handles)
        : profile_(profile), given_(given), handles_(handles) {}

    DecodedCall decode() {
        for (const ArgumentSpec& spec : profile_.arguments) {
            call_.arguments.push_back(is_array(spec)                        ? array(spec)
                                      : spec.element == ElementType::file   ? file(spec)
                                      : spec.element == ElementType::string ? string(spec)
                                                                            : scalar(spec));
        }
        return std::move(call_);
    }

private:
    void* pointer(const ArgumentSpec& spec) {
        void* given = va_arg(given_.list, void*);
        if (given == nullptr) refuse(profile_, spec, "is a null pointer");
        return given;
    }

    Arg scalar(const ArgumentSpec& spec) {
        if (spec.mode == Mode::in) return scalar_by_value(spec.element, given_);
        void* place = pointer(spec);
        call_.destinations.push_back({spec, place, nullptr, {}});
        return spec.mode == Mode::inout ? scalar_at(spec.element, place) : Arg::output();
    }

    Arg string(const ArgumentSpec& spec) {
        void* place = pointer(spec);
        if (spec.mode == Mode::in) return Arg(std::string(static_cast<const char*>(place)));
        call_.destinations.push_back({spec, place, nullptr, {}});
        if (spec.mode == Mode::out) return Arg::output();
        const char* text = at<const char*>(place);
        if (text == nullptr) refuse(profile_, spec, "points to a null string");
        return Arg(std::string(text));
    }

    Arg file(const ArgumentSpec& spec) {
        const std::string path = static_cast<const char*>(pointer(spec));
        if (spec.mode != Mode::in) call_.destinations.push_back({spec, nullptr, nullptr, path});
        if (spec.mode == Mode::out) return Arg::output();
        std::ifstream in(path, std::ios::binary);
        const std::string contents{std::istreambuf_iterator<char>(in), {}};
        if (!in.is_open() || in.bad())
            refuse(profile_, spec, "is the file '" + path + "', which cannot be read");
        return Arg::file(std::as_bytes(std::span(contents)));
    }

    Arg array(const ArgumentSpec& spec) {
        void* given = pointer(spec);
        // `handle` or `&handle`.
        if (!handles_.is_open(given)) given = at<void*>(given);
        if (!handles_.is_open(given)) {
            refuse(profile_, spec,
                   "must be a data handle (grpc_data_t, see juxta_c.h): the profile does not tell "
                   "the size of a "
                   "plain array");
        }
        const auto data = static_cast<grpc_data_t>(given);
        const grpc_data_s contents = handles_.contents(data);
        if (spec.mode == Mode::out) {
            call_.destinations.push_back({spec, nullptr, data, {}});
            return Arg::output(contents.output_name);
        }
        const auto id = parse_data_id(contents.id);
        if (!id) refuse(profile_, spec, "is a data handle that names no datum yet");
        if (contents.type.element != spec.element) {
            refuse(profile_, spec, "is given a datum of " + to_string(contents.type));
        }
        if (spec.mode == Mode::inout) call_.destinations.push_back({spec, nullptr, data, {}});
        return Arg(*id);
    }

    const Profile& profile_;
    VariableArguments& given_;
    const DataHandles& handles_;
    DecodedCall call_;
};

void deliver_value(const Value& value, const Destination& destination) {
    if (destination.spec.element == ElementType::file) {
        std::ofstream out(destination.path, std::ios::binary | std::ios::trunc);
        out.write(reinterpret_cast<const char*>(value.bytes.data()),
                  static_cast<std::streamsize>(value.bytes.size()));
        if (!out.flush()) {
            throw Error(ErrorCode::invalid_argument, "output " + destination.spec.name +
                                                         " cannot be written to '" +
                                                         destination.path + "'");
        }
        return;
    }
    if (destination.spec.element == ElementType::string) {
        auto* text = static_cast<char*>(std::malloc(value.bytes.size() + 1));
        if (text == nullptr)
            throw Error(ErrorCode::out_of_space, "no memory for output " + destination.spec.name);
        std::copy_n(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size(), text);
        text[value.bytes.size()] = '\0';
        std::memcpy(destination.pointer, &text, sizeof text);
        return;
    }
    std::memcpy(destination.pointer, value.bytes.data(),
                std::min(value.bytes.size(), size_of(destination.spec.element)));
}

}  // namespace

grpc_data_t DataHandles::open(grpc_data_s contents) {
    auto made = std::make_unique<grpc_data_s>(std::move(contents));
    const grpc_data_t handle = made.get();
    open_.with([&](auto& open) { open.emplace(handle, std::move(made)); });
    return handle;
}

bool DataHandles::is_open(const void* handle) const {
    return open_.with([&](const auto& open) { return open.contains(handle); });
}

grpc_data_s DataHandles::contents(const void* handle) const {
    return open_.with([&](const auto& open) {
        const auto found = open.find(handle);
        if (found == open.end())
            throw Error(ErrorCode::invalid_argument, "this data handle is not open");
        return *found->second;
    });
}

void DataHandles::set(const void* handle, const DataId& id, const DataType& type) {
    open_.with([&](auto& open) {
        const auto found = open.find(handle);
        if (found == open.end()) return;
        found->second->id = to_string(id);
        found->second->type = type;
    });
}

const char* DataHandles::id_text(const void* handle) const {
    return open_.with([&](const auto& open) -> const char* {
        const auto found = open.find(handle);
        return found == open.end() ? "" : found->second->id.c_str();
    });
}

void DataHandles::close(const void* handle) {
    open_.with([&](auto& open) { open.erase(handle); });
}

DecodedCall decode(const Profile& profile, VariableArguments& given, const DataHandles& handles) {
    return Decoder(profile, given, handles).decode();
}

void deliver(const CallResult& result, const std::vector<Destination>& destinations,
             DataHandles& handles) {
    for (const Destination& destination : destinations) {
        const auto output =
            std::find_if(result.outputs.begin(), result.outputs.end(),
                         [&](const Output& each) { return each.name == destination.spec.name; });
        if (output == result.outputs.end()) continue;
        if (destination.data != nullptr) {
            if (output->id) handles.set(destination.data, *output->id, output->type);
        } else if (output->value) {
            deliver_value(*output->value, destination);
        }
    }
}

}  // namespace juxta::gridrpc
