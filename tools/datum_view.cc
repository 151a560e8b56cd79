#include "tools/datum_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "common/base/in_parallel.h"
#include "data_service/distribution/layout_text.h"
#include "data_service/distribution/stored_layout.h"
#include "tools/output.h"

namespace juxta::tools {
namespace {

using data::LockStatus;
using nlohmann::json;

double seconds(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1e3; }

const char* name_of(LockStatus::Mode mode) {
    return mode == LockStatus::Mode::exclusive ? "exclusive" : "shared";
}

json copy_json(const data::CopyStatus& copy) {
    return {{"provider", copy.provider}, {"cluster", copy.place.cluster}, {"host", copy.place.host},
            {"pid", copy.pid},           {"version", copy.version},       {"state", copy.state}};
}

// The first holder stands for all readers.
json lock_json(const std::optional<LockStatus>& lock) {
    if (!lock || lock->mode == LockStatus::Mode::none) return nullptr;
    json holders = json::array();
    for (const LockStatus::Holder& holder : lock->holders) {
        holders.push_back({{"token", holder.token},
                           {"client", holder.client.value},
                           {"lease_s", seconds(holder.left)}});
    }
    return {{"mode", name_of(lock->mode)},
            {"token", lock->holders.front().token},
            {"lease_s", seconds(lock->holders.front().left)},
            {"holders", holders},
            {"waiting", lock->waiting}};
}

std::size_t full_copies(const data::BlockStatus& block, const std::string& cluster) {
    return static_cast<std::size_t>(
        std::ranges::count_if(block.copies, [&](const data::CopyStatus& copy) {
            return copy.state == "full" && (cluster.empty() || copy.place.cluster == cluster);
        }));
}

// Of the block that has fewest, in the cluster that owns the datum.
std::size_t copies_in_owner(const data::DatumDescription& datum) {
    std::size_t fewest = datum.blocks.empty() ? 0 : SIZE_MAX;
    for (const data::BlockStatus& block : datum.blocks) {
        fewest = std::min(fewest, full_copies(block, datum.owner));
    }
    return fewest;
}

// Those that have a full copy of every block.
std::size_t clusters_with_all(const data::DatumDescription& datum) {
    std::set<std::string> clusters;
    for (const data::BlockStatus& block : datum.blocks) {
        for (const data::CopyStatus& copy : block.copies) clusters.insert(copy.place.cluster);
    }
    return static_cast<std::size_t>(std::ranges::count_if(clusters, [&](const auto& cluster) {
        return std::ranges::all_of(datum.blocks, [&](const data::BlockStatus& block) {
            return full_copies(block, cluster) > 0;
        });
    }));
}

std::uint64_t bytes_of_block(const data::DatumDescription& datum, data::BlockNumber block) {
    const auto& sizes = datum.spec.block_bytes;
    return block < sizes.size() ? sizes[block] : datum.bytes;
}

// The local piece of a place; a plain datum's only block has its shape, and other blocks are
// vectors.
std::vector<std::uint64_t> shape_of_block(const data::DatumDescription& datum,
                                          data::BlockNumber block) {
    if (datum.spec.block_bytes.empty()) return datum.spec.type.shape;
    const distribution::Layout layout = distribution::layout_as_stored(datum.spec);
    if (layout.place_count() == std::ssize(datum.spec.block_bytes)) {
        const distribution::Indices local =
            layout.local_shape(static_cast<distribution::Index>(block));
        return {local.begin(), local.end()};
    }
    const std::size_t element = std::max<std::size_t>(size_of(datum.spec.type.element), 1);
    return {bytes_of_block(datum, block) / element};
}

// How the datum lies over its blocks; none for one that is in one piece.
json layouts_json(const data::DatumDescription& datum) {
    json layouts = json::array();
    if (datum.spec.block_bytes.empty()) return layouts;
    const distribution::Layout layout = distribution::layout_as_stored(datum.spec);
    if (layout.place_count() != std::ssize(datum.spec.block_bytes)) return layouts;
    const LayoutText text = distribution::text_of(layout);
    layouts.push_back({{"dist", text.dist}, {"grid", text.grid}, {"state", "full"}});
    if (!text.src.empty()) layouts.back()["src"] = text.src;
    return layouts;
}

void look_at_one(data::DataAccess& data, DatumView& view) {
    if (view.datum.lost) return;
    try {
        view.lock = data.look(view.datum.id);
    } catch (const Error&) {
        return;
    }
    view.datum.version = view.lock->newest;
    for (data::BlockStatus& block : view.datum.blocks) {
        for (data::CopyStatus& copy : block.copies) {
            if (copy.state == "full") copy.version = view.datum.version;
        }
    }
}

}  // namespace

std::vector<DatumView> look_at(data::DataAccess& data, std::vector<data::DatumDescription> all) {
    std::vector<DatumView> views;
    for (data::DatumDescription& datum : all) views.push_back({std::move(datum), std::nullopt});
    in_parallel(views.size(), [&](std::size_t i) { look_at_one(data, views[i]); });
    return views;
}

json json_of(const DatumView& view) {
    const data::DatumDescription& datum = view.datum;
    json blocks = json::array();
    for (const data::BlockStatus& block : datum.blocks) {
        json copies = json::array();
        for (const data::CopyStatus& copy : block.copies) copies.push_back(copy_json(copy));
        blocks.push_back({{"block", block.block},
                          {"place", block.block},
                          {"shape", shape_of_block(datum, block.block)},
                          {"bytes", bytes_of_block(datum, block.block)},
                          {"primary", block.primary},
                          {"copies", copies}});
    }
    json document{{"id", to_string(datum.id)},
                  {"name", datum.spec.name},
                  {"type", juxta::name_of(datum.spec.type.element)},
                  {"shape", datum.spec.type.shape},
                  {"bytes", datum.bytes},
                  {"version", datum.version},
                  {"copies_wanted", datum.spec.copies},
                  {"copies", copies_in_owner(datum)},
                  {"clusters_wanted", datum.spec.clusters},
                  {"clusters", clusters_with_all(datum)},
                  {"owner", datum.owner},
                  {"lost", datum.lost},
                  {"blocks", blocks},
                  {"layouts", layouts_json(datum)},
                  {"lock", lock_json(view.lock)},
                  {"persist", juxta::name_of(datum.spec.persistence)},
                  {"durable", datum.spec.durable},
                  {"protocol", datum.spec.protocol}};
    if (datum.spec.lifetime == Lifetime::lease) {
        document["lease_s"] = static_cast<double>(datum.spec.lease_ms) / 1e3;
    }
    return document;
}

void print_in_full(const DatumView& view) {
    const data::DatumDescription& datum = view.datum;
    fmt::print("{}  {}\n", to_string(datum.id),
               datum.spec.name.empty() ? "(no name)" : datum.spec.name);
    fmt::print("  {}, {}, version {}{}\n", to_string(datum.spec.type), human_bytes(datum.bytes),
               datum.version, datum.lost ? ", LOST" : "");
    fmt::print("  {} of {} copies, {} of {} clusters, {}{}, {}, owned by {}\n",
               copies_in_owner(datum), datum.spec.copies, clusters_with_all(datum),
               datum.spec.clusters, juxta::name_of(datum.spec.persistence),
               datum.spec.durable ? " and durable" : "", datum.spec.protocol, datum.owner);
    if (view.lock && view.lock->mode != LockStatus::Mode::none) {
        fmt::print(
            "  locked, {}, {} holding it, {} waiting, token {}, {:.1f} s of its lease left\n",
            name_of(view.lock->mode), view.lock->holders.size(), view.lock->waiting,
            view.lock->holders.front().token, seconds(view.lock->holders.front().left));
    }
    if (!datum.spec.layout.dist.empty()) {
        fmt::print("  distributed: {}\n",
                   distribution::to_string(distribution::layout_as_stored(datum.spec)));
    }
    for (const data::BlockStatus& block : datum.blocks) {
        for (const data::CopyStatus& copy : block.copies) {
            fmt::print("  block {}: {} on {} ({}), {}{}\n", block.block, copy.provider,
                       copy.place.host, copy.place.cluster, copy.state,
                       copy.provider == block.primary ? ", primary" : "");
        }
    }
}

void print_line(const DatumView& view) {
    const data::DatumDescription& datum = view.datum;
    fmt::print("{}  {:<16} {:<24} {:>10}  version {}  {} of {} copies{}\n", to_string(datum.id),
               datum.spec.name, to_string(datum.spec.type), human_bytes(datum.bytes), datum.version,
               copies_in_owner(datum), datum.spec.copies, datum.lost ? "  LOST" : "");
}

}  // namespace juxta::tools
