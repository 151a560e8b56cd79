#include "deploy/platform_builder.h"

#include <charconv>
#include <xercesc/sax/Locator.hpp>
#include <xercesc/sax/SAXParseException.hpp>
#include <xercesc/util/TransService.hpp>

#include "deploy/platform_check.h"

namespace juxta::deploy {
namespace {

constexpr std::size_t kDeepestTree = 32;

std::string text_or(const std::map<std::string, std::string>& attributes, const std::string& key,
                    const std::string& otherwise = {}) {
    const auto found = attributes.find(key);
    return found == attributes.end() ? otherwise : found->second;
}

// The schema has checked the digits and the range; where it complained, the value is not used.
template <class Number>
Number number_or(const std::map<std::string, std::string>& attributes, const std::string& key,
                 Number otherwise) {
    const std::string text = text_or(attributes, key);
    std::size_t start = text.find_first_not_of(" \t\r\n");
    if (start == std::string::npos) return otherwise;
    if (text[start] == '+') ++start;
    Number value = otherwise;
    std::from_chars(text.data() + start, text.data() + text.size(), value);
    return value;
}

}  // namespace

std::string utf8(const XMLCh* text) {
    if (text == nullptr) return {};
    const xercesc::TranscodeToStr narrow(text, "UTF-8");
    return reinterpret_cast<const char*>(narrow.str());
}

Platform PlatformBuilder::take() { return std::move(platform_); }

void PlatformBuilder::startElement(const XMLCh*, const XMLCh* local, const XMLCh*,
                                   const xercesc::Attributes& attributes) {
    Attributes values;
    for (XMLSize_t i = 0; i < attributes.getLength(); ++i) {
        values[utf8(attributes.getLocalName(i))] = utf8(attributes.getValue(i));
    }
    begin(utf8(local), values);
    if (noted_) throw *noted_;
}

void PlatformBuilder::endElement(const XMLCh*, const XMLCh* local, const XMLCh*) {
    const std::string tag = utf8(local);
    if (tag == "sed" && !open_agents_.empty() && open_agents_.back().seds.back().modules.empty()) {
        throw complain("SeD '" + open_agents_.back().seds.back().name +
                       "' has no service module; give it a <module path=\"NAME\"/>");
    }
    if (tag == "platform" && !has_master_) {
        throw complain("platform '" + platform_.name + "' has no <master_agent>");
    }
    if (noted_) throw *noted_;
    if (tag == "master_agent" || tag == "local_agent") end_agent();
}

void PlatformBuilder::fatalError(const xercesc::SAXParseException& e) {
    note(e);
    throw *noted_;
}

void PlatformBuilder::note(const xercesc::SAXParseException& e) {
    if (noted_) return;
    noted_ = complaint(file_, {e.getLineNumber(), e.getColumnNumber()}, utf8(e.getMessage()));
}

// What stands at a wrong place is in no spec; Xerces has complained about it by then.
void PlatformBuilder::begin(const std::string& tag, const Attributes& attributes) {
    const std::string name = text_or(attributes, "name");
    if (tag == "platform") {
        begin_platform(attributes);
    } else if (tag == "host") {
        claim(hosts_, "host", name);
        platform_.hosts.push_back({name, text_or(attributes, "address", "127.0.0.1"),
                                   text_or(attributes, "launcher", "local"), here()});
    } else if (tag == "cluster") {
        claim(clusters_, "cluster", name);
        const unsigned detection_ms = number_or(attributes, "detection_ms", kDefaultDetectionMs);
        platform_.clusters.push_back({name, detection_ms, {}, {}, here()});
    } else if (tag == "manager" && !platform_.clusters.empty()) {
        claim(elements_, "element", name);
        platform_.clusters.back().managers.push_back(
            {name, known(hosts_, "host", text_or(attributes, "host")),
             number_or(attributes, "port", std::uint16_t{0}), here()});
    } else if (tag == "provider" && !platform_.clusters.empty()) {
        begin_provider(attributes);
    } else if (tag == "master_agent" || tag == "local_agent") {
        has_master_ = has_master_ || tag == "master_agent";
        begin_agent(attributes);
    } else if (tag == "sed" && !open_agents_.empty()) {
        begin_sed(attributes);
    } else if (tag == "module" && !open_agents_.empty() && !open_agents_.back().seds.empty()) {
        open_agents_.back().seds.back().modules.push_back(path_of(text_or(attributes, "path")));
    }
}

void PlatformBuilder::begin_platform(const Attributes& attributes) {
    platform_.name = text_or(attributes, "name");
    platform_.name_service = text_or(attributes, "name_service");
    platform_.policy = text_or(attributes, "policy", platform_.policy);
    platform_.default_copies = number_or(attributes, "default_copies", 1U);
    platform_.where = here();
}

void PlatformBuilder::begin_provider(const Attributes& attributes) {
    ProviderSpec provider;
    provider.name = text_or(attributes, "name");
    claim(elements_, "element", provider.name);
    provider.host = known(hosts_, "host", text_or(attributes, "host"));
    provider.port = number_or(attributes, "port", std::uint16_t{0});
    provider.memory_bytes = size(attributes, "memory", provider.memory_bytes);
    provider.disk_bytes = size(attributes, "disk", 0);
    provider.storage = text_or(attributes, "storage");
    if (!provider.storage.empty())
        provider.storage = (folder_ / provider.storage).lexically_normal();
    provider.where = here();
    platform_.clusters.back().providers.push_back(std::move(provider));
}

void PlatformBuilder::begin_sed(const Attributes& attributes) {
    SedSpec sed;
    sed.name = text_or(attributes, "name");
    claim(elements_, "element", sed.name);
    sed.host = known(hosts_, "host", text_or(attributes, "host"));
    sed.cluster = known(clusters_, "cluster", text_or(attributes, "cluster"));
    sed.port = number_or(attributes, "port", std::uint16_t{0});
    sed.slots = number_or(attributes, "slots", sed.slots);
    if (attributes.contains("queue")) sed.queue = number_or(attributes, "queue", 1U);
    sed.where = here();
    open_agents_.back().seds.push_back(std::move(sed));
}

void PlatformBuilder::begin_agent(const Attributes& attributes) {
    if (open_agents_.size() >= kDeepestTree) {
        throw complain("agents are nested deeper than " + std::to_string(kDeepestTree) + " levels");
    }
    AgentSpec agent;
    agent.name = text_or(attributes, "name");
    claim(elements_, "element", agent.name);
    agent.host = known(hosts_, "host", text_or(attributes, "host"));
    agent.port = number_or(attributes, "port", std::uint16_t{0});
    agent.where = here();
    open_agents_.push_back(std::move(agent));
}

void PlatformBuilder::end_agent() {
    if (open_agents_.empty()) return;
    AgentSpec agent = std::move(open_agents_.back());
    open_agents_.pop_back();
    if (open_agents_.empty()) {
        platform_.master = std::move(agent);
    } else {
        open_agents_.back().agents.push_back(std::move(agent));
    }
}

Origin PlatformBuilder::here() const {
    if (locator_ == nullptr) return {};
    return {locator_->getLineNumber(), locator_->getColumnNumber()};
}

Error PlatformBuilder::complain(const std::string& text) const {
    return complaint(file_, here(), text);
}

void PlatformBuilder::claim(Names& names, const std::string& kind, const std::string& name) {
    if (name.empty()) return;  // the schema's complaint
    const auto [place, fresh] = names.emplace(name, here());
    if (fresh) return;
    throw complain("the " + kind + " name '" + name + "' is already taken on line " +
                   std::to_string(place->second.line));
}

std::string PlatformBuilder::known(const Names& names, const std::string& kind,
                                   const std::string& name) const {
    if (!name.empty() && !names.contains(name)) {
        throw complain("there is no " + kind + " '" + name + "' above");
    }
    return name;
}

std::string PlatformBuilder::path_of(const std::string& text) const {
    if (text.find('/') == std::string::npos) return text;
    return (folder_ / text).lexically_normal();
}

std::uint64_t PlatformBuilder::size(const Attributes& attributes, const std::string& key,
                                    std::uint64_t otherwise) const {
    const std::string text = text_or(attributes, key);
    if (text.empty() || noted_) return otherwise;
    const auto bytes = parse_size(text);
    if (!bytes) throw complain(key + "=\"" + text + "\" is more bytes than can be counted");
    return *bytes;
}

}  // namespace juxta::deploy
