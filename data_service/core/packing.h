// Values as few bytes, for what a manager keeps of a million data: numbers take as many bytes as
// they need (LEB128), lists begin with their length. Uses the same descriptions of structures as
// archive.h: `fields(archive, value)`.
//
// Reading checks everything, as archive.h says.
//
// Threading: none of its own.
#pragma once

#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "data_service/protocol/archive.h"

namespace juxta::data {
namespace archive {

class Packer {
public:
    explicit Packer(std::string& out) : out_(out) {}

    template <class Number>
    requires std::is_integral_v<Number> || std::is_enum_v<Number>
    void operator()(const Number& number) {
        auto left = static_cast<std::uint64_t>(number);
        for (; left >= 0x80; left >>= 7) out_.push_back(static_cast<char>(left | 0x80));
        out_.push_back(static_cast<char>(left));
    }
    void operator()(const std::string& text) {
        (*this)(text.size());
        out_ += text;
    }
    template <class Item>
    void operator()(const std::vector<Item>& items) {
        (*this)(items.size());
        for (const Item& item : items) (*this)(item);
    }
    template <class Item>
    void operator()(const std::optional<Item>& item) {
        (*this)(item.has_value());
        if (item) (*this)(*item);
    }
    template <class Structure>
    requires(std::is_class_v<Structure>) void operator()(const Structure& value) {
        fields(*this, value);
    }

private:
    std::string& out_;
};

class Unpacker {
public:
    explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

    template <class Number>
    requires std::is_integral_v<Number>
    void operator()(Number& number) {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            check(!rest_.empty() && shift < 64);
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7fu} << shift;
            if (byte < 0x80) break;
        }
        check(value <= std::numeric_limits<Number>::max());
        number = static_cast<Number>(value);
    }
    void operator()(ElementType& type) { enumerator(type, ElementType::file); }
    void operator()(Persistence& mode) { enumerator(mode, Persistence::unique_sticky); }
    void operator()(Lifetime& lifetime) { enumerator(lifetime, Lifetime::lease); }
    void operator()(std::string& text) { text = take(count()); }
    template <class Item>
    void operator()(std::vector<Item>& items) {
        const std::size_t size = count();
        items.reserve(items.size() + size);
        for (std::size_t left = size; left > 0; --left) (*this)(items.emplace_back());
    }
    template <class Item>
    void operator()(std::optional<Item>& item) {
        bool there = false;
        (*this)(there);
        if (there) (*this)(item.emplace());
    }
    template <class Structure>
    requires(std::is_class_v<Structure>) void operator()(Structure& value) { fields(*this, value); }

    std::string_view take(std::size_t bytes) {
        check(bytes <= rest_.size());
        const std::string_view taken = rest_.substr(0, bytes);
        rest_.remove_prefix(bytes);
        return taken;
    }
    // The number of items that follow, each of at least one byte.
    std::size_t count() {
        std::size_t number = 0;
        (*this)(number);
        check(number <= rest_.size());
        return number;
    }
    void finish() const { check(rest_.empty()); }

private:
    static void check(bool holds) { Reader::check(holds); }

    template <class Enumeration>
    void enumerator(Enumeration& value, Enumeration last) {
        std::underlying_type_t<Enumeration> number = 0;
        (*this)(number);
        check(number <= static_cast<std::underlying_type_t<Enumeration>>(last));
        value = static_cast<Enumeration>(number);
    }

    std::string_view rest_;
};

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
