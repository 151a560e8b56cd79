#include "data_service/distribution/numbers.h"

#include <algorithm>
#include <charconv>

namespace juxta::distribution {

std::optional<Index> parse_index(std::string_view text) {
    Index number = 0;
    const auto digit = [](char each) { return each >= '0' && each <= '9'; };
    if (text.empty() || !std::ranges::all_of(text, digit)) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number >= kIndexLimit) return std::nullopt;
    return number;
}

std::vector<std::string_view> split(std::string_view text, char between) {
    std::vector<std::string_view> words;
    for (std::size_t at = 0;;) {
        const std::size_t end = text.find(between, at);
        words.push_back(text.substr(at, end == text.npos ? text.npos : end - at));
        if (end == text.npos) return words;
        at = end + 1;
    }
}

std::optional<std::vector<Index>> parse_list(std::string_view text, char between) {
    std::vector<Index> numbers;
    for (const std::string_view word : split(text, between)) {
        const auto number = parse_index(word);
        if (!number) return std::nullopt;
        numbers.push_back(*number);
    }
    return numbers;
}

std::string list_text(const std::vector<Index>& numbers, char between) {
    std::string text;
    for (const Index number : numbers) {
        if (!text.empty()) text += between;
        text += std::to_string(number);
    }
    return text;
}

}  // namespace juxta::distribution
