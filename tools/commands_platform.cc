#include "tools/commands_platform.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "common/base/error.h"
#include "deploy/corba/element_stub.h"
#include "deploy/default_platform.h"
#include "deploy/deployer.h"
#include "deploy/platform_check.h"
#include "deploy/platform_xml.h"

namespace juxta::tools {
namespace {

namespace fs = std::filesystem;
using deploy::ElementView;
using deploy::PlatformView;
using Json = nlohmann::ordered_json;

// A platform as a command line names it: where its state is, and its name.
struct Chosen {
    fs::path root;
    std::string name;
};

// The value of `platform` in a client configuration.
std::string platform_of(const fs::path& config) {
    std::ifstream in(config);
    if (!in) {
        throw Error(ErrorCode::not_found, "there is no client configuration " + config.string());
    }
    for (std::string line; std::getline(in, line);) {
        line.erase(line.find_last_not_of(" \t\r") + 1);
        const std::size_t start = line.find_first_not_of(" \t");
        const std::size_t equals = line.find('=');
        if (start == std::string::npos || equals == std::string::npos || line[start] == '#')
            continue;
        const std::string key =
            line.substr(start, line.find_last_not_of(" \t", equals - 1) + 1 - start);
        const std::size_t value = line.find_first_not_of(" \t", equals + 1);
        if (key == "platform" && value != std::string::npos) return line.substr(value);
    }
    throw Error(ErrorCode::invalid_argument,
                config.string() + " does not say which platform it belongs to (platform = NAME)");
}

Chosen choose_by_config(const fs::path& config) {
    const std::string name = platform_of(config);
    // A configuration that stands where it was written tells the state directory too.
    const fs::path folder = fs::absolute(config).lexically_normal().parent_path();
    std::error_code ignored;
    if (folder.filename() == name && fs::exists(folder / "elements.json", ignored)) {
        return {folder.parent_path().parent_path(), name};
    }
    return {deploy::state_root(), name};
}

Chosen choose(const std::string& platform) {
    std::error_code ignored;
    if (platform.find('/') != std::string::npos || fs::is_regular_file(platform, ignored)) {
        return choose_by_config(platform);
    }
    const fs::path root = deploy::state_root();
    if (!platform.empty()) return {root, platform};
    const char* config = std::getenv("JUXTA_CONFIG");
    if (config != nullptr && *config != '\0') return choose_by_config(config);
    return {root, deploy::last_platform(root).value_or("default")};
}

void say(const std::string& line) { fmt::print(stderr, "{}\n", line); }

// A deployer and what it works with.
class Workshop {
public:
    Workshop(const fs::path& root, orb::Node& node)
        : elements_(node), deployer(root, deploy::program_folder(), launcher_, elements_, say) {}

private:
    deploy::LocalLauncher launcher_;
    deploy::ElementStub elements_;

public:
    deploy::Deployer deployer;
};

Json json_of(const ElementView& view) {
    const auto& [element, status] = view;
    const Counters& counters = status.counters;
    return {{"kind", name_of(element.kind)},
            {"name", element.name},
            {"parent", element.parent},
            {"cluster", element.cluster},
            {"host", element.host},
            {"address", element.address},
            {"port", element.port},
            {"pid", status.pid},
            {"state", name_of(status.state)},
            {"incarnation", status.incarnation},
            {"role", status.role},
            {"capacity", status.capacity},
            {"used", status.used},
            {"argv", element.argv},
            {"counters",
             {{"calls_in", counters.calls_in},
              {"calls_out", counters.calls_out},
              {"data_bytes_in", counters.data_bytes_in},
              {"data_bytes_out", counters.data_bytes_out},
              {"data_bytes_mapped", counters.data_bytes_mapped},
              {"consensus_commits", counters.consensus_commits}}}};
}

void print_json(const Json& json) {
    fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

std::string line_of(const ElementView& view, std::size_t depth) {
    const auto& [element, status] = view;
    std::string line = fmt::format("{:{}}{:<{}} {:<8} {:<8}", "", 2 * depth, element.name,
                                   24 - std::min<std::size_t>(2 * depth, 20), name_of(element.kind),
                                   name_of(status.state));
    line += fmt::format(" {:<8} {}", element.host, element.endpoint());
    if (status.pid != 0) line += fmt::format("  pid {}", status.pid);
    if (!status.role.empty()) line += "  " + status.role;
    if (status.capacity != 0) {
        line += fmt::format("  {} of {} MiB used", (status.used + deploy::kMiB - 1) / deploy::kMiB,
                            status.capacity / deploy::kMiB);
    }
    return line;
}

// Parents come before their children, and children right after (deploy/plan.h).
void print_text(const PlatformView& view) {
    fmt::print("platform {}\n", view.platform);
    std::map<std::string, std::size_t> depths;
    std::string cluster;
    for (const ElementView& each : view.elements) {
        std::size_t depth = 1;
        const bool in_tree =
            each.element.kind != ElementKind::manager && each.element.kind != ElementKind::provider;
        if (in_tree) {
            if (!each.element.parent.empty()) depth = depths[each.element.parent] + 1;
            depths[each.element.name] = depth;
        } else {
            if (each.element.cluster != cluster) fmt::print("  cluster {}\n", each.element.cluster);
            cluster = each.element.cluster;
            depth = 2;
        }
        fmt::print("{}\n", line_of(each, depth));
    }
}

void print_view(const PlatformView& view, const PlatformOutput& output) {
    if (!output.json) {
        print_text(view);
        return;
    }
    Json json{{"platform", view.platform}, {"elements", Json::array()}};
    for (const ElementView& each : view.elements) json["elements"].push_back(json_of(each));
    print_json(json);
}

void print_element(const PlatformView& view, const std::string& element,
                   const PlatformOutput& output) {
    for (const ElementView& each : view.elements) {
        if (each.element.name != element) continue;
        if (output.json) print_json(json_of(each));
        if (!output.json) fmt::print("{}\n", line_of(each, 0));
    }
}

int deploy_platform(const deploy::Platform& platform, orb::Node& node,
                    const PlatformOutput& output) {
    Workshop workshop(deploy::state_root(), node);
    workshop.deployer.deploy(platform);
    print_view(workshop.deployer.status(platform.name), output);
    return 0;
}

}  // namespace

int up(const UpOptions& options, orb::Node& node, const PlatformOutput& output) {
    deploy::PlatformSize size{options.clusters,
                              options.hosts,
                              options.managers,
                              options.providers,
                              options.seds,
                              options.copies,
                              {}};
    if (!options.memory.empty()) {
        size.memory_bytes = deploy::parse_size(options.memory);
        if (!size.memory_bytes) {
            throw Error(ErrorCode::invalid_argument,
                        "--memory " + options.memory + " is no size; write 1GiB, 512MiB or bytes");
        }
    }
    const deploy::Platform wanted = deploy::default_platform(options.name, size);
    // Through the same door as any descriptor.
    return deploy_platform(deploy::read_platform_text(deploy::write_platform(wanted), "", "/"),
                           node, output);
}

int deploy(const fs::path& file, orb::Node& node, const PlatformOutput& output) {
    const deploy::Platform platform = deploy::read_platform(file);
    for (const std::string& line : deploy::warnings(platform, file.string()))
        say("warning: " + line);
    return deploy_platform(platform, node, output);
}

int validate(const fs::path& file, const PlatformOutput& output) {
    const deploy::Platform platform = deploy::read_platform(file);
    for (const std::string& line : deploy::warnings(platform, file.string()))
        say("warning: " + line);
    const std::size_t elements = deploy::listening_of(platform).size();
    if (output.json) {
        print_json({{"file", file.string()},
                    {"platform", platform.name},
                    {"hosts", platform.hosts.size()},
                    {"clusters", platform.clusters.size()},
                    {"elements", elements}});
    } else {
        fmt::print("{}: valid: platform {} with {} hosts, {} clusters, {} elements\n",
                   file.string(), platform.name, platform.hosts.size(), platform.clusters.size(),
                   elements);
    }
    return 0;
}

int down(const std::string& platform, bool purge, orb::Node& node, const PlatformOutput& output) {
    const Chosen chosen = choose(platform);
    Workshop(chosen.root, node).deployer.down(chosen.name, purge);
    if (output.json) print_json({{"platform", chosen.name}, {"purged", purge}});
    return 0;
}

int start(const std::string& platform, const std::string& element, orb::Node& node,
          const PlatformOutput& output) {
    const Chosen chosen = choose(platform);
    Workshop workshop(chosen.root, node);
    workshop.deployer.start(chosen.name, element);
    print_element(workshop.deployer.status(chosen.name), element, output);
    return 0;
}

int stop(const std::string& platform, const std::string& element, orb::Node& node,
         const PlatformOutput& output) {
    const Chosen chosen = choose(platform);
    Workshop workshop(chosen.root, node);
    workshop.deployer.stop(chosen.name, element);
    print_element(workshop.deployer.status(chosen.name), element, output);
    return 0;
}

int status(const std::string& platform, orb::Node& node, const PlatformOutput& output) {
    const Chosen chosen = choose(platform);
    print_view(Workshop(chosen.root, node).deployer.status(chosen.name), output);
    return 0;
}

}  // namespace juxta::tools
