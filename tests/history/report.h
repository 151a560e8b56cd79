// Collects what a checker finds, and how operations are told of.
#pragma once

#include <cstddef>
#include <string>

#include "tests/history/checker.h"

namespace juxta::history {

class Report {
public:
    Report(const History& history, Verdict& verdict) : history_(history), verdict_(verdict) {}

    // "release of h0 by client 7 at 120..180 (token 3, version 5)".
    std::string tell(const Operation& operation) const;

    void add(Fault fault, const std::string& text);
    void add(Fault fault, const Operation& operation, const std::string& why);
    void add(Fault fault, const Operation& operation, const std::string& why,
             const Operation& other);

private:
    const History& history_;
    Verdict& verdict_;
};

}  // namespace juxta::history
