#include "tools/commands_data.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "data_service/core/consistency.h"
#include "data_service/distribution/stored_layout.h"
#include "tools/commands_lock.h"
#include "tools/commands_place.h"
#include "tools/datum_view.h"
#include "tools/formats/array_file.h"
#include "tools/output.h"

namespace juxta::tools {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kPatience{30};  // with whoever holds the lock
constexpr std::size_t kMostPlaces = 4096;

Persistence persistence_of(const std::string& name) {
    if (const auto mode = parse_persistence(name)) return *mode;
    throw Error(
        ErrorCode::invalid_argument,
        "--persist " + name +
            ": unknown; use volatile, strictly_volatile, persistent, sticky or unique_sticky");
}

// Of a durable datum.
void expect_no_fleeting(Persistence mode, const char* kept) {
    if (!is_fleeting(mode)) return;
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("a durable datum outlives everybody, a {} one does not: it can be one of "
                    "the two; {}",
                    name_of(mode), kept));
}

void expect_one_copy(Persistence mode, std::optional<std::uint16_t> copies,
                     std::optional<std::uint16_t> clusters, const char* kept) {
    if (mode != Persistence::unique_sticky) return;
    const int wanted = copies.value_or(1) * clusters.value_or(1);
    if (wanted <= 1) return;
    throw Error(ErrorCode::invalid_argument,
                fmt::format("unique_sticky data have exactly one copy, not {}; {}", wanted, kept));
}

// How the array lies over blocks, one for each place.
void distribute(DataSpec& spec, const PutOptions& options) {
    const LayoutText words{options.dist, options.grid, options.src};
    if (words == LayoutText{}) return;
    if (words.dist.empty()) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("--grid '{}' --src '{}' say where, not how: give --dist too; "
                                "nothing was put",
                                words.grid, words.src));
    }
    if (words.grid.empty() && words.dist.find("gen") == std::string::npos) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("--dist {} over how many places? Give --grid PxQ, one number for "
                                "each dimension; nothing was put",
                                words.dist));
    }
    distribution::distribute(spec, words, 1);
    if (spec.block_bytes.size() > kMostPlaces) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("--grid {} has {} places, at most {} are possible; nothing was put",
                                words.grid, spec.block_bytes.size(), kMostPlaces));
    }
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
    // Below 'juxta lock' its lock serves; its holder goes on holding it.
    const auto token = token_from_environment(datum.id);
    const auto hold = token ? data.resume(datum.id, *token)
                            : data.acquire(datum.id, data::DataAccess::Clock::now() + kPatience);
    hold->write(offset, source.content(), progress_of("put " + options.file));
    const Version version = hold->release();
    return tell_moved(datum.id, datum.spec.name, version, bytes, bytes_of(hold->moved()), as_json,
                      "put");
}

// A whole datum gets its name, and outlives its client. One that is to be volatile was allocated
// so: without a name its provider alone knows of it, and no manager has to agree.
void keep(data::DataAccess& data, const DataId& id, const std::string& name,
          Persistence persistence) {
    data::SpecChange change;
    if (!is_fleeting(persistence)) change.persistence = persistence;
    if (!name.empty()) change.name = name;
    if (change.persistence || change.name) data.change(id, change);
}

}  // namespace

int put(data::DataAccess& data, const PutOptions& options, std::uint16_t default_copies,
        bool as_json) {
    const Persistence persistence = persistence_of(options.persist);
    const formats::ArraySource source = formats::ArraySource::open(options.file);
    if (!options.into.empty()) return put_into(data, options, source, as_json);

    expect_one_copy(persistence, options.copies, options.clusters, "nothing was put");
    if (options.durable) expect_no_fleeting(persistence, "nothing was put");
    const std::string why = why_no_name(options.name);
    if (!why.empty()) throw Error(ErrorCode::invalid_argument, why + "; nothing was put");

    if (data::find_consistency(options.protocol) == nullptr) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("there is no consistency protocol '{}'; there are: {}; nothing was "
                                "put",
                                options.protocol, data::consistency_names_text()));
    }

    DataSpec spec;
    spec.type = source.type();
    distribute(spec, options);
    spec.clusters = options.clusters.value_or(1);
    spec.durable = options.durable;
    spec.copies =
        options.copies.value_or(persistence == Persistence::unique_sticky ? 1 : default_copies);
    // Nothing half made: until it is whole it has no name, and goes with this process.
    const bool stays_volatile = is_fleeting(persistence);
    spec.persistence = options.durable || stays_volatile ? persistence : Persistence::volatile_;
    spec.lifetime = stays_volatile ? Lifetime::until_freed : Lifetime::client;
    spec.client = data.client();
    spec.protocol = options.protocol;
    spec.preferred_host = data.place().host;
    const data::DatumDescription datum = data.allocate(spec, RequestId::make(), options.cluster);
    try {
        const auto hold = data.acquire(datum.id, data::DataAccess::Clock::now() + kPatience);
        hold->write(0, source.content(), progress_of("put " + options.file));
        const Version version = hold->release();
        keep(data, datum.id, options.name, persistence);
        return tell_moved(datum.id, options.name, version, datum.bytes, bytes_of(hold->moved()),
                          as_json, "put");
    } catch (const Error&) {
        data.free(datum.id);
        throw;
    }
}

int get(data::DataAccess& data, const GetOptions& options, bool as_json) {
    const data::DatumDescription datum = data.find(options.datum);
    if (options.place) return get_place(data, datum, options, as_json);
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
    if (const auto token = token_from_environment(datum.id)) expect_held(data, datum.id, *token);
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
    return tell_moved(datum.id, datum.spec.name, hold->version(), bytes, bytes_of(hold->moved()),
                      as_json, "got");
}

int set(data::DataAccess& data, const SetOptions& options, bool as_json) {
    data::SpecChange change;
    change.copies = options.copies;
    change.clusters = options.clusters;
    if (!options.persist.empty()) change.persistence = persistence_of(options.persist);
    if (!options.name.empty()) {
        const std::string why = why_no_name(options.name);
        if (!why.empty()) throw Error(ErrorCode::invalid_argument, why + "; nothing was changed");
        change.name = options.name;
    }
    if (options.lease_s) {
        change.lease_ms = static_cast<std::uint64_t>(std::max(1.0, *options.lease_s * 1000));
    }
    if (change.persistence) {
        expect_one_copy(*change.persistence, options.copies, options.clusters,
                        "nothing was changed");
    }
    const data::DatumDescription found = data.find(options.datum);
    if (found.spec.durable && change.persistence) {
        expect_no_fleeting(*change.persistence, "nothing was changed");
    }
    std::vector<data::DatumDescription> changed{data.change(found.id, change)};
    const data::DatumDescription datum = look_at(data, std::move(changed)).front().datum;
    return tell_moved(datum.id, datum.spec.name, datum.version, datum.bytes, 0, as_json, "set");
}

int show_data(data::DataAccess& data, const std::string& name, bool as_json) {
    std::vector<data::DatumDescription> all;
    if (name.empty()) {
        all = data.list();
    } else {
        all.push_back(data.find(name));
    }
    if (as_json || !name.empty()) data.ask_processes(all);
    const std::vector<DatumView> views = look_at(data, std::move(all));
    if (as_json) {
        json list = json::array();
        for (const DatumView& view : views) list.push_back(json_of(view));
        const json document = name.empty() ? json{{"data", list}} : list.front();
        fmt::print("{}\n", document.dump(-1, ' ', false, json::error_handler_t::replace));
    } else {
        for (const DatumView& view : views) name.empty() ? print_line(view) : print_in_full(view);
    }
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
