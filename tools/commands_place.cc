#include "tools/commands_place.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstring>

#include "data_service/distribution/exchange.h"
#include "data_service/distribution/layout_text.h"
#include "data_service/distribution/stored_layout.h"
#include "tools/commands_lock.h"
#include "tools/formats/array_file.h"
#include "tools/output.h"

namespace juxta::tools {
namespace {

using namespace distribution;

// The piece of `place`, from those pieces of the stored datum that have some of it.
std::vector<std::byte> piece_of(data::ReadHold& stored, const Layout& source, const Layout& target,
                                Index place) {
    const Plan plan(source, target);
    std::vector<std::byte> piece(static_cast<std::size_t>(target.local_bytes(place)));
    std::vector<std::byte> from;
    for (const LinkSize& link : plan.incoming(place)) {
        std::uint64_t start = 0;
        for (Index before = 0; before < link.source; ++before) {
            start += static_cast<std::uint64_t>(source.local_bytes(before));
        }
        from.resize(static_cast<std::size_t>(source.local_bytes(link.source)));
        stored.read(start, from);
        Exchange(plan, {link})
            .run(
                [&](Index) {
                    return SourcePiece{from.data(), source.strides(link.source)};
                },
                [&](Index) {
                    return TargetPiece{piece.data(), target.strides(place)};
                });
    }
    return piece;
}

}  // namespace

int get_place(data::DataAccess& data, const data::DatumDescription& datum,
              const GetOptions& options, bool as_json) {
    const DataSpec& spec = datum.spec;
    const Layout source = layout_as_stored(spec);
    Layout target = source;
    if (!options.dist.empty()) {
        target = parse_layout({options.dist, options.grid, options.src}, spec.type);
    } else if (!options.grid.empty() || !options.src.empty()) {
        throw Error(ErrorCode::invalid_argument, "--grid and --src belong to a --dist");
    }
    if (*options.place >= static_cast<std::uint64_t>(target.place_count())) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("{} has no place {}: {} has places 0 to {}", options.datum,
                                *options.place, to_string(target), target.place_count() - 1));
    }
    const auto place = static_cast<Index>(*options.place);
    const bool is_text = formats::format_of(options.output) == formats::Format::matrix_market;
    target.local_order = is_text ? Order::row_major : Order::column_major;
    if (options.output.empty() && (as_json || ::isatty(STDOUT_FILENO) == 1)) {
        throw Error(ErrorCode::invalid_argument,
                    "get writes the bytes of an array: name a file with -o FILE");
    }

    if (const auto token = token_from_environment(datum.id)) expect_held(data, datum.id, *token);
    data::ReadOptions as_stored;
    as_stored.as_stored = true;
    const auto hold = data.acquire_read(datum.id, as_stored);
    const std::vector<std::byte> piece = piece_of(*hold, source, target, place);
    const Indices shape = target.local_shape(place);
    const DataType type{spec.type.element, {shape.begin(), shape.end()}};
    const formats::Reader read = [&](std::uint64_t at, std::span<std::byte> into) {
        if (!into.empty()) std::memcpy(into.data(), piece.data() + at, into.size());
    };
    if (options.output.empty()) {
        formats::copy_content(type, read, write_stdout);
        return kSuccess;
    }
    formats::write_array(
        options.output, type, read,
        is_text ? formats::ElementOrder::row_major : formats::ElementOrder::column_major);
    return tell_moved(datum.id, spec.name, hold->version(), piece.size(), bytes_of(hold->moved()),
                      as_json, "got");
}

}  // namespace juxta::tools
