#include "deploy/plan.h"

#include <algorithm>

#include "deploy/platform_check.h"

namespace juxta::deploy {
namespace {

// Calls `visit(kind, name, parent, cluster, host, port)` for every element in the order of status:
// the tree, then the clusters.
template <class Visit>
void visit_elements(const Platform& platform, Visit&& visit) {
    walk(
        platform,
        [&](const AgentSpec& agent, const AgentSpec* parent) {
            visit(parent == nullptr ? ElementKind::ma : ElementKind::la, agent,
                  parent == nullptr ? std::string{} : parent->name, std::string{});
        },
        [&](const SedSpec& sed, const AgentSpec& parent) {
            visit(ElementKind::sed, sed, parent.name, sed.cluster);
        });
    const auto caches = cache_providers(platform);
    for (const ClusterSpec& cluster : platform.clusters) {
        for (const auto& each : cluster.managers) {
            visit(ElementKind::manager, each, std::string{}, cluster.name);
        }
        for (const auto& each : cluster.providers) {
            visit(ElementKind::provider, each, std::string{}, cluster.name);
        }
        for (const CacheProvider& each : caches) {
            if (each.cluster != cluster.name) continue;
            visit(ElementKind::provider, each.provider, std::string{}, cluster.name);
        }
    }
}

class Planner {
public:
    Planner(const Platform& platform, const Ports& ports, const PlanPaths& paths)
        : platform_(platform), ports_(ports), paths_(paths) {
        for (const ClusterSpec& cluster : platform.clusters) {
            for (const ManagerSpec& each : cluster.managers) {
                managers_.push_back("--manager");
                managers_.push_back(cluster.name + '=' + endpoint_of(each.name, each.host));
            }
        }
        walk(
            platform,
            [&](const AgentSpec& agent, const AgentSpec*) {
                agents_[agent.name] = endpoint_of(agent.name, agent.host);
            },
            [](const SedSpec&, const AgentSpec&) {});
    }

    template <class Spec>
    Element element(ElementKind kind, const Spec& spec, const std::string& parent,
                    const std::string& cluster) const {
        Element made{kind,
                     spec.name,
                     parent,
                     cluster,
                     spec.host,
                     find_host(platform_, spec.host)->address,
                     ports_.at(spec.name),
                     {}};
        auto& argv = made.argv;
        argv = {paths_.programs / program(kind),
                "--platform",
                platform_.name,
                "--name",
                spec.name,
                "--host",
                spec.host,
                "--address",
                made.address,
                "--port",
                std::to_string(made.port),
                "--state-dir",
                paths_.platform / "store" / spec.name};
        if (!platform_.name_service.empty()) add(argv, {"--name-service", platform_.name_service});
        if (!parent.empty()) add(argv, {"--parent", agents_.at(parent)});
        if (!cluster.empty()) add(argv, {"--cluster", cluster});
        options_of(argv, spec);
        return made;
    }

private:
    static const char* program(ElementKind kind) {
        switch (kind) {
            case ElementKind::ma:
            case ElementKind::la: return "juxta-agent";
            case ElementKind::sed: return "juxta-sed";
            case ElementKind::manager: return "juxta-manager";
            case ElementKind::provider: break;
        }
        return "juxta-provider";
    }

    static void add(std::vector<std::string>& argv, const std::vector<std::string>& more) {
        argv.insert(argv.end(), more.begin(), more.end());
    }

    std::string endpoint_of(const std::string& element, const std::string& host) const {
        return find_host(platform_, host)->address + ':' + std::to_string(ports_.at(element));
    }

    void options_of(std::vector<std::string>& argv, const AgentSpec&) const {
        add(argv, managers_);
        add(argv, {"--policy", platform_.policy, "--default-copies",
                   std::to_string(platform_.default_copies)});
    }

    void options_of(std::vector<std::string>& argv, const SedSpec& sed) const {
        add(argv, managers_);
        add(argv, {"--slots", std::to_string(sed.slots)});
        if (sed.queue) add(argv, {"--queue", std::to_string(*sed.queue)});
        for (const std::string& module : sed.modules) add(argv, {"--module", module});
        add(argv, {"--client-config", paths_.platform / "client.conf"});
    }

    void options_of(std::vector<std::string>& argv, const ManagerSpec& manager) const {
        add(argv, managers_);
        for (const ClusterSpec& cluster : platform_.clusters) {
            const auto& group = cluster.managers;
            if (std::none_of(group.begin(), group.end(),
                             [&](const auto& each) { return each.name == manager.name; })) {
                continue;
            }
            add(argv, {"--detection-ms", std::to_string(cluster.detection_ms)});
            for (const ManagerSpec& each : group) {
                add(argv, {"--replica", each.name + '=' + endpoint_of(each.name, each.host)});
            }
        }
    }

    void options_of(std::vector<std::string>& argv, const ProviderSpec& provider) const {
        add(argv, managers_);
        add(argv, {"--memory", std::to_string(provider.memory_bytes), "--socket",
                   paths_.sockets / (provider.name + ".sock")});
        if (provider.cache_only) add(argv, {"--cache-only"});
        if (provider.disk_bytes != 0) add(argv, {"--disk", std::to_string(provider.disk_bytes)});
        const auto storage = storage_of(platform_, provider);
        if (provider.disk_bytes != 0 && !storage.empty()) add(argv, {"--storage", storage});
    }

    const Platform& platform_;
    const Ports& ports_;
    const PlanPaths& paths_;
    std::vector<std::string> managers_;
    std::map<std::string, std::string> agents_;
};

}  // namespace

std::filesystem::path storage_of(const Platform& platform, const ProviderSpec& provider) {
    if (provider.storage.empty()) return {};
    return std::filesystem::path(provider.storage) / platform.name / provider.name;
}

std::vector<Listening> listening_of(const Platform& platform) {
    std::vector<Listening> all;
    visit_elements(platform, [&](ElementKind, const auto& spec, const auto&, const auto&) {
        all.push_back({spec.name, find_host(platform, spec.host)->address, spec.port});
    });
    return all;
}

std::filesystem::path short_socket_folder(const std::filesystem::path& platform_folder,
                                          unsigned user) {
    const std::uint64_t hash = provider_id(platform_folder.native()).value;
    return "/tmp/juxta-" + std::to_string(user) + '-' + std::to_string(hash);
}

std::filesystem::path socket_folder(const Platform& platform,
                                    const std::filesystem::path& platform_folder, unsigned user) {
    std::size_t longest = 0;
    visit_elements(platform, [&](ElementKind kind, const auto& spec, const auto&, const auto&) {
        if (kind == ElementKind::provider) longest = std::max(longest, spec.name.size());
    });
    std::filesystem::path run = platform_folder / "run";
    const std::size_t path_bytes = run.native().size() + 1 + longest + std::string(".sock").size();
    return path_bytes <= kLongestSocketPath ? run : short_socket_folder(platform_folder, user);
}

std::vector<Element> plan(const Platform& platform, const Ports& ports, const PlanPaths& paths) {
    const Planner planner(platform, ports, paths);
    std::vector<Element> elements;
    visit_elements(platform, [&](ElementKind kind, const auto& spec, const std::string& parent,
                                 const std::string& cluster) {
        elements.push_back(planner.element(kind, spec, parent, cluster));
    });
    return elements;
}

}  // namespace juxta::deploy
