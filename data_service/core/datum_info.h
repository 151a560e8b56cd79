// What a manager tells clients of a datum (idl/manager.idl, DatumInfo).
#pragma once

#include <string>
#include <vector>

#include "data_service/core/directory.h"

namespace juxta::data {

struct DatumInfo {
    DataId id;
    DataSpec spec;
    std::uint64_t bytes = 0;
    std::string owner;
    Version newest = 0;
    bool lost = false;
    bool silent = false;  // nobody who may answer has been heard of for the detection time
    std::vector<View> blocks;
    std::vector<ProviderContact> contacts;  // of everybody named in the views, and of caches
    std::vector<DatumLocation::Copy> caches;
};

}  // namespace juxta::data
