// Sequential consistency across data: the graph of program order, reads-from, write order and
// from-read has no cycle. Versions tell reads-from and write order, so nothing is searched.
//
// A release of unknown outcome may have happened after what its client did next: it is behind what
// that client did before, and nothing else of it is behind it.
#pragma once

#include "tests/history/checker.h"
#include "tests/history/datum_check.h"
#include "tests/history/report.h"

namespace juxta::history {

void check_order_across_data(const History& history, const Effects& effects, Report& report);

}  // namespace juxta::history
