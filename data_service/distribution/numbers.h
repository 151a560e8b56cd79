// Numbers in the text form of distributions: plain decimal digits, one character between them.
//
// Pure functions. Nothing is skipped: blanks, signs and what does not fit 62 bits are no numbers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data_service/distribution/arithmetic.h"

namespace juxta::distribution {

std::optional<Index> parse_index(std::string_view text);
// nullopt if any of them is none; so the empty text is none.
std::optional<std::vector<Index>> parse_list(std::string_view text, char between);
std::string list_text(const std::vector<Index>& numbers, char between);

// What stands between the separators; at least one, perhaps empty.
std::vector<std::string_view> split(std::string_view text, char between);

}  // namespace juxta::distribution
