#include "deploy/platform_check.h"

#include <arpa/inet.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "common/model/ids.h"

namespace juxta::deploy {
namespace {

constexpr std::size_t kLongestComplaint = 400;

// Goes through a platform once, and throws at the first thing that is wrong.
class Checker {
public:
    Checker(Platform& platform, const std::string& file) : platform_(platform), file_(file) {}

    void run() {
        name(platform_.name, platform_.where);
        for (const HostSpec& each : platform_.hosts) host(each);
        for (const ClusterSpec& each : platform_.clusters) cluster(each);
        agent(platform_.master);
        implied();
    }

private:
    [[noreturn]] void refuse(const Origin& where, const std::string& text) const {
        throw complaint(file_, where, text);
    }

    void name(const std::string& text, const Origin& where) const {
        if (is_name(text)) return;
        refuse(where,
               "'" + text +
                   "' is no name: up to 64 letters, digits, '_', '.' and '-', without \"..\", "
                   "not starting with '.' or '-'");
    }

    void host(const HostSpec& host) const {
        name(host.name, host.where);
        if (host.launcher == "ssh" || host.launcher == "slurm") {
            refuse(host.where, "host '" + host.name + "': the launcher " + host.launcher +
                                   " is not there yet; only launcher=\"local\" is");
        }
        if (host.launcher != "local") {
            refuse(host.where, "host '" + host.name + "': unknown launcher '" + host.launcher +
                                   "'; only launcher=\"local\" is there");
        }
        in_addr address{};
        if (::inet_pton(AF_INET, host.address.c_str(), &address) != 1) {
            refuse(host.where, "host '" + host.name + "': '" + host.address +
                                   "' is no IPv4 address (such as 127.0.0.1)");
        }
        if (address.s_addr == INADDR_ANY) {
            refuse(host.where, "host '" + host.name +
                                   "': nobody can be reached at 0.0.0.0; give the address that "
                                   "others use");
        }
    }

    void cluster(const ClusterSpec& cluster) {
        name(cluster.name, cluster.where);
        const auto [other, fresh] = tags_.emplace(cluster_tag(cluster.name), cluster.name);
        if (!fresh) {
            refuse(cluster.where,
                   "the clusters '" + other->second + "' and '" + cluster.name +
                       "' have names that data ids could not tell apart; rename one");
        }
        if (cluster.managers.empty() || cluster.managers.size() > kMostManagers) {
            refuse(cluster.where, "cluster '" + cluster.name + "' has " +
                                      std::to_string(cluster.managers.size()) +
                                      " managers; it takes 1 to " + std::to_string(kMostManagers) +
                                      ", of which a majority must be up");
        }
        for (const ManagerSpec& each : cluster.managers) listens(each);
        for (const ProviderSpec& each : cluster.providers) {
            listens(each);
            clusters_of_[each.host].insert(cluster.name);
            if (each.memory_bytes < kMiB) {
                refuse(each.where, "provider '" + each.name + "' has less memory than 1MiB");
            }
        }
        for (const ManagerSpec& each : cluster.managers) {
            clusters_with_manager_on_[each.host].insert(cluster.name);
        }
    }

    void agent(AgentSpec& agent) {
        listens(agent);
        for (SedSpec& each : agent.seds) sed(each);
        for (AgentSpec& each : agent.agents) this->agent(each);
    }

    void sed(SedSpec& sed) {
        listens(sed);
        if (sed.modules.empty()) refuse(sed.where, "SeD '" + sed.name + "' has no service module");
        for (const std::string& module : sed.modules) {
            if (module.empty() || module[0] == '-') {
                refuse(sed.where, "SeD '" + sed.name + "': '" + module + "' is no module");
            }
        }
        if (sed.cluster.empty()) sed.cluster = cluster_for(sed);
    }

    // The cluster that the SeD's host is in, if that is clear.
    std::string cluster_for(const SedSpec& sed) {
        if (platform_.clusters.size() == 1) return platform_.clusters.front().name;
        for (auto* known : {&clusters_of_, &clusters_with_manager_on_}) {
            const auto& clusters = (*known)[sed.host];
            if (clusters.size() == 1) return *clusters.begin();
            if (clusters.size() > 1) break;
        }
        refuse(sed.where, "SeD '" + sed.name + "': host '" + sed.host +
                              "' is not in exactly one cluster; say which with cluster=\"...\"");
    }

    template <class Spec>
    void listens(const Spec& spec) {
        name(spec.name, spec.where);
        names_.insert(spec.name);
        if (spec.port == 0) return;
        const std::string address = find_host(platform_, spec.host)->address;
        const auto [other, fresh] = ports_.emplace(std::pair(address, spec.port), spec.name);
        if (fresh) return;
        refuse(spec.where, "'" + other->second + "' and '" + spec.name + "' both want port " +
                               std::to_string(spec.port) + " of " + address);
    }

    // Names of cache providers, which the descriptor does not show.
    void implied() const {
        for (const CacheProvider& each : cache_providers(platform_)) {
            name(each.provider.name, each.provider.where);
            if (names_.contains(each.provider.name)) {
                refuse(each.provider.where, "the name '" + each.provider.name +
                                                "' is that of the cache provider which host '" +
                                                each.provider.host + "' gets; rename the element");
            }
        }
    }

    Platform& platform_;
    const std::string& file_;
    std::map<std::uint16_t, std::string> tags_;
    std::map<std::pair<std::string, std::uint16_t>, std::string> ports_;
    std::map<std::string, std::set<std::string>> clusters_of_;  // by host, where it has providers
    std::map<std::string, std::set<std::string>> clusters_with_manager_on_;
    std::set<std::string> names_;
};

}  // namespace

Error complaint(const std::string& file, const Origin& where, const std::string& text) {
    std::string place;
    if (!file.empty()) place = file + ": ";
    if (!file.empty() && where.line != 0) {
        place = file + ':' + std::to_string(where.line) + ':' + std::to_string(where.column) + ": ";
    }
    // What is quoted from a descriptor may be anything.
    std::string line = place + text.substr(0, kLongestComplaint);
    if (text.size() > kLongestComplaint) line += "...";
    std::replace_if(
        line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 127; }, '?');
    return {ErrorCode::invalid_argument, line};
}

void check(Platform& platform, const std::string& file) { Checker(platform, file).run(); }

std::vector<std::string> warnings(const Platform& platform, const std::string& file) {
    std::vector<std::string> lines;
    for (const ClusterSpec& cluster : platform.clusters) {
        for (const ProviderSpec& provider : cluster.providers) {
            if (provider.disk_bytes != 0 || provider.storage.empty()) continue;
            lines.emplace_back(complaint(file, provider.where,
                                         "provider '" + provider.name +
                                             "' has a storage and no disk: it keeps no durable "
                                             "data; say how much with disk=\"SIZE\"")
                                   .what());
        }
    }
    return lines;
}

std::vector<CacheProvider> cache_providers(const Platform& platform) {
    std::set<std::pair<std::string, std::string>> served;  // host, cluster
    for (const ClusterSpec& cluster : platform.clusters) {
        for (const ProviderSpec& provider : cluster.providers) {
            served.emplace(provider.host, cluster.name);
        }
    }
    std::vector<CacheProvider> caches;
    std::set<std::string> hosts_with_cache;
    walk(
        platform, [](const AgentSpec&, const AgentSpec*) {},
        [&](const SedSpec& sed, const AgentSpec&) {
            if (!served.emplace(sed.host, sed.cluster).second) return;
            CacheProvider cache;
            cache.cluster = sed.cluster;
            cache.provider.name = "cache-" + sed.host;
            if (!hosts_with_cache.insert(sed.host).second) cache.provider.name += '-' + sed.cluster;
            cache.provider.host = sed.host;
            cache.provider.memory_bytes = kCacheProviderBytes;
            cache.provider.cache_only = true;
            cache.provider.where = sed.where;
            caches.push_back(std::move(cache));
        });
    return caches;
}

}  // namespace juxta::deploy
