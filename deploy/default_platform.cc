#include "deploy/default_platform.h"

#include <algorithm>

#include "common/base/error.h"

namespace juxta::deploy {
namespace {

constexpr unsigned kMost = 1000;

void require(bool holds, const std::string& otherwise) {
    if (!holds) throw Error(ErrorCode::invalid_argument, otherwise);
}

unsigned counted(const char* option, const std::optional<unsigned>& wanted, unsigned otherwise) {
    const unsigned count = wanted.value_or(otherwise);
    require(count >= 1 && count <= kMost, std::string(option) + " " + std::to_string(count) +
                                              ": it takes 1 to " + std::to_string(kMost));
    return count;
}

struct Counts {
    unsigned clusters, managers, providers, hosts, seds, copies;
};

Counts counts_of(const PlatformSize& size) {
    Counts n{};
    n.clusters = counted("--clusters", size.clusters, 1);
    n.providers = counted("--providers", size.providers, std::max(3U, n.clusters));
    n.hosts = counted("--hosts", size.hosts, n.providers);
    n.seds = counted("--seds", size.seds, std::max(2U, n.clusters));
    n.copies = counted("--copies", size.copies, 1);
    n.managers = counted("--managers", size.managers, 3);
    require(n.managers <= kMostManagers,
            "--managers " + std::to_string(n.managers) + ": a cluster has at most " +
                std::to_string(kMostManagers) + "; more only make each decision slower");
    const std::string clusters = std::to_string(n.clusters) + " clusters";
    require(n.providers >= n.clusters, "--providers " + std::to_string(n.providers) + " for " +
                                           clusters + ": each needs at least one");
    require(n.seds >= n.clusters,
            "--seds " + std::to_string(n.seds) + " for " + clusters + ": each needs at least one");
    require(n.hosts >= n.clusters, "--hosts " + std::to_string(n.hosts) + " for " + clusters +
                                       ": each needs at least one");
    const unsigned fewest = n.providers / n.clusters;
    require(n.copies <= fewest, "--copies " + std::to_string(n.copies) + ": a cluster has only " +
                                    std::to_string(fewest) +
                                    " providers to hold them; raise --providers");
    return n;
}

std::string numbered(const char* prefix, std::size_t index) {
    return prefix + std::to_string(index + 1);
}

}  // namespace

Platform default_platform(const std::string& name, const PlatformSize& size) {
    const Counts n = counts_of(size);
    require(is_name(name), "'" + name +
                               "' is no name for a platform: up to 64 letters, digits, '_', "
                               "'.' and '-', not starting with '.' or '-'");
    const std::uint64_t memory = size.memory_bytes.value_or(kGiB);
    require(memory >= kMiB, "--memory: a provider has at least 1MiB");

    Platform platform;
    platform.name = name;
    platform.default_copies = n.copies;
    // Hosts, like providers and SeDs, are dealt to the clusters in turn; within a cluster providers
    // and SeDs go round its hosts.
    std::vector<std::vector<std::string>> hosts_of(n.clusters);
    for (unsigned i = 0; i < n.hosts; ++i) {
        HostSpec host;
        host.name = numbered("h", i);
        hosts_of[i % n.clusters].push_back(host.name);
        platform.hosts.push_back(std::move(host));
    }
    const auto host_for = [&](unsigned index) {
        const auto& hosts = hosts_of[index % n.clusters];
        return hosts[index / n.clusters % hosts.size()];
    };
    platform.master.name = "MA";
    platform.master.host = "h1";
    for (unsigned i = 0; i < n.clusters; ++i) {
        ClusterSpec cluster;
        cluster.name = numbered("c", i);
        for (unsigned k = 0; k < n.managers; ++k) {
            ManagerSpec manager;
            manager.name = numbered("m", i * n.managers + k);
            manager.host = hosts_of[i][k % hosts_of[i].size()];
            cluster.managers.push_back(std::move(manager));
        }
        platform.clusters.push_back(std::move(cluster));
        AgentSpec agent;
        agent.name = numbered("LA", i);
        agent.host = hosts_of[i].front();
        platform.master.agents.push_back(std::move(agent));
    }
    for (unsigned i = 0; i < n.providers; ++i) {
        ProviderSpec provider;
        provider.name = numbered("p", i);
        provider.host = host_for(i);
        provider.memory_bytes = memory;
        provider.disk_bytes = memory;  // used by durable data only
        platform.clusters[i % n.clusters].providers.push_back(std::move(provider));
    }
    for (unsigned i = 0; i < n.seds; ++i) {
        SedSpec sed;
        sed.name = numbered("s", i);
        sed.host = host_for(i);
        sed.cluster = numbered("c", i % n.clusters);
        sed.slots = 2;
        sed.modules = {"linalg", "testing"};
        platform.master.agents[i % n.clusters].seds.push_back(std::move(sed));
    }
    return platform;
}

}  // namespace juxta::deploy
