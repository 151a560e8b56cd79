#include "data_service/core/command_log_codec.h"

#include <array>

#include "data_service/protocol/archive.h"

namespace juxta::data {
namespace archive {

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

}  // namespace archive

namespace {

using archive::Reader;
using archive::Writer;

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
