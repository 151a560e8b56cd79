#include "tools/commands_bench.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "bench/call.h"
#include "bench/persistence.h"
#include "bench/transfer.h"
#include "bench/volatility.h"
#include "tools/output.h"

namespace juxta::tools {
namespace {

using nlohmann::json;

using Connect = std::function<Client()>;

struct Named {
    std::string_view name;
    // `connect`: to the platform that is up, for those that have none of their own.
    std::vector<bench::Row> (*rows)(const Connect& connect, bool quick);
};

// Every benchmark: one line each.
constexpr Named kBenchmarks[] = {
    {"call", [](const Connect& connect, bool quick) { return bench::call_rows(connect(), quick); }},
    {"persistence", [](const Connect&, bool quick) { return bench::persistence_rows(quick); }},
    {"transfer", [](const Connect&, bool quick) { return bench::transfer_rows(quick); }},
    {"volatility", [](const Connect&, bool quick) { return bench::volatility_rows(quick); }},
};

int tell(const std::string& name, const std::vector<bench::Row>& rows, bool as_json) {
    json list = json::array();
    for (const bench::Row& row : rows) {
        list.push_back({{"case", row.what},
                        {"value", row.value},
                        {"unit", row.unit},
                        {"reference", row.reference},
                        {"reference_is", row.reference_is},
                        {"ratio", row.ratio},
                        {"bar", row.bar},
                        {"holds", row.holds()}});
        if (as_json) continue;
        fmt::print("{}: {:.4g} {}, {:.3g} times {} ({:.4g} {}); bar {} {}: {}\n", row.what,
                   row.value, row.unit, row.ratio, row.reference_is, row.reference, row.unit,
                   row.at_most ? "at most" : "at least", row.bar,
                   row.holds() ? "holds" : "DOES NOT HOLD");
    }
    if (as_json) fmt::print("{}\n", json{{"bench", name}, {"rows", list}}.dump());
    return kSuccess;
}

}  // namespace

int bench(const std::function<Client()>& connect, const BenchOptions& options, bool as_json) {
    std::string known;
    for (const Named& benchmark : kBenchmarks) {
        if (benchmark.name == options.name)
            return tell(options.name, benchmark.rows(connect, options.quick), as_json);
        known += (known.empty() ? "" : ", ") + std::string(benchmark.name);
    }
    throw Error(ErrorCode::invalid_argument,
                "no benchmark is called '" + options.name + "'; there are: " + known);
}

}  // namespace juxta::tools
