#include "client_api/grid_data.h"

#include <algorithm>
#include <array>
#include <limits>
#include <sstream>

#include "data_service/core/data_access.h"

namespace juxta::gridrpc {
namespace {

constexpr std::uint64_t kHandleTag = 0x6a7b'0000'0000'0000u;
constexpr const char* kFirstLine = "juxta grpc_data 1";

struct TypeRow {
    grpc_data_type_t type;
    const char* name;
    std::optional<ElementType> element;
};
constexpr std::array<TypeRow, 11> kTypes{{
    {GRPC_BOOL, "GRPC_BOOL", ElementType::char8},
    {GRPC_INT, "GRPC_INT", ElementType::int32},
    {GRPC_DOUBLE, "GRPC_DOUBLE", ElementType::float64},
    {GRPC_COMPLEX, "GRPC_COMPLEX", ElementType::complex128},
    {GRPC_STRING, "GRPC_STRING", ElementType::char8},
    {GRPC_FILE, "GRPC_FILE", ElementType::char8},
    {GRPC_CONTAINER_OF_GRPC_DATA, "GRPC_CONTAINER_OF_GRPC_DATA", std::nullopt},
    {GRPC_FLOAT_NP, "GRPC_FLOAT_NP", ElementType::float32},
    {GRPC_LONG_NP, "GRPC_LONG_NP", ElementType::int64},
    {GRPC_CHAR_NP, "GRPC_CHAR_NP", ElementType::char8},
    {GRPC_COMPLEX_FLOAT_NP, "GRPC_COMPLEX_FLOAT_NP", ElementType::complex64},
}};

// In the order of Persistence.
constexpr std::array<const char*, 5> kModes{"GRPC_VOLATILE", "GRPC_STRICTLY_VOLATILE",
                                            "GRPC_PERSISTENT", "GRPC_STICKY", "GRPC_UNIQUE_STICKY"};

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorCode::invalid_argument, "this is no description of data: " + why);
}

Uri uri_in(const std::string& text) {
    auto uri = parse_uri(text);
    if (!uri) refuse("'" + text + "' is no URI that is known here");
    return std::move(*uri);
}

}  // namespace

std::optional<ElementType> element_of(grpc_data_type_t type) {
    for (const TypeRow& row : kTypes) {
        if (row.type == type) return row.element;
    }
    return std::nullopt;
}

const char* name_of(grpc_data_type_t type) {
    for (const TypeRow& row : kTypes) {
        if (row.type == type) return row.name;
    }
    return nullptr;
}

const char* mode_name(Persistence mode) { return kModes.at(static_cast<std::size_t>(mode)); }

std::optional<DataType> Description::data_type() const {
    const auto element = element_of(type);
    if (!element || dimensions.empty()) return std::nullopt;
    return DataType{*element, dimensions};
}

std::optional<std::uint64_t> Description::bytes() const {
    const auto array = data_type();
    return array ? bytes_of(*array) : std::nullopt;
}

std::string to_text(const Description& description, const std::string& id) {
    std::string text = std::string(kFirstLine) + "\ntype " + name_of(description.type) + '\n';
    if (!description.dimensions.empty()) {
        text += "dimensions";
        for (const std::uint64_t extent : description.dimensions) {
            text += ' ' + std::to_string(extent);
        }
        text += '\n';
    }
    for (const Uri& uri : description.inputs) text += "input " + uri.text + '\n';
    for (const Uri& uri : description.outputs) text += "output " + uri.text + '\n';
    for (const Persistence mode : description.modes)
        text += std::string("mode ") + mode_name(mode) + '\n';
    if (!id.empty()) text += "datum " + id + '\n';
    return text;
}

SavedDescription parse_description(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    if (!std::getline(lines, line) || line != kFirstLine) refuse("its first line is another");
    SavedDescription saved;
    Description& said = saved.description;
    bool typed = false;
    while (std::getline(lines, line)) {
        const std::size_t blank = line.find(' ');
        const std::string key = line.substr(0, blank);
        const std::string value = blank == std::string::npos ? "" : line.substr(blank + 1);
        if (key == "type") {
            for (const TypeRow& row : kTypes) {
                if (value == row.name) said.type = row.type, typed = true;
            }
        } else if (key == "dimensions") {
            std::istringstream numbers(value);
            for (std::uint64_t extent = 0; numbers >> extent;) said.dimensions.push_back(extent);
            if (!numbers.eof()) refuse("'" + line + "'");
        } else if (key == "input") {
            said.inputs.push_back(uri_in(value));
        } else if (key == "output") {
            said.outputs.push_back(uri_in(value));
        } else if (key == "mode") {
            const auto found = std::find(kModes.begin(), kModes.end(), value);
            if (found == kModes.end()) refuse("'" + line + "'");
            said.modes.push_back(static_cast<Persistence>(found - kModes.begin()));
        } else if (key == "datum") {
            if (!parse_data_id(value)) refuse("'" + line + "'");
            saved.id = value;
        } else {
            refuse("'" + line + "'");
        }
    }
    if (!typed) refuse("it tells no type");
    if (said.modes.empty()) said.modes = {Persistence::volatile_};
    if (said.modes.size() != 1 && said.modes.size() != said.outputs.size())
        refuse("it has not as many modes as outputs");
    if (!said.dimensions.empty() && said.data_type() && !said.bytes())
        refuse("it is larger than any memory");
    return saved;
}

Datum::~Datum() {
    if (!owned_) return;
    try {
        client_.data_access().free(id_);
    } catch (const std::exception&) {
        // It goes with its client.
    }
}

grpc_data_t DataTable::add(GridDataPtr data) {
    return state_.with([&](State& state) {
        const auto handle =
            reinterpret_cast<grpc_data_t>(static_cast<std::uintptr_t>(kHandleTag + ++state.last));
        state.open.emplace(handle, std::move(data));
        return handle;
    });
}

GridDataPtr DataTable::find(const void* handle) const {
    return state_.with([&](const State& state) -> GridDataPtr {
        const auto found = state.open.find(handle);
        return found == state.open.end() ? nullptr : found->second;
    });
}

bool DataTable::replace(const void* handle, GridDataPtr data) {
    // What was there ends after the lock was given back: it may ask the platform.
    return state_.with([&](State& state) {
        const auto found = state.open.find(handle);
        if (found == state.open.end()) return false;
        found->second.swap(data);
        return true;
    });
}

// What goes with it does so without the lock: it may ask the platform.
bool DataTable::close(const void* handle) {
    const auto closed = state_.with([&](State& state) { return state.open.extract(handle); });
    return !closed.empty();
}

const char* DataTable::id_text(const void* handle) const {
    const GridDataPtr data = find(handle);
    if (!data) return "";
    const auto datum = data->state.with([](const GridDataState& state) { return state.datum; });
    return state_.with([&](const State&) {
        // Only then: somebody may still read what was told before.
        const std::string now = datum ? to_string(datum->id()) : "";
        if (data->id_text != now) data->id_text = now;
        return data->id_text.c_str();
    });
}

}  // namespace juxta::gridrpc
