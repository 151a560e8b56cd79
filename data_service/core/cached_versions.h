// Which versions of which data a provider keeps as a cache, beside the groups it is a member of:
// what their owners' managers are told.
//
// A machine: the provider guards it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "data_service/protocol/types.h"

namespace juxta::data {

class CachedVersions {
public:
    using Held = std::pair<DataId, Version>;

    // A version is here, made of these cached segments. Replaces what was kept of the datum.
    void keep(const DataId& datum, Version version, std::vector<SegmentId> segments);

    // Segments have gone: the versions that are no longer whole.
    std::vector<Held> lose(const std::vector<SegmentId>& gone);

    void forget(const DataId& datum) { versions_.erase(datum); }

    // Up to `count` of them, each in its turn: to be told again, as managers forget.
    std::vector<Held> some(std::size_t count);

private:
    struct Record {
        Version version = 0;
        std::set<SegmentId> segments;
    };

    std::map<DataId, Record> versions_;
    DataId turn_;  // the last one told
};

}  // namespace juxta::data
