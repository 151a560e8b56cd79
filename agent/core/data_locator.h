// Where the data of a request are: asks the managers of the clusters that may own them.
//
// A datum's owner is known by the tag in its id (the cluster where it was allocated). A manager
// that does not answer is not asked again for a second: scheduling goes on without knowing where
// those data are.
//
// Threading: any thread; asks without a lock.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/guarded.h"
#include "common/base/time.h"
#include "common/model/datum.h"

namespace juxta::agent {

// One manager. Ends within `wait_ms`; throws Error.
class LocationSource {
public:
    virtual ~LocationSource() = default;

    // Those of `ids` that its cluster owns.
    virtual std::vector<DatumLocation> locate(const std::vector<DataId>& ids, unsigned wait_ms) = 0;
};

struct ManagerOfCluster {
    std::string cluster;
    std::shared_ptr<LocationSource> source;
};

class DataLocator {
public:
    // Several managers may serve one cluster: the first that answers is believed.
    explicit DataLocator(std::vector<ManagerOfCluster> managers);

    // Data that nobody tells of are left out. Takes at most about `wait_ms`, over all clusters.
    std::vector<DatumLocation> locate(const std::vector<DataId>& ids, unsigned wait_ms);

private:
    const std::vector<ManagerOfCluster> managers_;
    Guarded<std::vector<Time>> avoided_until_;  // by index of managers_
};

}  // namespace juxta::agent
