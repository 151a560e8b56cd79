#include "data_service/distribution/link_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "common/base/error.h"

namespace juxta::distribution {
namespace {

std::vector<Index> strides_or_zeros(std::span<const Index> strides, std::size_t dimensions) {
    if (strides.empty()) return std::vector<Index>(dimensions);
    return {strides.begin(), strides.end()};
}

}  // namespace

LinkStream::LinkStream(const Link& link, std::span<const Index> source_strides,
                       std::span<const Index> target_strides, const Kernels& kernels)
    : link_(&link),
      walk_(link, strides_or_zeros(source_strides, link.axes.size()),
            strides_or_zeros(target_strides, link.axes.size())),
      way_{&kernels, link.conversion, link.source_bytes, link.target_bytes, false},
      wire_bytes_(link.wire_bytes()),
      element_(static_cast<std::size_t>(link.wire_bytes())) {}

// Who has the greater elements converts; where they are equal, the target does.
CopyWay LinkStream::packing() const {
    CopyWay way = way_;
    way.target_bytes = wire_bytes_;
    way.streaming = false;
    if (way.source_bytes == wire_bytes_) way.conversion = {};
    return way;
}

CopyWay LinkStream::unpacking() const {
    CopyWay way = way_;
    way.source_bytes = wire_bytes_;
    if (link_->source_bytes > wire_bytes_) way.conversion = {};
    return way;
}

void LinkStream::seek(Index position) {
    if (position % wire_bytes_ != 0 && !unpacking().conversion.copies()) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("byte {} of the transfer is inside an element of {} bytes that is "
                                "converted: go on at a multiple of that",
                                position, wire_bytes_));
    }
    position_ = position;
    walk_.seek(position / wire_bytes_);
}

void LinkStream::element_done(const Box& box) {
    if (in_element() == 0) walk_.advance(box);
}

std::size_t LinkStream::pack_part(const std::byte* source, std::span<std::byte> into) {
    const Box box = walk_.box(1);
    copy_box(packed_target(box, wire_bytes_), source, element_.data(), packing());
    const auto rest = element_.size() - static_cast<std::size_t>(in_element());
    const std::size_t bytes = std::min(into.size(), rest);
    std::memcpy(into.data(), element_.data() + in_element(), bytes);
    position_ += static_cast<Index>(bytes);
    element_done(box);
    return bytes;
}

std::size_t LinkStream::pack(const std::byte* source, std::span<std::byte> into) {
    const auto all = std::min(into.size(), static_cast<std::size_t>(left()));
    std::size_t done = 0;
    const CopyWay way = packing();
    while (done < all) {
        const auto room = static_cast<Index>(all - done);
        if (in_element() != 0 || room < wire_bytes_) {
            done += pack_part(source, into.subspan(done, all - done));
            continue;
        }
        const Box box = walk_.box(room / wire_bytes_);
        copy_box(packed_target(box, wire_bytes_), source, into.data() + done, way);
        walk_.advance(box);
        position_ += box.elements * wire_bytes_;
        done += static_cast<std::size_t>(box.elements * wire_bytes_);
    }
    return done;
}

std::size_t LinkStream::unpack_part(std::span<const std::byte> from, std::byte* target) {
    const Box box = walk_.box(1);
    const auto at = static_cast<std::size_t>(in_element());
    const std::size_t bytes = std::min(from.size(), element_.size() - at);
    const CopyWay way = unpacking();
    position_ += static_cast<Index>(bytes);
    if (way.conversion.copies()) {
        std::memcpy(target + box.target + at, from.data(), bytes);
    } else {
        std::memcpy(element_.data() + at, from.data(), bytes);
        if (in_element() == 0) {
            copy_box(packed_source(box, wire_bytes_), element_.data(), target, way);
        }
    }
    element_done(box);
    return bytes;
}

void LinkStream::unpack(std::span<const std::byte> from, std::byte* target) {
    if (from.size() > static_cast<std::size_t>(left())) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("{} bytes came for place {} from place {}, where {} are missing; "
                                "nothing of them was taken",
                                from.size(), link_->target, link_->source, left()));
    }
    const CopyWay way = unpacking();
    while (!from.empty()) {
        const auto room = static_cast<Index>(from.size());
        if (in_element() != 0 || room < wire_bytes_) {
            from = from.subspan(unpack_part(from, target));
            continue;
        }
        const Box box = walk_.box(room / wire_bytes_);
        copy_box(packed_source(box, wire_bytes_), from.data(), target, way);
        walk_.advance(box);
        position_ += box.elements * wire_bytes_;
        from = from.subspan(static_cast<std::size_t>(box.elements * wire_bytes_));
    }
}

Index LinkStream::copy(const std::byte* source, std::byte* target, Index most_bytes) {
    ensure(in_element() == 0, "elements are copied whole");
    Index done = 0;
    while (left() > 0 && (done == 0 || most_bytes - done >= wire_bytes_)) {
        const Index most = std::max<Index>((most_bytes - done) / wire_bytes_, 1);
        const Box box = walk_.box(most);
        copy_box(box, source, target, way_);
        walk_.advance(box);
        position_ += box.elements * wire_bytes_;
        done += box.elements * wire_bytes_;
    }
    return done;
}

}  // namespace juxta::distribution
