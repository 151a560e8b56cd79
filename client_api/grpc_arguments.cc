#include "client_api/grpc_arguments.h"

#include <algorithm>
#include <complex>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "common/model/extent.h"

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

Value scalar_value(ElementType element, const void* from) {
    Value value{{element, {}}, std::vector<std::byte>(size_of(element))};
    std::memcpy(value.bytes.data(), from, value.bytes.size());
    return value;
}

// What stands where `&handle` may point to. Aligned, so that all of it is there if any of it is;
// that it may be part of an array of smaller elements is no concern of the sanitizers.
__attribute__((no_sanitize("address", "thread"))) const void* word_at(const void* place) {
    if (reinterpret_cast<std::uintptr_t>(place) % sizeof(void*) != 0) return nullptr;
    return *static_cast<void* const volatile*>(place);
}

// Reads all arguments first: the extents of an array may name integers that come after it.
class Decoder {
public:
    Decoder(const Profile& profile, ArgumentSource& given, const DataHandles& handles)
        : profile_(profile), handles_(handles) {
        for (const ArgumentSpec& spec : profile.arguments) {
            const bool by_value = spec.mode == Mode::in && !is_array(spec) && !is_blob(spec);
            Raw raw;
            if (by_value) {
                raw.value = given.scalar(spec.element);
            } else {
                raw.pointer = given.pointer();
            }
            raw_.push_back(std::move(raw));
        }
    }

    DecodedCall decode() {
        for (std::size_t i = 0; i < raw_.size(); ++i) {
            const ArgumentSpec& spec = profile_.arguments[i];
            call_.arguments.push_back(is_array(spec)                      ? array(spec, raw_[i])
                                      : spec.element == ElementType::file ? file(spec, raw_[i])
                                      : spec.element == ElementType::string
                                          ? string(spec, raw_[i])
                                          : scalar(spec, raw_[i]));
        }
        return std::move(call_);
    }

private:
    struct Raw {
        Value value;
        void* pointer = nullptr;
    };

    static bool is_blob(const ArgumentSpec& spec) {
        return spec.element == ElementType::string || spec.element == ElementType::file;
    }

    void* pointer(const ArgumentSpec& spec, const Raw& raw) const {
        if (raw.pointer == nullptr) refuse(profile_, spec, "is a null pointer");
        return raw.pointer;
    }

    Arg scalar(const ArgumentSpec& spec, const Raw& raw) {
        if (spec.mode == Mode::in) return Arg(raw.value);
        void* place = pointer(spec, raw);
        call_.destinations.push_back({spec, place, nullptr, {}});
        return spec.mode == Mode::inout ? Arg(scalar_value(spec.element, place)) : Arg::output();
    }

    Arg string(const ArgumentSpec& spec, const Raw& raw) {
        void* place = pointer(spec, raw);
        if (spec.mode == Mode::in) return Arg(std::string(static_cast<const char*>(place)));
        call_.destinations.push_back({spec, place, nullptr, {}});
        if (spec.mode == Mode::out) return Arg::output();
        const char* text = at<const char*>(place);
        if (text == nullptr) refuse(profile_, spec, "points to a null string");
        return Arg(std::string(text));
    }

    Arg file(const ArgumentSpec& spec, const Raw& raw) {
        const std::string path = static_cast<const char*>(pointer(spec, raw));
        if (spec.mode != Mode::in) call_.destinations.push_back({spec, nullptr, nullptr, path});
        if (spec.mode == Mode::out) return Arg::output();
        std::ifstream in(path, std::ios::binary);
        const std::string contents{std::istreambuf_iterator<char>(in), {}};
        if (!in.is_open() || in.bad())
            refuse(profile_, spec, "is the file '" + path + "', which cannot be read");
        return Arg::file(std::as_bytes(std::span(contents)));
    }

    // `handle`, or `&handle`; null if it is neither.
    grpc_data_t handle_in(void* given, bool may_point_to_one) const {
        if (given == nullptr) return nullptr;
        if (handles_.is_open(given)) return static_cast<grpc_data_t>(given);
        const void* word = may_point_to_one ? word_at(given) : nullptr;
        if (word == nullptr || !handles_.is_open(word)) return nullptr;
        return static_cast<grpc_data_t>(const_cast<void*>(word));
    }

    Arg array(const ArgumentSpec& spec, const Raw& raw) {
        const bool sized = !spec.extents.empty();
        DataType type{spec.element, sized ? shape_of(spec) : Shape{}};
        const std::uint64_t bytes = sized ? bytes_of(type).value_or(0) : 0;
        // Where there are no elements, the pointer may point to nothing.
        if (const grpc_data_t data = handle_in(raw.pointer, !sized || bytes > 0)) {
            return datum(spec, data);
        }
        if (sized) return plain_array(spec, raw, std::move(type), bytes);
        pointer(spec, raw);
        refuse(profile_, spec,
               "must be a data handle (grpc_data_t): the profile does not tell the size of a plain "
               "array");
    }

    Arg plain_array(const ArgumentSpec& spec, const Raw& raw, DataType type, std::uint64_t bytes) {
        if (bytes > 0) pointer(spec, raw);
        const std::span<std::byte> memory(static_cast<std::byte*>(raw.pointer), bytes);
        if (spec.mode == Mode::out) return Arg::output(memory);
        if (spec.mode == Mode::inout) return Arg::inout(std::move(type), memory);
        return Arg(ArrayView{std::move(type), memory});
    }

    Arg datum(const ArgumentSpec& spec, grpc_data_t data) {
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

    Shape shape_of(const ArgumentSpec& spec) const {
        const auto value = [this](std::size_t i) -> const std::byte* {
            const bool by_value = profile_.arguments[i].mode == Mode::in;
            return by_value ? raw_[i].value.bytes.data()
                            : static_cast<const std::byte*>(raw_[i].pointer);
        };
        return shape_by_extents(profile_, spec, integers_of(profile_, value));
    }

    const Profile& profile_;
    const DataHandles& handles_;
    std::vector<Raw> raw_;
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

Value VariableArguments::scalar(ElementType element) {
    const auto value = [element](auto scalar) { return scalar_value(element, &scalar); };
    switch (element) {
        case ElementType::int32: return value(static_cast<std::int32_t>(va_arg(list, int)));
        case ElementType::int64: return value(va_arg(list, std::int64_t));
        case ElementType::float32: return value(static_cast<float>(va_arg(list, double)));
        case ElementType::complex64: return value(va_arg(list, std::complex<float>));
        case ElementType::complex128: return value(va_arg(list, std::complex<double>));
        case ElementType::char8: return value(static_cast<char>(va_arg(list, int)));
        case ElementType::float64:
        case ElementType::string:
        case ElementType::file: break;
    }
    return value(va_arg(list, double));
}

Value StackedArguments::scalar(ElementType element) {
    const void* place = pointer();
    if (place == nullptr) {
        throw Error(ErrorCode::invalid_argument,
                    "argument " + std::to_string(next_) +
                        " of the stack is a null pointer, where a scalar is expected");
    }
    return scalar_value(element, place);
}

DecodedCall decode(const Profile& profile, ArgumentSource& given, const DataHandles& handles) {
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
