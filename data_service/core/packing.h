// Values as few bytes, for what a manager keeps of a million data: archives whose numbers take as
// many bytes as they need.
//
// Threading: none of its own.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "data_service/protocol/archive.h"

namespace juxta::data {
namespace archive {

using Packer = BasicWriter<ShortNumbers>;
using Unpacker = BasicReader<ShortNumbers>;

}  // namespace archive

// Bytes that do not change, behind one pointer.
class Packed {
public:
    Packed() = default;
    explicit Packed(std::string_view bytes)
        : bytes_(new char[sizeof(std::uint32_t) + bytes.size()]) {
        const auto size = static_cast<std::uint32_t>(bytes.size());
        std::memcpy(bytes_.get(), &size, sizeof size);
        std::memcpy(bytes_.get() + sizeof size, bytes.data(), bytes.size());
    }
    Packed(const Packed& other) : Packed(other.view()) {}
    Packed(Packed&&) = default;
    Packed& operator=(Packed other) noexcept {
        bytes_ = std::move(other.bytes_);
        return *this;
    }

    std::string_view view() const {
        if (!bytes_) return {};
        std::uint32_t size = 0;
        std::memcpy(&size, bytes_.get(), sizeof size);
        return {bytes_.get() + sizeof size, size};
    }
    friend bool operator==(const Packed& a, const Packed& b) { return a.view() == b.view(); }

private:
    std::unique_ptr<char[]> bytes_;
};

}  // namespace juxta::data
