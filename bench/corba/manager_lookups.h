// Lookups of data at a manager as its clients make them: through the ORB, from another process.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/model/ids.h"
#include "data_service/core/cluster_manager.h"

namespace juxta::bench {

// Answers for `manager`, which outlives it, at an address of the loopback.
class ServedManager {
public:
    explicit ServedManager(data::ClusterManager& manager);
    ~ServedManager();
    std::string address() const;

private:
    struct Server;
    std::unique_ptr<Server> server_;
};

// Looks up what `next` says, `times` times, at the manager at `address`; `took` is told the seconds
// of each.
void look_up(const std::string& address, std::size_t times, const std::function<DataId()>& next,
             const std::function<void(double)>& took);

}  // namespace juxta::bench
