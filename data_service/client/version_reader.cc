#include "data_service/client/version_reader.h"

#include <algorithm>
#include <cstring>

#include "common/orb/model_wire.h"
#include "data_service/corba/group_wire.h"

namespace juxta::data {
namespace {

// How much of its segment an extent needs.
std::uint64_t reach_of(const Extent& extent) { return extent.segment_offset + extent.length; }

std::uint64_t bytes_of(const Extents& extents) {
    std::uint64_t sum = 0;
    for (const Extent& extent : extents) sum += extent.length;
    return sum;
}

}  // namespace

std::shared_ptr<const LocalSegment> VersionReader::local(const Extent& extent) {
    if (not_local_.contains(extent.segment)) return nullptr;
    auto& segment = opened_[extent.segment];
    if (!segment) segment = core_.local().find(extent.segment);
    if (segment && segment->bytes().size() >= reach_of(extent)) return segment;
    opened_.erase(extent.segment);
    not_local_.insert(extent.segment);
    return nullptr;
}

// All in one question.
void VersionReader::open(const Extents& extents) {
    std::set<SegmentId> wanted;
    for (const Extent& extent : extents)
        if (!opened_.contains(extent.segment)) wanted.insert(extent.segment);
    if (wanted.size() < 2) return;
    const std::vector<SegmentId> segments(wanted.begin(), wanted.end());
    const auto found = core_.local().find_all(segments);
    for (std::size_t i = 0; i < segments.size(); ++i)
        if (found[i]) opened_[segments[i]] = found[i];
}

void VersionReader::read(const Extents& extents, std::uint64_t offset, std::span<std::byte> into,
                         const Progress& listener) {
    const std::uint64_t end = offset + into.size();
    std::uint64_t done = offset;
    ProgressCount progress(listener, into.size());
    for (const Extent& extent : extents) {
        const std::uint64_t first = std::max(extent.offset, offset);
        const std::uint64_t last = std::min(extent.offset + extent.length, end);
        if (first >= last) continue;
        std::memset(into.data() + (done - offset), 0, first - done);  // a hole
        const std::uint64_t within = first - extent.offset;
        const std::span<std::byte> part = into.subspan(first - offset, last - first);
        if (const auto segment = local(extent)) {
            std::memcpy(part.data(), segment->bytes().data() + extent.segment_offset + within,
                        part.size());
            progress.add(part.size());
        } else {
            pull(extent, within, part, progress);
        }
        done = last;
    }
    if (end > done) std::memset(into.data() + (done - offset), 0, end - done);
}

// Those who hold the block or a cached version; in this cluster first.
std::vector<ProviderContact> VersionReader::holders(const DatumInfo& info,
                                                    BlockNumber block) const {
    std::vector<ProviderContact> all;
    for (const ProviderContact& contact : info.contacts) {
        const bool member = block < info.blocks.size() && info.blocks[block].has(contact.self);
        const bool cache = std::ranges::find(info.caches, contact.name,
                                             &DatumLocation::Copy::provider) != info.caches.end();
        if (member || cache) all.push_back(contact);
    }
    if (all.empty()) all = info.contacts;  // between two views
    std::ranges::stable_partition(all, [&](const ProviderContact& contact) {
        return contact.place.cluster == core_.place().cluster;
    });
    return all;
}

void VersionReader::pull(const Extent& extent, std::uint64_t within, std::span<std::byte> into,
                         ProgressCount& progress) {
    const auto deadline = core_.control_deadline();
    Patience patience(deadline);
    Silence silence;
    for (bool fresh = false;; fresh = true) {
        check_();
        const InfoPtr info = core_.info(id_, fresh, deadline);
        if (info->lost) throw lost_error(*info);
        silence.look_at(*info);
        try {
            return transfer_.pull(holders(*info, extent.segment.block), info->owner, extent.segment,
                                  extent.segment_offset + within, into, progress);
        } catch (const Error& e) {
            if (!may_pass(e.code()) && e.code() != ErrorCode::not_found) throw;
            if (!patience.pause()) throw unavailable_error(*info, e.what());
        }
    }
}

bool VersionReader::fetch(const Extents& extents, Version version) {
    const auto deadline = core_.control_deadline();
    Patience patience(deadline);
    Silence silence;
    for (bool fresh = false;; fresh = true) {
        Extents missing;
        not_local_.clear();
        open(extents);
        for (const Extent& extent : extents) {
            if (!local(extent)) missing.push_back(extent);
        }
        if (missing.empty()) return true;
        const auto provider = core_.local().contact();
        if (!provider) return false;
        check_();
        const InfoPtr info = core_.info(id_, fresh, deadline);
        if (info->lost) throw lost_error(*info);
        silence.look_at(*info);
        std::string why = "this host's provider " + provider->name + " does not keep it";
        try {
            if (fetch_once(*provider, missing, version, *info)) continue;
        } catch (const Error& e) {
            if (e.code() == ErrorCode::peer_unreachable) core_.local().distrust();
            if (!may_pass(e.code()) && e.code() != ErrorCode::not_found) throw;
            why = "fetching it to this host's provider " + provider->name + ": " + e.what();
        }
        if (!patience.pause()) throw unavailable_error(*info, why);
    }
}

Wire::Sources VersionReader::sources(const DatumInfo& info, BlockNumber block,
                                     const Member& not_from) const {
    Wire::Sources sources;
    std::vector<ProviderContact> from = holders(info, block);
    std::erase_if(from, [&](const auto& holder) { return holder.self == not_from; });
    orb::fill(sources, from, [](const ProviderContact& holder) {
        Wire::Source source;
        source.address = holder.address.c_str();
        source.provider_name = holder.name.c_str();
        source.host = holder.place.host.c_str();
        return source;
    });
    return sources;
}

// False if nothing was missing there, though it could not be mapped.
bool VersionReader::fetch_once(const ProviderContact& provider, const Extents& missing,
                               Version version, const DatumInfo& info) {
    std::map<SegmentId, std::uint64_t> sizes;
    for (const Extent& extent : missing) {
        std::uint64_t& size = sizes[extent.segment];
        size = std::max(size, reach_of(extent));
    }
    Wire::SegmentRequests requests;
    orb::fill(requests, sizes, [&](const auto& segment) {
        Wire::SegmentRequest request;
        request.segment = to_wire(segment.first);
        request.size_bytes = segment.second;
        request.holders = sources(info, segment.first.block, provider.self);
        return request;
    });
    const Wire::Provider_var remote = core_.provider(provider.address);
    // Time for 10 MB/s beyond the usual.
    orb::Deadline attempt(
        static_cast<unsigned>(std::min<std::uint64_t>(30000 + bytes_of(missing) / 10000, 3600000)));
    const Wire::Movements_var moved =
        orb::ask([&] { return remote->fetch(orb::to_wire(id_), version, requests); });
    std::uint64_t bytes = 0;
    for (const Movement& movement : orb::from_wire(moved.in())) {
        tally_.add(movement.from, movement.to, movement.bytes);
        bytes += movement.bytes;
    }
    return bytes > 0;
}

}  // namespace juxta::data
