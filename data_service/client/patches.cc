#include "data_service/client/patches.h"

#include <algorithm>
#include <cstring>

namespace juxta::data {

void Patches::write(std::uint64_t offset, std::span<const std::byte> from) {
    if (from.empty()) return;
    const std::uint64_t end = offset + from.size();
    // The piece that begins before and reaches here takes it in; else a new one does.
    auto into = pieces_.upper_bound(offset);
    if (into != pieces_.begin() &&
        std::prev(into)->first + std::prev(into)->second.size() >= offset) {
        --into;
    } else {
        into = pieces_.emplace_hint(into, offset, std::vector<std::byte>{});
    }
    std::vector<std::byte>& piece = into->second;
    const std::uint64_t start = offset - into->first;
    bytes_ -= piece.size();
    if (piece.size() < start + from.size()) piece.resize(start + from.size());
    std::memcpy(piece.data() + start, from.data(), from.size());
    // Those that it covers or touches become part of it.
    for (auto next = std::next(into); next != pieces_.end() && next->first <= end;
         next = pieces_.erase(next)) {
        const std::uint64_t next_end = next->first + next->second.size();
        bytes_ -= next->second.size();
        if (next_end > into->first + piece.size()) {
            const std::uint64_t known = into->first + piece.size() - next->first;
            piece.insert(piece.end(), next->second.begin() + static_cast<std::ptrdiff_t>(known),
                         next->second.end());
        }
    }
    bytes_ += piece.size();
}

void Patches::lay_over(std::uint64_t offset, std::span<std::byte> into) const {
    const std::uint64_t end = offset + into.size();
    for (const auto& [start, piece] : pieces_) {
        const std::uint64_t first = std::max(start, offset);
        const std::uint64_t last = std::min(start + piece.size(), end);
        if (first >= last) continue;
        std::memcpy(into.data() + (first - offset), piece.data() + (first - start), last - first);
    }
}

void Patches::clear() {
    pieces_.clear();
    bytes_ = 0;
}

}  // namespace juxta::data
