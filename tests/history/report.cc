#include "tests/history/report.h"

#include <fmt/format.h>

namespace juxta::history {
namespace {

constexpr std::size_t kToldOfEach = 5;

}  // namespace

std::string_view name_of(Fault fault) {
    switch (fault) {
        case Fault::inconclusive: return "inconclusive";
        case Fault::torn: return "torn";
        case Fault::thin_air: return "thin_air";
        case Fault::wrong_version: return "wrong_version";
        case Fault::stale: return "stale";
        case Fault::token_order: return "token_order";
        case Fault::two_holders: return "two_holders";
        case Fault::cycle: return "cycle";
    }
    return "?";
}

std::string Report::tell(const Operation& operation) const {
    std::string stamp;
    if (operation.stamp) {
        stamp = fmt::format(", content {}.{} under token {}", operation.stamp->writer,
                            operation.stamp->seq, operation.stamp->token);
    }
    return fmt::format("{} of {} by client {} at {}..{} ({}, token {}, base {}, version {}{})",
                       name_of(operation.deed), history_.data[operation.datum], operation.client,
                       operation.invoked, operation.returned, name_of(operation.outcome),
                       operation.token, operation.base, operation.version, stamp);
}

void Report::add(Fault fault, const std::string& text) {
    if (++verdict_.how_many[fault] <= kToldOfEach) verdict_.findings.push_back({fault, text});
}

void Report::add(Fault fault, const Operation& operation, const std::string& why) {
    if (verdict_.how_many[fault] >= kToldOfEach) {
        ++verdict_.how_many[fault];
        return;
    }
    add(fault, tell(operation) + ": " + why);
}

void Report::add(Fault fault, const Operation& operation, const std::string& why,
                 const Operation& other) {
    if (verdict_.how_many[fault] >= kToldOfEach) {
        ++verdict_.how_many[fault];
        return;
    }
    add(fault, tell(operation) + ": " + why + ": " + tell(other));
}

}  // namespace juxta::history
