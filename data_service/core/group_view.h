// A view of one data group, as the manager tells it.
#pragma once

#include "data_service/protocol/types.h"

namespace juxta::data {

struct GroupView {
    GroupId group;
    View view;
    friend bool operator==(const GroupView&, const GroupView&) = default;
};

}  // namespace juxta::data
