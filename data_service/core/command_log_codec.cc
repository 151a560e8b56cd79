#include "data_service/core/command_log_codec.h"

#include <array>
#include <cstring>
#include <type_traits>

#include "common/base/error.h"

namespace juxta::data {
namespace {

// Writes and reads share one description of each structure: `fields(archive, value)`. The writer
// takes values as they are, the reader fills them in.
class Writer {
public:
    explicit Writer(std::string& out) : out_(out) {}

    template <class Number>
    requires std::is_arithmetic_v<Number> || std::is_enum_v<Number>
    void operator()(const Number& number) {
        char bytes[sizeof number];
        std::memcpy(bytes, &number, sizeof number);
        out_.append(bytes, sizeof number);
    }
    void operator()(const std::string& text) {
        (*this)(static_cast<std::uint32_t>(text.size()));
        out_ += text;
    }
    template <class Item>
    void operator()(const std::vector<Item>& items) {
        (*this)(static_cast<std::uint32_t>(items.size()));
        for (const Item& item : items) (*this)(item);
    }
    template <class Item>
    void operator()(const std::optional<Item>& item) {
        (*this)(item.has_value());
        if (item) (*this)(*item);
    }
    template <class Key, class Item>
    void operator()(const std::map<Key, Item>& items) {
        (*this)(static_cast<std::uint32_t>(items.size()));
        for (const auto& [key, item] : items) {
            (*this)(key);
            (*this)(item);
        }
    }
    template <class Structure>
    requires(std::is_class_v<Structure>) void operator()(const Structure& value) {
        fields(*this, value);
    }

private:
    std::string& out_;
};

class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    template <class Number>
    requires std::is_arithmetic_v<Number>
    void operator()(Number& number) {
        std::memcpy(&number, take(sizeof number).data(), sizeof number);
    }
    void operator()(bool& flag) {
        std::uint8_t byte = 0;
        (*this)(byte);
        check(byte <= 1);
        flag = byte == 1;
    }
    void operator()(ElementType& type) { enumerator(type, ElementType::file); }
    void operator()(Persistence& mode) { enumerator(mode, Persistence::unique_sticky); }
    void operator()(Lifetime& lifetime) { enumerator(lifetime, Lifetime::client); }
    void operator()(std::string& text) { text = take(count()); }
    template <class Item>
    void operator()(std::vector<Item>& items) {
        for (std::size_t left = count(); left > 0; --left) (*this)(items.emplace_back());
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

    void finish() const { check(rest_.empty()); }

    static void check(bool holds) {
        if (!holds) {
            throw Error(ErrorCode::internal,
                        "a record of the manager's log passes its checksum and makes no sense; it "
                        "was written by another version of juxta-manager");
        }
    }

private:
    std::string_view take(std::size_t bytes) {
        check(bytes <= rest_.size());
        const std::string_view taken = rest_.substr(0, bytes);
        rest_.remove_prefix(bytes);
        return taken;
    }
    // The number of items that follow, each of at least one byte.
    std::size_t count() {
        std::uint32_t number = 0;
        (*this)(number);
        check(number <= rest_.size());
        return number;
    }
    template <class Enumeration>
    void enumerator(Enumeration& value, Enumeration last) {
        std::underlying_type_t<Enumeration> number = 0;
        (*this)(number);
        check(number <= static_cast<std::underlying_type_t<Enumeration>>(last));
        value = static_cast<Enumeration>(number);
    }

    std::string_view rest_;
};

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
void fields(auto& a, Like<DataSpec> auto& v) {
    all(a, v.type, v.name, v.copies, v.persistence, v.lifetime, v.client, v.protocol,
        v.preferred_host);
}
void fields(auto& a, Like<Member> auto& v) { all(a, v.provider, v.incarnation); }
void fields(auto& a, Like<GroupId> auto& v) { all(a, v.datum, v.block); }
void fields(auto& a, Like<View> auto& v) {
    all(a, v.epoch, v.members, v.joiner, v.activated, v.lost, v.freed, v.dead);
}
void fields(auto& a, Like<ProviderContact> auto& v) {
    all(a, v.name, v.self, v.address, v.socket_path, v.place, v.cache_only);
}
void fields(auto& a, Like<GroupRecord> auto& v) { all(a, v.view, v.holders); }
void fields(auto& a, Like<DatumRecord> auto& v) {
    all(a, v.spec, v.bytes, v.request, v.blocks, v.lost, v.freed);
}
void fields(auto& a, Like<ProviderRecord> auto& v) {
    all(a, v.contact, v.capacity_bytes, v.dead_up_to, v.draining);
}

void fields(auto& a, Like<RegisterProvider> auto& v) { all(a, v.contact, v.capacity_bytes); }
void fields(auto& a, Like<ConfirmDead> auto& v) { a(v.who); }
void fields(auto& a, Like<DrainProvider> auto& v) { all(a, v.provider, v.leaving); }
void fields(auto& a, Like<AllocateDatum> auto& v) {
    all(a, v.request, v.id, v.spec, v.bytes, v.members);
}
void fields(auto& a, Like<ChangeView> auto& v) { all(a, v.group, v.from, v.members, v.joiner); }
void fields(auto& a, Like<RecordActivated> auto& v) { all(a, v.group, v.epoch, v.primary); }
void fields(auto& a, Like<RecordFull> auto& v) { all(a, v.group, v.epoch, v.joiner); }
void fields(auto& a, Like<DeclareLost> auto& v) { a(v.id); }
void fields(auto& a, Like<FreeDatum> auto& v) { a(v.id); }
void fields(auto& a, Like<ForgetDatum> auto& v) { a(v.id); }
void fields(auto& a, Like<ChangeDatum> auto& v) { all(a, v.id, v.name, v.copies, v.persistence); }
void fields(auto& a, Like<ForgetName> auto& v) { all(a, v.name, v.unless); }
void fields(auto& a, Like<EndClient> auto& v) { a(v.client); }

template <std::size_t... Kinds>
void read_body(Reader& reader, std::uint8_t kind, Command& command, std::index_sequence<Kinds...>) {
    Reader::check(kind < sizeof...(Kinds));
    ((kind == Kinds ? reader(command.emplace<Kinds>()) : void()), ...);
}

constexpr std::array<std::uint32_t, 256> crc_table = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0);
        table[byte] = crc;
    }
    return table;
}();

}  // namespace

void encode(std::string& out, const std::vector<Command>& commands) {
    Writer writer(out);
    writer(static_cast<std::uint32_t>(commands.size()));
    for (const Command& command : commands) {
        writer(static_cast<std::uint8_t>(command.index()));
        std::visit(writer, command);
    }
}

void encode(std::string& out, const Directory& directory) {
    Writer writer(out);
    writer(directory.providers());
    writer(directory.data());
}

std::vector<Command> decode_commands(std::string_view bytes) {
    Reader reader(bytes);
    std::uint32_t count = 0;
    reader(count);
    std::vector<Command> commands;
    for (; count > 0; --count) {
        std::uint8_t kind = 0;
        reader(kind);
        read_body(reader, kind, commands.emplace_back(),
                  std::make_index_sequence<std::variant_size_v<Command>>{});
    }
    reader.finish();
    return commands;
}

Directory decode_directory(std::string_view bytes) {
    Reader reader(bytes);
    std::map<ProviderId, ProviderRecord> providers;
    std::map<DataId, DatumRecord> data;
    reader(providers);
    reader(data);
    reader.finish();
    return Directory::restored(std::move(providers), std::move(data));
}

std::uint32_t crc32c(std::string_view bytes) {
    std::uint32_t crc = 0xffffffffu;
    for (unsigned char byte : bytes) crc = (crc >> 8) ^ crc_table[(crc ^ byte) & 0xff];
    return crc ^ 0xffffffffu;
}

}  // namespace juxta::data
