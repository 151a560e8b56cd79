#include "tests/history/operation.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace juxta::history {
namespace {

constexpr std::array<std::string_view, 4> kDeeds{"acquire", "read", "release", "snapshot"};
constexpr std::array<std::string_view, 3> kOutcomes{"ok", "failed", "unknown"};

template <class Enum, std::size_t n>
std::optional<Enum> parse(const std::array<std::string_view, n>& names, std::string_view text) {
    for (std::size_t i = 0; i < n; ++i) {
        if (names[i] == text) return static_cast<Enum>(i);
    }
    return std::nullopt;
}

// One flat JSON object, key by key. Strings hold no escapes: none are written.
class Line {
public:
    explicit Line(std::string_view text) : rest_(text) {}

    bool open() { return take('{'); }
    // False at the end of the object, or if it is none: then `error` says so.
    bool next(std::string_view& key) {
        if (take('}')) {
            if (!rest_.empty()) error = "text behind the object";
            return false;
        }
        if (!first_ && !take(',')) return fail("no comma between two members");
        first_ = false;
        return text(key) && (take(':') || fail("no colon behind a key"));
    }
    bool text(std::string_view& value) {
        if (!take('"')) return fail("no string where one is wanted");
        const auto end = rest_.find('"');
        if (end == rest_.npos) return fail("a string without an end");
        value = rest_.substr(0, end);
        if (value.find('\\') != value.npos) return fail("an escape, which is never written");
        rest_.remove_prefix(end + 1);
        return true;
    }
    bool number(std::uint64_t& value) {
        const auto [end, bad] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (bad != std::errc{}) return fail("no whole number where one is wanted");
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return true;
    }
    bool fail(std::string_view why) {
        if (error.empty()) error = why;
        return false;
    }

    std::string error;

private:
    bool take(char wanted) {
        if (rest_.empty() || rest_.front() != wanted) return false;
        rest_.remove_prefix(1);
        return true;
    }

    std::string_view rest_;
    bool first_ = true;
};

struct Parsed {
    Operation operation;
    std::string_view datum;
    unsigned seen = 0;  // which of the members that all operations have
    unsigned stamp = 0;
};

constexpr unsigned kAll = 63;

bool parse_member(Line& line, std::string_view key, Parsed& into) {
    Operation& operation = into.operation;
    std::string_view word;
    const auto counted = [&](unsigned which, std::uint64_t& value) {
        into.seen |= which;
        return line.number(value);
    };
    const auto of_stamp = [&](unsigned which, std::uint64_t Stamp::*part) {
        if (!operation.stamp) operation.stamp.emplace();
        into.stamp |= which;
        return line.number((*operation.stamp).*part);
    };
    if (key == "client") return counted(1, operation.client);
    if (key == "invoked") return counted(2, operation.invoked);
    if (key == "returned") return counted(4, operation.returned);
    if (key == "token") return line.number(operation.token);
    if (key == "base") return line.number(operation.base);
    if (key == "version") return line.number(operation.version);
    if (key == "writer") return of_stamp(1, &Stamp::writer);
    if (key == "seq") return of_stamp(2, &Stamp::seq);
    if (key == "payload_token") return of_stamp(4, &Stamp::token);
    if (!line.text(word)) return false;
    if (key == "datum") {
        into.seen |= 8;
        into.datum = word;
    } else if (key == "op") {
        const auto deed = parse<Deed>(kDeeds, word);
        if (!deed) return line.fail("an unknown op");
        into.seen |= 16;
        operation.deed = *deed;
    } else if (key == "outcome") {
        const auto outcome = parse<Outcome>(kOutcomes, word);
        if (!outcome) return line.fail("an unknown outcome");
        into.seen |= 32;
        operation.outcome = *outcome;
    } else if (key == "torn") {
        operation.torn = word;
    } else if (key == "code") {
        operation.code = word;
    } else {
        return line.fail("an unknown member");
    }
    return true;
}

// Empty if it is an operation; else why it is none.
std::string parse_line(std::string_view text, Parsed& into) {
    Line line(text);
    if (!line.open()) return "no object";
    std::string_view key;
    while (line.next(key) && parse_member(line, key, into)) {
    }
    if (!line.error.empty()) return line.error;
    if (into.seen != kAll) return "client, op, datum, invoked, returned or outcome is missing";
    if (into.stamp != 0 && into.stamp != 7) return "half a stamp";
    return {};
}

}  // namespace

std::string_view name_of(Deed deed) { return kDeeds[static_cast<std::size_t>(deed)]; }
std::string_view name_of(Outcome outcome) { return kOutcomes[static_cast<std::size_t>(outcome)]; }

std::uint32_t History::datum(std::string_view name) {
    const auto [found, is_new] =
        known_.try_emplace(std::string(name), static_cast<std::uint32_t>(data.size()));
    if (is_new) data.emplace_back(name);
    return found->second;
}

void parse_into(History& history, std::string_view text, const std::string& file) {
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        const bool whole = end < text.size();
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(whole ? end + 1 : end);
        if (line.empty()) continue;
        Parsed parsed;
        std::string why = parse_line(line, parsed);
        if (why.empty() && !whole) why = "the last line has no end: the file is cut off";
        if (!why.empty()) {
            history.malformed.push_back(fmt::format("{}:{}: {}", file, number, why));
            continue;
        }
        parsed.operation.datum = history.datum(parsed.datum);
        history.operations.push_back(std::move(parsed.operation));
    }
}

std::string print(const Operation& operation, const std::string& datum) {
    std::string line = fmt::format(
        R"({{"client":{},"op":"{}","datum":"{}","invoked":{},"returned":{},"outcome":"{}")",
        operation.client, name_of(operation.deed), datum, operation.invoked, operation.returned,
        name_of(operation.outcome));
    const auto add = [&](std::string_view key, std::uint64_t value) {
        if (value != 0) fmt::format_to(std::back_inserter(line), R"(,"{}":{})", key, value);
    };
    add("token", operation.token);
    add("base", operation.base);
    add("version", operation.version);
    if (operation.stamp) {
        fmt::format_to(std::back_inserter(line), R"(,"writer":{},"seq":{},"payload_token":{})",
                       operation.stamp->writer, operation.stamp->seq, operation.stamp->token);
    }
    if (!operation.torn.empty())
        fmt::format_to(std::back_inserter(line), R"(,"torn":"{}")", operation.torn);
    if (!operation.code.empty())
        fmt::format_to(std::back_inserter(line), R"(,"code":"{}")", operation.code);
    return line + "}\n";
}

}  // namespace juxta::history
