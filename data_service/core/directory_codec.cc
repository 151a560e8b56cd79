#include "data_service/core/directory_codec.h"

#include "data_service/core/directory_fields.h"

namespace juxta::data {
namespace {

using archive::Reader;
using archive::Writer;

constexpr std::uint8_t format = 2;  // 2: DataSpec has a layout

template <std::size_t... Kinds>
void read_body(Reader& reader, std::uint8_t kind, Command& command, std::index_sequence<Kinds...>) {
    archive::check(kind < sizeof...(Kinds));
    ((kind == Kinds ? reader(command.emplace<Kinds>()) : void()), ...);
}

void write(Writer& writer, const Command& command) {
    writer(static_cast<std::uint8_t>(command.index()));
    std::visit(writer, command);
}

}  // namespace

std::string encode(const Origin& origin, const std::vector<Command>& commands) {
    std::string out;
    Writer writer(out);
    writer(format);
    writer(origin.replica);
    writer(origin.proposal);
    writer(static_cast<std::uint32_t>(commands.size()));
    for (const Command& command : commands) write(writer, command);
    return out;
}

LogEntry decode_entry(std::string_view bytes) {
    Reader reader(bytes);
    std::uint8_t found = 0;
    reader(found);
    archive::check(found == format);
    LogEntry entry;
    reader(entry.origin.replica);
    reader(entry.origin.proposal);
    std::uint32_t count = 0;
    reader(count);
    for (; count > 0; --count) {
        std::uint8_t kind = 0;
        reader(kind);
        read_body(reader, kind, entry.commands.emplace_back(),
                  std::make_index_sequence<std::variant_size_v<Command>>{});
    }
    reader.finish();
    return entry;
}

std::size_t encoded_bytes(const Command& command) {
    const auto* allocation = std::get_if<AllocateDatum>(&command);
    if (allocation == nullptr) return 512;
    std::string out;
    Writer writer(out);
    write(writer, command);
    return out.size();
}

}  // namespace juxta::data
