#include "tools/commands_data.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tools/formats/array_file.h"
#include "tools/output.h"

namespace juxta::tools {
namespace {

using nlohmann::json;

std::uint64_t sum(const std::vector<Movement>& moved) {
    std::uint64_t bytes = 0;
    for (const Movement& movement : moved) bytes += movement.bytes;
    return bytes;
}

int tell_moved(const DataId& id, const std::string& name, Version version, std::uint64_t bytes,
               std::uint64_t moved, bool as_json, const char* verb) {
    if (as_json) {
        const json document{
            {"id", to_string(id)}, {"version", version}, {"bytes", bytes}, {"bytes_moved", moved}};
        fmt::print("{}\n", document.dump(-1, ' ', false, json::error_handler_t::replace));
    } else {
        fmt::print("{}{}{} version {}: {} {}, {} moved\n", to_string(id), name.empty() ? "" : " ",
                   name, version, human_bytes(bytes), verb, human_bytes(moved));
    }
    return kSuccess;
}

int put_into(data::DataAccess& data, const PutOptions& options, const formats::ArraySource& source,
             bool as_json) {
    const data::DatumDescription datum = data.find(options.into);
    const std::uint64_t offset = options.offset.value_or(0);
    const std::uint64_t bytes = source.content().size();
    if (!options.offset && source.type() != datum.spec.type) {
        throw Error(
            ErrorCode::invalid_argument,
            fmt::format(
                "{} is {}, but {} is {}: nothing was written; a new version has the type and "
                "shape of the datum, or is written with --offset as plain bytes",
                options.file, to_string(source.type()), options.into, to_string(datum.spec.type)));
    }
    if (offset > datum.bytes || bytes > datum.bytes - offset) {
        throw Error(
            ErrorCode::invalid_argument,
            fmt::format("{} bytes at offset {} do not fit {}, which has {}: nothing was written",
                        bytes, offset, options.into, datum.bytes));
    }
    const auto hold =
        data.acquire(datum.id, data::DataAccess::Clock::now() + std::chrono::seconds(30));
    hold->write(offset, source.content(), progress_of("put " + options.file));
    const Version version = hold->release();
    return tell_moved(datum.id, datum.spec.name, version, bytes, sum(hold->moved()), as_json,
                      "put");
}

// A whole datum gets its name, and outlives its client: by being persistent for a moment, where it
// is to be volatile.
void keep(data::DataAccess& data, const DataId& id, const std::string& name,
          Persistence persistence) {
    const bool fleeting =
        persistence == Persistence::volatile_ || persistence == Persistence::strictly_volatile;
    if (fleeting) data.change(id, {{}, {}, Persistence::persistent});
    data.change(id, {name.empty() ? std::nullopt : std::optional(name), {}, persistence});
}

json copy_json(const data::CopyStatus& copy) {
    return {{"provider", copy.provider}, {"cluster", copy.place.cluster}, {"host", copy.place.host},
            {"pid", copy.pid},           {"version", copy.version},       {"state", copy.state}};
}

std::size_t full_copies(const data::DatumDescription& datum) {
    std::size_t fewest = datum.blocks.empty() ? 0 : SIZE_MAX;
    for (const data::BlockStatus& block : datum.blocks) {
        fewest = std::min<std::size_t>(
            fewest, static_cast<std::size_t>(std::ranges::count(block.copies, std::string("full"),
                                                                &data::CopyStatus::state)));
    }
    return fewest;
}

json datum_json(const data::DatumDescription& datum) {
    json blocks = json::array();
    for (const data::BlockStatus& block : datum.blocks) {
        json copies = json::array();
        for (const data::CopyStatus& copy : block.copies) copies.push_back(copy_json(copy));
        blocks.push_back({{"block", block.block},
                          {"place", block.block},
                          {"shape", datum.spec.type.shape},
                          {"primary", block.primary},
                          {"copies", copies}});
    }
    return {{"id", to_string(datum.id)},
            {"name", datum.spec.name},
            {"type", name_of(datum.spec.type.element)},
            {"shape", datum.spec.type.shape},
            {"bytes", datum.bytes},
            {"version", datum.version},
            {"copies_wanted", datum.spec.copies},
            {"copies", full_copies(datum)},
            {"owner", datum.owner},
            {"lost", datum.lost},
            {"blocks", blocks},
            {"layouts", json::array()},
            {"lock", nullptr},
            {"persist", name_of(datum.spec.persistence)},
            {"protocol", datum.spec.protocol}};
}

// The manager knows versions from its providers' beats; who asks now wants the one of now.
void ask_version(data::DataAccess& data, data::DatumDescription& datum) {
    if (datum.lost) return;
    try {
        datum.version = data.acquire_read(datum.id)->version();
        for (data::BlockStatus& block : datum.blocks) {
            for (data::CopyStatus& copy : block.copies) {
                if (copy.state == "full") copy.version = datum.version;
            }
        }
    } catch (const Error&) {
        // It shows what the manager has heard, then: its providers do not answer at the moment.
    }
}

void print_datum(const data::DatumDescription& datum) {
    fmt::print("{}  {}\n", to_string(datum.id),
               datum.spec.name.empty() ? "(no name)" : datum.spec.name);
    fmt::print("  {}, {}, version {}{}\n", to_string(datum.spec.type), human_bytes(datum.bytes),
               datum.version, datum.lost ? ", LOST" : "");
    fmt::print("  {} of {} copies, {}, {}, owned by {}\n", full_copies(datum), datum.spec.copies,
               name_of(datum.spec.persistence), datum.spec.protocol, datum.owner);
    for (const data::BlockStatus& block : datum.blocks) {
        for (const data::CopyStatus& copy : block.copies) {
            fmt::print("  block {}: {} on {} ({}), {}{}\n", block.block, copy.provider,
                       copy.place.host, copy.place.cluster, copy.state,
                       copy.provider == block.primary ? ", primary" : "");
        }
    }
}

void write_stdout(std::span<const std::byte> content) {
    while (!content.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, content.data(), content.size());
        if (written < 0)
            throw Error(ErrorCode::invalid_argument, "cannot write to standard output");
        content = content.subspan(static_cast<std::size_t>(written));
    }
}

}  // namespace

int put(data::DataAccess& data, const PutOptions& options, std::uint16_t default_copies,
        bool as_json) {
    const auto persistence = parse_persistence(options.persist);
    if (!persistence) {
        throw Error(
            ErrorCode::invalid_argument,
            "--persist " + options.persist +
                ": unknown; use volatile, strictly_volatile, persistent, sticky or unique_sticky");
    }
    const formats::ArraySource source = formats::ArraySource::open(options.file);
    if (!options.into.empty()) return put_into(data, options, source, as_json);

    if (*persistence == Persistence::unique_sticky && options.copies.value_or(1) > 1) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("unique_sticky data have exactly one copy, not {}; nothing was put",
                                *options.copies));
    }
    const std::string why = why_no_name(options.name);
    if (!why.empty()) throw Error(ErrorCode::invalid_argument, why + "; nothing was put");

    DataSpec spec;
    spec.type = source.type();
    spec.copies =
        options.copies.value_or(*persistence == Persistence::unique_sticky ? 1 : default_copies);
    // Nothing half made: until it is whole it has no name, and goes with this process.
    spec.persistence = Persistence::volatile_;
    spec.lifetime = Lifetime::client;
    spec.client = data.client();
    spec.protocol = options.protocol;
    spec.preferred_host = data.place().host;
    const data::DatumDescription datum = data.allocate(spec, RequestId::make(), options.cluster);
    try {
        const auto hold =
            data.acquire(datum.id, data::DataAccess::Clock::now() + std::chrono::seconds(30));
        hold->write(0, source.content(), progress_of("put " + options.file));
        const Version version = hold->release();
        keep(data, datum.id, options.name, *persistence);
        return tell_moved(datum.id, options.name, version, datum.bytes, sum(hold->moved()), as_json,
                          "put");
    } catch (const Error&) {
        data.free(datum.id);
        throw;
    }
}

int get(data::DataAccess& data, const GetOptions& options, bool as_json) {
    const data::DatumDescription datum = data.find(options.datum);
    const bool region = options.offset || options.length;
    const std::uint64_t offset = options.offset.value_or(0);
    if (offset > datum.bytes || options.length.value_or(0) > datum.bytes - offset) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("{} has {} bytes; offset {} and length {} lie outside",
                                options.datum, datum.bytes, offset, options.length.value_or(0)));
    }
    if (options.output.empty() && (as_json || ::isatty(STDOUT_FILENO) == 1)) {
        throw Error(ErrorCode::invalid_argument,
                    "get writes the bytes of an array: name a file with -o FILE");
    }
    const auto hold = data.acquire_read(datum.id);
    const auto progress = progress_of("get " + options.datum);
    const std::uint64_t bytes =
        region ? options.length.value_or(datum.bytes - offset) : datum.bytes;
    const formats::Reader read = [&](std::uint64_t at, std::span<std::byte> into) {
        hold->read(offset + at, into);
        progress(at + into.size(), bytes);
    };
    const DataType type = region ? DataType{ElementType::char8, {bytes}} : hold->datum().spec.type;
    if (options.output.empty()) {
        formats::copy_content(type, read, write_stdout);
        return kSuccess;
    }
    if (region && formats::format_of(options.output) != formats::Format::raw) {
        throw Error(ErrorCode::invalid_argument,
                    "a region (--offset, --length) is plain bytes: give -o a file that is neither "
                    ".npy nor .mtx");
    }
    formats::write_array(options.output, type, read);
    return tell_moved(datum.id, datum.spec.name, hold->version(), bytes, sum(hold->moved()),
                      as_json, "got");
}

int show_data(data::DataAccess& data, const std::string& name, bool as_json) {
    if (!name.empty()) {
        data::DatumDescription datum = data.find(name);
        ask_version(data, datum);
        std::vector one{std::move(datum)};
        data.ask_processes(one);
        datum = std::move(one.front());
        if (as_json) {
            fmt::print("{}\n",
                       datum_json(datum).dump(-1, ' ', false, json::error_handler_t::replace));
        } else {
            print_datum(datum);
        }
        return kSuccess;
    }
    std::vector<data::DatumDescription> all = data.list();
    if (as_json) data.ask_processes(all);
    json list = json::array();
    for (data::DatumDescription& datum : all) {
        ask_version(data, datum);
        if (as_json) {
            list.push_back(datum_json(datum));
        } else {
            fmt::print("{}  {:<16} {:<24} {:>10}  version {}  {} of {} copies{}\n",
                       to_string(datum.id), datum.spec.name, to_string(datum.spec.type),
                       human_bytes(datum.bytes), datum.version, full_copies(datum),
                       datum.spec.copies, datum.lost ? "  LOST" : "");
        }
    }
    if (as_json)
        fmt::print("{}\n",
                   json{{"data", list}}.dump(-1, ' ', false, json::error_handler_t::replace));
    return kSuccess;
}

int remove(data::DataAccess& data, const std::string& name, bool as_json) {
    const data::DatumDescription datum = data.find(name);
    data.free(datum.id);
    if (as_json) {
        fmt::print("{}\n", json{{"id", to_string(datum.id)}}.dump(-1, ' ', false,
                                                                  json::error_handler_t::replace));
    } else {
        fmt::print("{} removed\n", to_string(datum.id));
    }
    return kSuccess;
}

}  // namespace juxta::tools
