// What 'juxta data' shows of a datum, for people and as JSON (docs/design.md).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "data_service/core/data_access.h"

namespace juxta::tools {

struct DatumView {
    data::DatumDescription datum;
    std::optional<data::LockStatus> lock;  // nullopt: nobody who knows answers at the moment
};

// Asks the coordinators, beside each other, for what managers hear of only now and then: the newest
// version, and the lock. Who does not answer is shown as the manager knows it.
std::vector<DatumView> look_at(data::DataAccess& data, std::vector<data::DatumDescription> all);

nlohmann::json json_of(const DatumView& view);
void print_in_full(const DatumView& view);
void print_line(const DatumView& view);

}  // namespace juxta::tools
