// history_check [--late-reads] FILE...: judges the operations of all files together. One JSON
// object on standard output; exit 0 if all is as promised, 1 if not or if that cannot be judged.
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/history/checker.h"

int main(int argc, char** argv) {
    using namespace juxta::history;
    History history;
    CheckOptions options;
    for (int i = 1; i < argc; ++i) {
        const std::string file = argv[i];
        if (file == "--late-reads") {
            options.real_time = false;
            continue;
        }
        std::ifstream in(file, std::ios::binary);
        if (!in) {
            history.malformed.push_back(file + ": cannot be read");
            continue;
        }
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        parse_into(history, text, file);
    }
    const Verdict verdict = check(history, options);
    nlohmann::ordered_json faults = nlohmann::ordered_json::object();
    for (const auto& [fault, count] : verdict.how_many) faults[std::string(name_of(fault))] = count;
    nlohmann::ordered_json findings = nlohmann::ordered_json::array();
    for (const Finding& finding : verdict.findings)
        findings.push_back({{"fault", name_of(finding.fault)}, {"text", finding.text}});
    const nlohmann::ordered_json document{{"good", verdict.good()},
                                          {"operations", verdict.operations},
                                          {"data", history.data.size()},
                                          {"releases", verdict.releases},
                                          {"unknown_seen", verdict.unknown_seen},
                                          {"faults", faults},
                                          {"findings", findings}};
    fmt::print("{}\n", document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return verdict.good() ? 0 : 1;
}
