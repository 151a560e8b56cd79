#include "tests/history/checker.h"

#include "tests/history/datum_check.h"
#include "tests/history/order_graph.h"
#include "tests/history/report.h"

namespace juxta::history {
namespace {

// What no later check would notice.
void check_forms(const History& history, Report& report) {
    if (history.operations.empty()) report.add(Fault::inconclusive, "the history is empty");
    for (const std::string& line : history.malformed) report.add(Fault::inconclusive, line);
    for (const Operation& op : history.operations) {
        if (op.returned < op.invoked)
            report.add(Fault::inconclusive, op, "it returned before it was invoked");
        if (op.outcome == Outcome::ok && op.token == 0 && op.deed != Deed::snapshot)
            report.add(Fault::inconclusive, op, "its token is not told");
        if (op.outcome == Outcome::ok && op.version == 0 && op.deed == Deed::release)
            report.add(Fault::inconclusive, op, "the version that it made is not told");
    }
}

}  // namespace

Verdict check(const History& history, const CheckOptions& options) {
    Verdict verdict;
    Report report(history, verdict);
    check_forms(history, report);

    std::vector<std::vector<std::uint32_t>> by_datum(history.data.size());
    for (std::uint32_t i = 0; i < history.operations.size(); ++i)
        by_datum[history.operations[i].datum].push_back(i);
    Effects effects(history.operations.size());
    for (std::vector<std::uint32_t>& operations : by_datum) {
        if (!operations.empty())
            DatumCheck(history, std::move(operations), options, report, effects).run();
    }
    check_order_across_data(history, effects, report);

    verdict.operations = history.operations.size();
    for (std::size_t i = 0; i < effects.size(); ++i) {
        const Outcome outcome = history.operations[i].outcome;
        const bool release = history.operations[i].deed == Deed::release;
        verdict.releases += release && outcome == Outcome::ok;
        verdict.unknown_seen += release && outcome == Outcome::unknown && effects[i] != 0;
    }
    return verdict;
}

}  // namespace juxta::history
