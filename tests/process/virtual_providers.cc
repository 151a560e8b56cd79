// virtual_providers --first N --providers M --cluster C --memory BYTES --manager C=HOST:PORT...:
// many providers in one process, each with its own incarnation, store and object key. They are
// called vN, vN+1, ..., each on a host of that name, and stay until the process ends. Prints
// "ready" once all are registered with their manager.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <thread>

#include "common/base/incarnation.h"
#include "common/log/log.h"
#include "common/orb/daemon.h"
#include "data_service/corba/manager_links.h"
#include "data_service/corba/peer_links.h"
#include "data_service/corba/provider_servant.h"
#include "data_service/core/provider.h"

namespace {

using namespace juxta;

// What a provider process is made of, but the node, the log and the socket.
class VirtualProvider {
public:
    VirtualProvider(orb::Node& node, const std::string& cluster,
                    const std::map<std::string, std::vector<std::string>>& managers,
                    std::uint64_t number, std::uint64_t memory_bytes)
        : name_("v" + std::to_string(number)),
          key_("Provider-" + std::to_string(number)),
          store_(memory_bytes),
          manager_(node, cluster, managers),
          contacts_(manager_),
          references_(node, "Provider"),
          peers_(references_, contacts_, manager_),
          reader_(references_),
          provider_({.self = {.name = name_,
                              .self = {provider_id(name_), next_incarnation({})},
                              .address = node.address() + "/" + key_,
                              .socket_path = {},
                              .place = {name_, cluster},
                              .cache_only = false}},
                    store_, manager_, peers_, reader_, contacts_),
          servant_(provider_) {
        node.activate(key_, &servant_);
    }

    void start() {
        provider_.start([] {});
    }
    bool is_up() const { return provider_.status().state == ElementState::up; }

private:
    const std::string name_;
    const std::string key_;
    data::SegmentStore store_;
    data::CorbaManagerLink manager_;
    data::ContactBook contacts_;
    data::ProviderReferences references_;
    data::CorbaPeerLink peers_;
    data::CorbaPieceReader reader_;
    data::Provider provider_;
    data::ProviderServant servant_;
};

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t first = 0, providers = 50, memory = 64 << 20;
    std::string cluster = "c1";
    std::vector<std::string> managers;
    CLI::App app("many providers in one process");
    app.add_option("--first", first);
    app.add_option("--providers", providers);
    app.add_option("--memory", memory);
    app.add_option("--cluster", cluster);
    app.add_option("--manager", managers, "CLUSTER=HOST:PORT")->required();
    CLI11_PARSE(app, argc, argv);
    raise_descriptor_limit();
    log::start({.element = "virtual"});
    try {
        std::map<std::string, std::vector<std::string>> addresses;
        for (const std::string& text : managers) {
            const auto equals = text.find('=');
            addresses[text.substr(0, equals)].push_back(text.substr(equals + 1));
        }
        orb::Ending ending;
        orb::Node node({});
        std::vector<std::unique_ptr<VirtualProvider>> all;
        for (std::uint64_t i = 0; i < providers; ++i) {
            all.push_back(
                std::make_unique<VirtualProvider>(node, cluster, addresses, first + i, memory));
        }
        node.serve();
        for (const auto& provider : all) provider->start();
        for (const auto& provider : all) {
            while (!provider->is_up()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        std::puts("ready");
        std::fflush(stdout);
        for (;;) ending.wait(1000);  // until it is killed
    } catch (const std::exception& e) {
        std::fprintf(stderr, "virtual_providers: %s\n", e.what());
        return 1;
    }
}
