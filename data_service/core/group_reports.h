// What a provider tells a manager of the groups it keeps (idl/manager.idl). Plain values.
#pragma once

#include "data_service/protocol/types.h"

namespace juxta::data {

// A copy on disk, as a provider found it when it started (M10).
struct DiskOffer {
    GroupId group;
    Incarnation written_by = 0;
};

// A datum that only its one provider keeps in mind: volatile, one copy, one block.
struct VolatileDatum {
    DataId id;
    RequestId request;
    DataSpec spec;
    View view;
};

// A joiner that holds everything (M7).
struct Join {
    GroupId group;
    Epoch epoch = 0;
    Member joiner;
};

}  // namespace juxta::data
