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
    Decoder(const Profile& profile, ArgumentSource& given, DataManager& data)
        : profile_(profile), data_(data) {
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
        if (const auto data = data_in(place)) return datum(spec, data);
        call_.destinations.push_back({spec, place, nullptr, {}});
        return spec.mode == Mode::inout ? Arg(scalar_value(spec.element, place)) : Arg::output();
    }

    Arg string(const ArgumentSpec& spec, const Raw& raw) {
        void* place = pointer(spec, raw);
        if (const auto data = data_in(place)) return datum(spec, data);
        if (spec.mode == Mode::in) return Arg(std::string(static_cast<const char*>(place)));
        call_.destinations.push_back({spec, place, nullptr, {}});
        if (spec.mode == Mode::out) return Arg::output();
        const char* text = at<const char*>(place);
        if (text == nullptr) refuse(profile_, spec, "points to a null string");
        return Arg(std::string(text));
    }

    Arg file(const ArgumentSpec& spec, const Raw& raw) {
        if (const auto data = data_in(pointer(spec, raw))) return datum(spec, data);
        const std::string path = static_cast<const char*>(raw.pointer);
        if (spec.mode != Mode::in) call_.destinations.push_back({spec, nullptr, nullptr, path});
        if (spec.mode == Mode::out) return Arg::output();
        std::ifstream in(path, std::ios::binary);
        const std::string contents{std::istreambuf_iterator<char>(in), {}};
        if (!in.is_open() || in.bad())
            refuse(profile_, spec, "is the file '" + path + "', which cannot be read");
        return Arg::file(std::as_bytes(std::span(contents)));
    }

    // `handle`, or `&handle`; null if it is neither.
    GridDataPtr data_in(const void* given, bool may_point_to_one = true) const {
        if (given == nullptr) return nullptr;
        if (auto found = data_.find(given)) return found;
        const void* word = may_point_to_one ? word_at(given) : nullptr;
        return word == nullptr ? nullptr : data_.find(word);
    }

    Arg array(const ArgumentSpec& spec, const Raw& raw) {
        std::optional<Shape> shape;
        if (!spec.extents.empty()) shape = shape_of(spec);
        const std::uint64_t bytes = shape ? bytes_of({spec.element, *shape}).value_or(0) : 0;
        // Where there are no elements, the pointer may point to nothing.
        if (const auto data = data_in(raw.pointer, !shape || bytes > 0)) {
            return datum(spec, data, shape);
        }
        if (shape) return plain_array(spec, raw, {spec.element, *shape}, bytes);
        pointer(spec, raw);
        refuse(profile_, spec,
               "must be a data handle (grpc_data_t): the profile does not tell the size of a plain "
               "array");
    }

    // Anything given as a handle.
    Arg datum(const ArgumentSpec& spec, const GridDataPtr& data,
              const std::optional<Shape>& shape = {}) {
        if (spec.mode != Mode::in) call_.destinations.push_back({spec, nullptr, data, {}});
        if (spec.mode == Mode::out) return data_.output(data, spec);
        try {
            DataManager::Input input = data_.input(data, spec, shape);
            for (auto& each : input.staged) call_.staged.push_back(std::move(each));
            if (spec.mode == Mode::in) call_.read.push_back(data);
            return std::move(input.argument);
        } catch (const Error& e) {
            const bool theirs =
                e.code() == ErrorCode::invalid_argument || e.code() == ErrorCode::not_found;
            if (theirs) refuse(profile_, spec, std::string("is given data: ") + e.what());
            throw;
        }
    }

    Arg plain_array(const ArgumentSpec& spec, const Raw& raw, DataType type, std::uint64_t bytes) {
        if (bytes > 0) pointer(spec, raw);
        const std::span<std::byte> memory(static_cast<std::byte*>(raw.pointer), bytes);
        if (spec.mode == Mode::out) return Arg::output(memory);
        if (spec.mode == Mode::inout) return Arg::inout(std::move(type), memory);
        return Arg(ArrayView{std::move(type), memory});
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
    DataManager& data_;
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

DecodedCall decode(const Profile& profile, ArgumentSource& given, DataManager& data) {
    return Decoder(profile, given, data).decode();
}

void deliver(const CallResult& result, const std::vector<Destination>& destinations,
             DataManager& data) {
    for (const Destination& destination : destinations) {
        const auto output =
            std::find_if(result.outputs.begin(), result.outputs.end(),
                         [&](const Output& each) { return each.name == destination.spec.name; });
        if (output == result.outputs.end()) continue;
        if (destination.data) {
            data.produced(destination.data, *output);
        } else if (output->value) {
            deliver_value(*output->value, destination);
        }
    }
}

}  // namespace juxta::gridrpc
