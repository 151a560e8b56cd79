// Values as bytes, for logs and disks: little-endian, without padding, one description of each
// structure for writing and reading. Whoever keeps such bytes keeps a format number with them.
//
// Reading checks everything: bytes that are no such value give Error internal, never a crash and
// never more memory than the bytes at hand could fill.
//
// To add a structure: `void fields(auto& archive, Like<S> auto& v) { all(archive, v.a, v.b); }` in
// namespace juxta::data::archive, before its first use.
//
// Threading: none of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "common/base/error.h"
#include "data_service/protocol/ledger.h"
#include "data_service/protocol/messages.h"
#include "data_service/protocol/types.h"

namespace juxta::data::archive {

[[noreturn]] inline void refuse() {
    throw Error(
        ErrorCode::internal,
        "a record on disk passes its checksum and makes no sense; it was written by another "
        "version");
}

inline void check(bool holds) {
    if (!holds) refuse();
}

inline std::string_view take(std::string_view& rest, std::size_t bytes) {
    check(bytes <= rest.size());
    const std::string_view taken = rest.substr(0, bytes);
    rest.remove_prefix(bytes);
    return taken;
}

// Numbers in the bytes that they have.
struct WholeNumbers {
    template <class Number>
    static void put(std::string& out, Number number) {
        char bytes[sizeof number];
        std::memcpy(bytes, &number, sizeof number);
        out.append(bytes, sizeof number);
    }
    template <class Number>
    static Number take(std::string_view& rest) {
        Number number{};
        std::memcpy(&number, archive::take(rest, sizeof number).data(), sizeof number);
        return number;
    }
};

// Numbers in the bytes that they need (LEB128).
struct ShortNumbers {
    template <class Number>
    static void put(std::string& out, Number number) {
        auto left = static_cast<std::uint64_t>(number);
        for (; left >= 0x80; left >>= 7) out.push_back(static_cast<char>(left | 0x80));
        out.push_back(static_cast<char>(left));
    }
    template <class Number>
    static Number take(std::string_view& rest) {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            check(!rest.empty() && shift < 64);
            const auto byte = static_cast<unsigned char>(rest.front());
            rest.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7fu} << shift;
            if (byte < 0x80) break;
        }
        check(value <= static_cast<std::uint64_t>(std::numeric_limits<Number>::max()));
        return static_cast<Number>(value);
    }
};

// Writes and reads share one description of each structure: `fields(archive, value)`. The writer
// takes values as they are, the reader fills them in. Lists begin with their length.
template <class Numbers>
class BasicWriter {
public:
    explicit BasicWriter(std::string& out) : out_(out) {}

    template <class Number>
    requires std::is_integral_v<Number>
    void operator()(const Number& number) {
        if constexpr (std::is_same_v<Number, bool>) {
            Numbers::put(out_, static_cast<std::uint8_t>(number));
        } else {
            Numbers::put(out_, number);
        }
    }
    template <class Enumeration>
    requires std::is_enum_v<Enumeration>
    void operator()(const Enumeration& value) {
        (*this)(static_cast<std::underlying_type_t<Enumeration>>(value));
    }
    void operator()(const std::string& text) {
        count(text.size());
        out_ += text;
    }
    template <class Item>
    void operator()(const std::vector<Item>& items) {
        count(items.size());
        for (const Item& item : items) (*this)(item);
    }
    template <class Item>
    void operator()(const std::optional<Item>& item) {
        (*this)(item.has_value());
        if (item) (*this)(*item);
    }
    template <class Key, class Item>
    void operator()(const std::map<Key, Item>& items) {
        count(items.size());
        for (const auto& [key, item] : items) {
            (*this)(key);
            (*this)(item);
        }
    }
    template <class Structure>
    requires(std::is_class_v<Structure>) void operator()(const Structure& value) {
        fields(*this, value);
    }

    void count(std::size_t items) { Numbers::put(out_, static_cast<std::uint32_t>(items)); }

private:
    std::string& out_;
};

template <class Numbers>
class BasicReader {
public:
    explicit BasicReader(std::string_view bytes) : rest_(bytes) {}

    template <class Number>
    requires std::is_integral_v<Number>
    void operator()(Number& number) { number = Numbers::template take<Number>(rest_); }
    void operator()(bool& flag) {
        const auto byte = Numbers::template take<std::uint8_t>(rest_);
        check(byte <= 1);
        flag = byte == 1;
    }
    void operator()(ElementType& type) { enumerator(type, ElementType::file); }
    void operator()(Persistence& mode) { enumerator(mode, Persistence::unique_sticky); }
    void operator()(Lifetime& lifetime) { enumerator(lifetime, Lifetime::lease); }
    void operator()(EntryKind& kind) { enumerator(kind, EntryKind::forget); }
    void operator()(std::string& text) { text = take(count()); }
    template <class Item>
    void operator()(std::vector<Item>& items) {
        const std::size_t size = count();
        items.reserve(std::min(size, kReserved));
        for (std::size_t left = size; left > 0; --left) (*this)(items.emplace_back());
    }
    template <class Item>
    void operator()(std::optional<Item>& item) {
        bool there = false;
        (*this)(there);
        if (there) (*this)(item.emplace());
    }
    template <class Key, class Item>
    void operator()(std::map<Key, Item>& items) {
        for (std::size_t left = count(); left > 0; --left) {
            Key key{};
            (*this)(key);
            (*this)(items[key]);
        }
    }
    template <class Structure>
    requires(std::is_class_v<Structure>) void operator()(Structure& value) { fields(*this, value); }

    std::string_view take(std::size_t bytes) { return archive::take(rest_, bytes); }
    // The number of items that follow, each of at least one byte.
    std::size_t count() {
        const auto number = Numbers::template take<std::uint32_t>(rest_);
        check(number <= rest_.size());
        return number;
    }
    void finish() const { check(rest_.empty()); }

private:
    // Of a list: its length is a claim.
    static constexpr std::size_t kReserved = 16;

    template <class Enumeration>
    void enumerator(Enumeration& value, Enumeration last) {
        using Number = std::underlying_type_t<Enumeration>;
        const auto number = Numbers::template take<Number>(rest_);
        check(number <= static_cast<Number>(last));
        value = static_cast<Enumeration>(number);
    }

    std::string_view rest_;
};

using Writer = BasicWriter<WholeNumbers>;
using Reader = BasicReader<WholeNumbers>;

// Both archives see the fields of `Structure`: const for the writer, not for the reader.
template <class Given, class Structure>
concept Like = std::is_same_v<std::remove_const_t<Given>, Structure>;

template <class Archive, class... Fields>
void all(Archive& archive, Fields&... values) {
    (archive(values), ...);
}

template <class Given>
requires std::is_base_of_v<Id128, std::remove_const_t<Given>>
void fields(auto& a, Given& id) { all(a, id.high, id.low); }
template <class Archive, class Tag>
void fields(Archive& a, StrongId<Tag>& id) {
    a(id.value);
}
template <class Archive, class Tag>
void fields(Archive& a, const StrongId<Tag>& id) {
    a(id.value);
}

void fields(auto& a, Like<Place> auto& v) { all(a, v.host, v.cluster); }
void fields(auto& a, Like<DataType> auto& v) { all(a, v.element, v.shape); }
void fields(auto& a, Like<LayoutText> auto& v) { all(a, v.dist, v.grid, v.src); }
void fields(auto& a, Like<DataSpec> auto& v) {
    all(a, v.type, v.name, v.copies, v.clusters, v.persistence, v.lifetime, v.client, v.lease_ms,
        v.durable, v.protocol, v.preferred_host, v.block_bytes, v.layout);
}
void fields(auto& a, Like<Member> auto& v) { all(a, v.provider, v.incarnation); }
void fields(auto& a, Like<GroupId> auto& v) { all(a, v.datum, v.block); }
void fields(auto& a, Like<View> auto& v) {
    all(a, v.epoch, v.members, v.joiner, v.activated, v.lost, v.freed, v.dead, v.began,
        v.joiner_named, v.closed);
}
void fields(auto& a, Like<SegmentId> auto& v) { all(a, v.datum, v.block, v.token, v.number); }
void fields(auto& a, Like<Extent> auto& v) {
    all(a, v.offset, v.length, v.segment, v.segment_offset);
}
void fields(auto& a, Like<VersionRecord> auto& v) { all(a, v.token, v.blocks); }
void fields(auto& a, Like<Row> auto& v) { all(a, v.rid, v.kind, v.token, v.version); }
void fields(auto& a, Like<SharedHolder> auto& v) { all(a, v.client, v.lease); }
void fields(auto& a, Like<Ledger> auto& v) {
    all(a, v.lsn, v.last_token, v.holder, v.holder_client, v.holder_lease, v.shared, v.newest,
        v.versions, v.rows);
}
void fields(auto& a, Like<SavedCopy> auto& v) {
    all(a, v.whole, v.epoch, v.synced, v.written_by, v.ledger, v.floor, v.kept);
}

}  // namespace juxta::data::archive
