#include "deploy/platform.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace juxta::deploy {
namespace {

constexpr std::array<std::pair<std::string_view, unsigned>, 5> kUnits{
    {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}}};

void walk_below(const AgentSpec& top, const AgentSpec* parent,
                const std::function<void(const AgentSpec&, const AgentSpec*)>& agent,
                const std::function<void(const SedSpec&, const AgentSpec&)>& sed) {
    agent(top, parent);
    for (const SedSpec& each : top.seds) sed(each, top);
    for (const AgentSpec& each : top.agents) walk_below(each, &top, agent, sed);
}

}  // namespace

bool is_name(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '-';
    };
    return !text.empty() && text.size() <= 64 && text[0] != '.' && text[0] != '-' &&
           text.find("..") == std::string_view::npos &&
           std::all_of(text.begin(), text.end(), allowed);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t count = 0;
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, count);
    if (error != std::errc{} || count == 0) return std::nullopt;
    const std::string_view unit(end, static_cast<std::size_t>(last - end));
    unsigned shift = 0;
    if (!unit.empty()) {
        const auto known = std::find_if(kUnits.begin(), kUnits.end(),
                                        [&](const auto& each) { return each.first == unit; });
        if (known == kUnits.end()) return std::nullopt;
        shift = known->second;
    }
    if (count > (std::uint64_t{1} << 63 >> shift) - 1) return std::nullopt;
    return count << shift;
}

std::string print_size(std::uint64_t bytes) {
    for (const auto& [unit, shift] : kUnits) {
        const std::uint64_t one = std::uint64_t{1} << shift;
        if (shift != 0 && bytes >= one && bytes % one == 0) {
            return std::to_string(bytes >> shift) + std::string(unit);
        }
    }
    return std::to_string(bytes);
}

const HostSpec* find_host(const Platform& platform, std::string_view name) {
    for (const HostSpec& host : platform.hosts) {
        if (host.name == name) return &host;
    }
    return nullptr;
}

void walk(const Platform& platform,
          const std::function<void(const AgentSpec&, const AgentSpec* parent)>& agent,
          const std::function<void(const SedSpec&, const AgentSpec& parent)>& sed) {
    walk_below(platform.master, nullptr, agent, sed);
}

}  // namespace juxta::deploy
