#include "common/model/ids.h"

#include <charconv>

#include "common/base/random.h"

namespace juxta {
namespace {

std::uint64_t fnv1a(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (unsigned char c : text) hash = (hash ^ c) * 0x100000001b3u;
    return hash;
}

std::string print(char kind, const Id128& id) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text{kind, ':'};
    for (std::uint64_t half : {id.high, id.low}) {
        for (int shift = 60; shift >= 0; shift -= 4) text += digits[(half >> shift) & 15];
    }
    return text;
}

std::optional<Id128> parse(char kind, std::string_view text) {
    if (text.size() != 34 || text[0] != kind || text[1] != ':') return std::nullopt;
    Id128 id;
    for (auto [half, start] : {std::pair{&id.high, 2}, {&id.low, 18}}) {
        const char* first = text.data() + start;
        auto [end, error] = std::from_chars(first, first + 16, *half, 16);
        if (error != std::errc{} || end != first + 16) return std::nullopt;
    }
    // One id, one spelling: upper case is refused.
    if (print(kind, id) != text) return std::nullopt;
    return id;
}

}  // namespace

std::uint16_t cluster_tag(std::string_view cluster) {
    const std::uint64_t hash = fnv1a(cluster);
    return static_cast<std::uint16_t>(hash ^ (hash >> 16) ^ (hash >> 32) ^ (hash >> 48));
}

DataId DataId::make(std::string_view cluster) {
    DataId id;
    id.high = (std::uint64_t{cluster_tag(cluster)} << 48) | (secure_random() >> 16);
    id.low = secure_random();
    return id;
}

RequestId RequestId::make() {
    RequestId id;
    id.high = secure_random();
    id.low = secure_random();
    return id;
}

std::string to_string(const DataId& id) { return print('d', id); }
std::string to_string(const RequestId& id) { return print('r', id); }

std::optional<DataId> parse_data_id(std::string_view text) {
    const auto id = parse('d', text);
    if (!id) return std::nullopt;
    return DataId{*id};
}

std::optional<RequestId> parse_request_id(std::string_view text) {
    const auto id = parse('r', text);
    if (!id) return std::nullopt;
    return RequestId{*id};
}

ProviderId provider_id(std::string_view element_name) { return {fnv1a(element_name)}; }

}  // namespace juxta
