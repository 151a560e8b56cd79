// Turns Xerces' events into a Platform; part of platform_xml.cc.
//
// The schema is validated by Xerces, which reports duplicate and dangling names without naming
// them: this notices them at the same place and says which. Complaints leave as Error through
// Xerces, as its own exceptions would.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>
#include <xercesc/sax2/Attributes.hpp>
#include <xercesc/sax2/DefaultHandler.hpp>

#include "common/base/error.h"
#include "deploy/platform.h"

namespace juxta::deploy {

std::string utf8(const XMLCh* text);

class PlatformBuilder final : public xercesc::DefaultHandler {
public:
    PlatformBuilder(std::string file, std::filesystem::path folder)
        : file_(std::move(file)), folder_(std::move(folder)) {}

    // After the whole document was parsed, once.
    Platform take();

    void setDocumentLocator(const xercesc::Locator* locator) override { locator_ = locator; }
    void startElement(const XMLCh* uri, const XMLCh* local, const XMLCh* qualified,
                      const xercesc::Attributes& attributes) override;
    void endElement(const XMLCh* uri, const XMLCh* local, const XMLCh* qualified) override;
    void warning(const xercesc::SAXParseException& e) override { note(e); }
    void error(const xercesc::SAXParseException& e) override { note(e); }
    void fatalError(const xercesc::SAXParseException& e) override;

private:
    using Attributes = std::map<std::string, std::string>;
    using Names = std::map<std::string, Origin>;

    void note(const xercesc::SAXParseException& e);
    void begin(const std::string& tag, const Attributes& attributes);
    void begin_platform(const Attributes& attributes);
    void begin_provider(const Attributes& attributes);
    void begin_sed(const Attributes& attributes);
    void begin_agent(const Attributes& attributes);
    void end_agent();
    Origin here() const;
    Error complain(const std::string& text) const;
    void claim(Names& names, const std::string& kind, const std::string& name);
    std::string known(const Names& names, const std::string& kind, const std::string& name) const;
    std::string path_of(const std::string& text) const;
    std::uint64_t size(const Attributes& attributes, const std::string& key,
                       std::uint64_t otherwise) const;

    std::string file_;
    std::filesystem::path folder_;
    const xercesc::Locator* locator_ = nullptr;
    std::optional<Error> noted_;  // Xerces' first complaint, thrown after the event it belongs to
    Platform platform_;
    bool has_master_ = false;
    std::vector<AgentSpec> open_agents_;  // from the master agent down
    Names hosts_;
    Names clusters_;
    Names elements_;
};

}  // namespace juxta::deploy
