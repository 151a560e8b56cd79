#include <fmt/format.h>

#include "deploy/platform_xml.h"

namespace juxta::deploy {
namespace {

std::string escape(const std::string& text) {
    std::string safe;
    for (char c : text) {
        switch (c) {
            case '&': safe += "&amp;"; break;
            case '<': safe += "&lt;"; break;
            case '"': safe += "&quot;"; break;
            case '\t': safe += "&#9;"; break;
            case '\n': safe += "&#10;"; break;
            case '\r': safe += "&#13;"; break;
            default: safe += c;
        }
    }
    return safe;
}

std::string attribute(const char* name, const std::string& value) {
    return fmt::format(" {}=\"{}\"", name, escape(value));
}

template <class Value>
std::string unless(const Value& usual, const char* name, const Value& value) {
    return value == usual ? std::string{} : attribute(name, fmt::format("{}", value));
}

template <class Spec>
std::string place_of(const Spec& spec) {
    return attribute("name", spec.name) + attribute("host", spec.host) +
           unless<std::uint16_t>(0, "port", spec.port);
}

std::string write_cluster(const ClusterSpec& cluster) {
    std::string out = "  <cluster" + attribute("name", cluster.name) +
                      attribute("detection_ms", std::to_string(cluster.detection_ms)) + ">\n";
    for (const ManagerSpec& manager : cluster.managers) {
        out += "    <manager" + place_of(manager) + "/>\n";
    }
    for (const ProviderSpec& provider : cluster.providers) {
        out += "    <provider" + place_of(provider) +
               attribute("memory", print_size(provider.memory_bytes));
        if (provider.disk_bytes != 0) out += attribute("disk", print_size(provider.disk_bytes));
        out += unless<std::string>("", "storage", provider.storage) + "/>\n";
    }
    return out + "  </cluster>\n";
}

std::string write_sed(const SedSpec& sed, const std::string& indent) {
    std::string out = indent + "<sed" + place_of(sed) +
                      unless<std::string>("", "cluster", sed.cluster) +
                      attribute("slots", std::to_string(sed.slots));
    if (sed.queue) out += attribute("queue", std::to_string(*sed.queue));
    out += ">";
    for (const std::string& module : sed.modules)
        out += "<module" + attribute("path", module) + "/>";
    return out + "</sed>\n";
}

std::string write_agent(const AgentSpec& agent, const char* tag, const std::string& indent) {
    std::string out = indent + '<' + tag + place_of(agent) + ">\n";
    for (const SedSpec& sed : agent.seds) out += write_sed(sed, indent + "  ");
    for (const AgentSpec& below : agent.agents) {
        out += write_agent(below, "local_agent", indent + "  ");
    }
    return out + indent + "</" + tag + ">\n";
}

}  // namespace

std::string write_platform(const Platform& platform) {
    const Platform usual;
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<platform" +
                      attribute("name", platform.name) +
                      unless<std::string>("", "name_service", platform.name_service) +
                      unless(usual.policy, "policy", platform.policy) +
                      attribute("default_copies", std::to_string(platform.default_copies)) +
                      " xmlns=\"urn:juxta:platform:1\">\n";
    for (const HostSpec& host : platform.hosts) {
        out += "  <host" + attribute("name", host.name) + attribute("address", host.address) +
               attribute("launcher", host.launcher) + "/>\n";
    }
    for (const ClusterSpec& cluster : platform.clusters) out += write_cluster(cluster);
    return out + write_agent(platform.master, "master_agent", "  ") + "</platform>\n";
}

}  // namespace juxta::deploy
