// The versions that a session keeps for later plain reads, and the newest that it has met of each
// datum: what consistency protocols decide by (data_service/core/consistency.h). Of data whose
// protocol keeps no versions nothing is here.
//
// Threading: any thread. Versions are given back outside its lock.
#pragma once

#include <map>

#include "common/base/guarded.h"
#include "data_service/client/held_version.h"
#include "data_service/core/consistency.h"

namespace juxta::data {

class KeptVersions {
public:
    // The version that may answer a plain read now; null: ask the coordinator, then keep().
    HeldVersionPtr answer(const DataId& id, const ConsistencyProtocol& protocol, Time now);

    // What the coordinator answered to a request sent at `asked`. Kept unless something newer was
    // met meanwhile.
    void keep(const DataId& id, HeldVersionPtr held, Time asked);
    // A lock or a commit of this session told this version: older ones answer no more.
    void met(const DataId& id, Version version);

    void forget(const DataId& id);
    void forget_unused(Time now);  // those not read for a while; call now and then
    void clear();

private:
    struct Entry {
        HeldVersionPtr held;
        Time asked = 0;
        Time used = 0;
        Version met = 0;
    };
    using Entries = std::map<DataId, Entry>;

    Guarded<Entries> entries_;
};

}  // namespace juxta::data
