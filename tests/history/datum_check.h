// One datum's part of a history: whether its operations have the order that their versions say.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/history/checker.h"
#include "tests/history/report.h"

namespace juxta::history {

// What happened, per operation of the history: the version that a release made; 0: none that
// anybody saw.
using Effects = std::vector<std::uint64_t>;

class DatumCheck {
public:
    // `operations`: the indices of all operations on one datum. `effects` has room for the whole
    // history; those of this datum are filled in.
    DatumCheck(const History& history, std::vector<std::uint32_t> operations,
               const CheckOptions& options, Report& report, Effects& effects);

    void run();

private:
    const Operation& at(std::uint32_t index) const { return history_.operations[index]; }
    bool seen_with(const Operation& reader, std::uint32_t release);
    void give(std::uint32_t release, std::uint64_t version);

    void acknowledged_releases();
    void contents_read();
    void versions_without_gaps();
    void versions_in_real_time();
    void tokens_in_real_time();
    void tokens_with_versions();

    const History& history_;
    const std::vector<std::uint32_t> operations_;
    const CheckOptions& options_;
    Report& report_;
    Effects& effects_;
    // The releases that happened: (version, operation), by version once all are known.
    std::vector<std::pair<std::uint64_t, std::uint32_t>> happened_;
};

}  // namespace juxta::history
