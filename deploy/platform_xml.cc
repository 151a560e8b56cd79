#include "deploy/platform_xml.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <xercesc/framework/MemBufInputSource.hpp>
#include <xercesc/sax/SAXParseException.hpp>
#include <xercesc/sax2/SAX2XMLReader.hpp>
#include <xercesc/sax2/XMLReaderFactory.hpp>
#include <xercesc/util/OutOfMemoryException.hpp>
#include <xercesc/util/PlatformUtils.hpp>
#include <xercesc/util/XMLUni.hpp>
#include <xercesc/validators/common/Grammar.hpp>

#include "common/base/unique_fd.h"
#include "deploy/platform_builder.h"
#include "deploy/platform_check.h"
#include "deploy/platform_xsd.h"

namespace juxta::deploy {
namespace {

namespace xml = xercesc;

// Xerces is up while one of these lives; its own count makes several harmless.
class XercesRun {
public:
    XercesRun() {
        ::setenv("XERCES_DISABLE_DTD", "1", 1);
        xml::XMLPlatformUtils::Initialize();
    }
    ~XercesRun() { xml::XMLPlatformUtils::Terminate(); }
    XercesRun(const XercesRun&) = delete;
    XercesRun& operator=(const XercesRun&) = delete;
};

Origin position_of(const std::string& text, std::size_t offset) {
    Origin where{1, 1};
    for (std::size_t i = 0; i < offset; ++i) {
        if (text[i] == '\n') {
            ++where.line;
            where.column = 1;
        } else {
            ++where.column;
        }
    }
    return where;
}

// What is refused before a parser sees it.
void refuse_by_text(const std::string& text, const std::string& name) {
    if (text.size() > kDescriptorLimit) {
        throw complaint(name, {}, "larger than 16 MiB, which no platform descriptor is");
    }
    for (const char* forbidden : {"<!DOCTYPE", "<!ENTITY"}) {
        const std::size_t at = text.find(forbidden);
        if (at != std::string::npos) {
            throw complaint(
                name, position_of(text, at),
                "document types and entities are refused; remove " + std::string(forbidden + 1));
        }
    }
    const std::size_t zero = text.find('\0');
    if (zero != std::string::npos) {
        throw complaint(name, position_of(text, zero),
                        "a zero byte: write the descriptor in UTF-8");
    }
}

std::unique_ptr<xml::SAX2XMLReader> make_reader() {
    std::unique_ptr<xml::SAX2XMLReader> reader(xml::XMLReaderFactory::createXMLReader());
    for (const XMLCh* wanted :
         {xml::XMLUni::fgSAX2CoreNameSpaces, xml::XMLUni::fgSAX2CoreValidation,
          xml::XMLUni::fgXercesSchema, xml::XMLUni::fgXercesIdentityConstraintChecking,
          xml::XMLUni::fgXercesUseCachedGrammarInParse,
          xml::XMLUni::fgXercesDisableDefaultEntityResolution}) {
        reader->setFeature(wanted, true);
    }
    for (const XMLCh* unwanted :
         {xml::XMLUni::fgXercesDynamic, xml::XMLUni::fgXercesLoadExternalDTD,
          xml::XMLUni::fgXercesLoadSchema, xml::XMLUni::fgXercesContinueAfterFatalError}) {
        reader->setFeature(unwanted, false);
    }
    return reader;
}

xml::MemBufInputSource source_of(std::string_view text, const char* id) {
    return {reinterpret_cast<const XMLByte*>(text.data()), text.size(), id};
}

Platform parse(const std::string& text, const std::string& name,
               const std::filesystem::path& folder) {
    const XercesRun running;
    PlatformBuilder builder(name, folder);
    {
        const auto reader = make_reader();
        reader->setErrorHandler(&builder);
        const auto schema = source_of(kPlatformSchema, "platform.xsd");
        ensure(reader->loadGrammar(schema, xml::Grammar::SchemaGrammarType, true) != nullptr,
               "the schema of platforms, which is compiled in, is valid");
        reader->setContentHandler(&builder);
        auto document = source_of(text, "platform");
        document.setEncoding(xml::XMLUni::fgUTF8EncodingString);
        try {
            reader->parse(document);
        } catch (const xml::SAXParseException& e) {
            throw complaint(name, {e.getLineNumber(), e.getColumnNumber()}, utf8(e.getMessage()));
        } catch (const xml::SAXException& e) {
            throw complaint(name, {}, utf8(e.getMessage()));
        } catch (const xml::XMLException& e) {
            throw complaint(name, {}, utf8(e.getMessage()));
        } catch (const xml::OutOfMemoryException&) {
            throw complaint(name, {}, "not enough memory to read it");
        }
        reader->setErrorHandler(nullptr);
        reader->setContentHandler(nullptr);
    }
    return builder.take();
}

std::string read_text(const std::filesystem::path& file) {
    const auto refuse = [&](const std::string& why) {
        return Error(errno == ENOENT ? ErrorCode::not_found : ErrorCode::invalid_argument,
                     "cannot read the platform descriptor " + file.string() + ": " + why);
    };
    // Not blocking: a pipe without a writer is refused below instead of waited for.
    const UniqueFd in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat info {};
    if (!in || ::fstat(in.get(), &info) != 0) throw refuse(std::strerror(errno));
    errno = 0;
    if (!S_ISREG(info.st_mode)) throw refuse("not a file");
    if (info.st_size > static_cast<off_t>(kDescriptorLimit)) {
        throw complaint(file.string(), {}, "larger than 16 MiB, which no platform descriptor is");
    }
    std::string text(static_cast<std::size_t>(info.st_size), '\0');
    std::size_t have = 0;
    while (have < text.size()) {
        const ssize_t got = ::read(in.get(), text.data() + have, text.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw refuse(std::strerror(errno));
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    text.resize(have);
    return text;
}

}  // namespace

Platform read_platform(const std::filesystem::path& file) {
    return read_platform_text(read_text(file), file.string(),
                              std::filesystem::absolute(file).parent_path());
}

Platform read_platform_text(const std::string& text, const std::string& name,
                            const std::filesystem::path& folder) {
    refuse_by_text(text, name);
    Platform platform = parse(text, name, folder);
    check(platform, name);
    return platform;
}

}  // namespace juxta::deploy
