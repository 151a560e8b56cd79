// What a manager asks of a provider that is to keep a copy: room for one block of a datum, and
// all that the provider has to know to be its member. Plain values.
#pragma once

#include <string>

#include "common/model/datum.h"
#include "data_service/protocol/types.h"

namespace juxta::data {

struct Reservation {
    GroupId group;
    RequestId request;        // of the allocation
    DataSpec spec;            // of the whole datum
    std::uint64_t bytes = 0;  // of this block
    Duration hold = 0;        // without a view by then, it is given up
    std::string owner;        // the cluster whose manager decides about the datum
};

// Its provider is the only one who has to know of it: no decision of the managers is needed.
inline bool needs_no_round(const DataSpec& spec) {
    return is_fleeting(spec.persistence) && spec.copies == 1 && spec.clusters == 1 &&
           spec.block_count() == 1 && !spec.durable && spec.name.empty();
}

}  // namespace juxta::data
