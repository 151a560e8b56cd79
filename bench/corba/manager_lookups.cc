#include "bench/corba/manager_lookups.h"

#include <chrono>

#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"
#include "common/orb/node.h"
#include "data_service/corba/manager_servant.h"

namespace juxta::bench {

struct ServedManager::Server {
    explicit Server(data::ClusterManager& manager)
        : servant(manager), node(std::make_unique<orb::Node>(orb::NodeSettings{})) {
        node->activate("Manager", &servant);
        node->serve();
    }
    data::ManagerServant servant;
    std::unique_ptr<orb::Node> node;  // goes first: no upcall runs any more
};

ServedManager::ServedManager(data::ClusterManager& manager)
    : server_(std::make_unique<Server>(manager)) {}

ServedManager::~ServedManager() = default;

std::string ServedManager::address() const { return server_->node->address(); }

void look_up(const std::string& address, std::size_t times, const std::function<DataId()>& next,
             const std::function<void(double)>& took) {
    orb::NodeSettings settings;
    settings.serves = false;
    orb::Node node(settings);
    const Wire::Manager_var manager = node.resolve<Wire::Manager>(address, "Manager");
    for (std::size_t i = 0; i < times; ++i) {
        const Wire::DataId id = orb::to_wire(next());
        const auto start = std::chrono::steady_clock::now();
        const Wire::DatumInfo_var info = orb::ask([&] { return manager->find(id); });
        took(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
}

}  // namespace juxta::bench
