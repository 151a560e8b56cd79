#include "deploy/platform_xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "common/base/error.h"
#include "tests/mutation.h"
#include "tests/unit/deploy/descriptors.h"

namespace juxta::deploy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Platform read(const std::string& text) { return read_platform_text(text, "platform.xml", "/base"); }

std::string refusal_of(const std::string& text) {
    try {
        read(text);
    } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::invalid_argument);
        EXPECT_THAT(e.what(), Not(HasSubstr("\n")));
        return e.what();
    }
    return "accepted";
}

std::string refusal_with(const std::string& from, const std::string& to) {
    return refusal_of(replaced(kExample, from, to));
}

TEST(PlatformXml, reads_the_example_of_the_design) {
    const Platform platform = read(kExample);
    EXPECT_EQ(platform.name, "p");
    ASSERT_EQ(platform.hosts.size(), 1U);
    ASSERT_EQ(platform.clusters.size(), 1U);
    const ProviderSpec& provider = platform.clusters[0].providers.at(0);
    EXPECT_EQ(provider.memory_bytes, kGiB);
    EXPECT_EQ(provider.disk_bytes, 4 * kGiB);
    EXPECT_EQ(provider.storage, "/path");
    EXPECT_EQ(platform.master.port, 2809);
    const SedSpec& sed = platform.master.agents.at(0).seds.at(0);
    EXPECT_EQ(sed.slots, 2U);
    EXPECT_EQ(sed.modules, std::vector<std::string>{"linalg"});
    EXPECT_FALSE(sed.queue);
}

TEST(PlatformXml, reads_agents_at_any_depth_and_seds_under_the_master_agent) {
    const Platform platform =
        read(replaced(kExample, "<local_agent name=\"LA1\" host=\"h1\">",
                      "<sed name=\"s0\" host=\"h1\" queue=\"7\"><module path=\"linalg\"/><module "
                      "path=\"my/m.so\"/></sed>"
                      "<local_agent name=\"LA1\" host=\"h1\"><local_agent name=\"LA2\" host=\"h1\">"
                      "<local_agent name=\"LA3\" host=\"h1\"/></local_agent>"));
    EXPECT_EQ(platform.master.seds.at(0).cluster, "c1") << "the only cluster";
    EXPECT_EQ(platform.master.seds.at(0).queue, 7U);
    EXPECT_EQ(platform.master.seds.at(0).modules.at(1), "/base/my/m.so");
    EXPECT_EQ(platform.master.agents.at(0).agents.at(0).agents.at(0).name, "LA3");
}

TEST(PlatformXml, what_is_written_reads_back_equal) {
    Platform platform = read(kExample);
    platform.name_service = "corbaloc:iiop:h:2809/NameService";
    platform.policy = "round_robin";
    platform.default_copies = 3;
    platform.clusters[0].providers[0].storage = "/a \"b\" & <c>\t'";
    platform.master.agents[0].seds[0].queue = 5;
    EXPECT_EQ(read(write_platform(platform)), platform);
}

TEST(PlatformXml, complaints_name_file_line_and_column) {
    EXPECT_THAT(refusal_with("slots=\"2\"", "slots=\"two\""), StartsWith("platform.xml:9:"));
    EXPECT_THAT(refusal_with("</local_agent>", "</wrong>"), StartsWith("platform.xml:10:"));
    EXPECT_THAT(refusal_with("<manager name=\"m1\" host=\"h1\"/>", "<manager name=\"m1\"/>"),
                StartsWith("platform.xml:4:"));
    EXPECT_THAT(refusal_with("detection_ms", "detection"), StartsWith("platform.xml:3:"));
    EXPECT_THAT(refusal_of(kExample + "<again/>"), StartsWith("platform.xml:13:"));
}

TEST(PlatformXml, names_that_are_taken_are_named) {
    EXPECT_THAT(refusal_with("\"LA1\"", "\"m1\""),
                HasSubstr("platform.xml:8:38: the element name 'm1' is already taken on line 4"));
    EXPECT_THAT(refusal_with("<cluster", "<host name=\"h1\"/><cluster"),
                HasSubstr("host name 'h1'"));
}

TEST(PlatformXml, references_to_nothing_are_named) {
    EXPECT_THAT(refusal_with("manager name=\"m1\" host=\"h1\"", "manager name=\"m1\" host=\"h9\""),
                HasSubstr("platform.xml:4:35: there is no host 'h9'"));
    EXPECT_THAT(refusal_with("cluster=\"c1\"", "cluster=\"c9\""), HasSubstr("no cluster 'c9'"));
}

TEST(PlatformXml, a_sed_without_modules_and_a_platform_without_master_are_refused) {
    EXPECT_THAT(refusal_with("<module path=\"linalg\"/>", ""),
                HasSubstr("SeD 's1' has no service"));
    const std::size_t start = kExample.find("  <master_agent");
    EXPECT_THAT(refusal_of(kExample.substr(0, start) + "</platform>"),
                HasSubstr("no <master_agent>"));
}

TEST(PlatformXml, values_out_of_range_are_refused) {
    EXPECT_THAT(refusal_with("2809", "65536"), StartsWith("platform.xml:7:"));
    EXPECT_THAT(refusal_with("2809", "0"), StartsWith("platform.xml:7:"));
    EXPECT_THAT(refusal_with("1GiB", "-1GiB"), StartsWith("platform.xml:5:"));
    EXPECT_THAT(refusal_with("1GiB", "1000000000TiB"), HasSubstr("more bytes than can be counted"));
    EXPECT_THAT(refusal_with("slots=\"2\"", "slots=\"99999999999999999999\""),
                StartsWith("platform.xml:9:"));
}

TEST(PlatformXml, document_types_and_entities_are_refused) {
    EXPECT_EQ(refusal_of("<?xml version=\"1.0\"?>\n <!DOCTYPE platform [<!ENTITY a \"b\">]>\n" +
                         kExample),
              "platform.xml:2:2: document types and entities are refused; remove !DOCTYPE");
    EXPECT_THAT(refusal_with("\"linalg\"", "\"&unknown;\""), StartsWith("platform.xml:9:"));
    // In another encoding the text is not seen, but only UTF-8 is read.
    std::string wide;
    for (char c : "<!DOCTYPE p SYSTEM 'file:///etc/passwd'>" + kExample) wide += {c, '\0'};
    EXPECT_THAT(refusal_of("\xff\xfe" + wide), HasSubstr("UTF-8"));
    EXPECT_NE(refusal_of("<?xml version=\"1.0\" encoding=\"UTF-7\"?>+ADwAIQ-DOCTYPE p>" + kExample),
              "accepted");
}

TEST(PlatformXml, schemas_that_a_descriptor_points_to_are_not_opened) {
    EXPECT_NE(
        refusal_with("<platform name=\"p\" xmlns=\"urn:juxta:platform:1\">",
                     "<x xmlns=\"urn:x\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
                     "xsi:schemaLocation=\"urn:x file:///etc/passwd\">"),
        "accepted");
}

TEST(PlatformXml, names_that_a_shell_or_a_path_would_mind_are_refused) {
    for (const char* name : {"a;reboot", "$(id)", "`id`", "a b", "../x", "a/b", "..", "a..b", "-x",
                             "", "&#10;", "a\xc3\xa9", "&#x202e;"}) {
        EXPECT_THAT(refusal_with("\"s1\"", '"' + std::string(name) + '"'),
                    StartsWith("platform.xml:9:"))
            << name;
    }
    EXPECT_NE(refusal_with("\"s1\"", '"' + std::string(65, 'a') + '"'), "accepted");
    EXPECT_EQ(refusal_with("\"s1\"", '"' + std::string(64, 'a') + '"'), "accepted");
}

TEST(PlatformXml, broken_text_is_refused) {
    for (const std::string& text :
         {std::string{}, std::string{"\0", 1}, std::string{"no xml"}, std::string{"<platform"},
          kExample.substr(0, 200), "\xff\xff" + kExample,
          replaced(kExample, "\"p1\"", "\"\xff\"")}) {
        EXPECT_THAT(refusal_of(text), StartsWith("platform.xml:")) << text;
    }
}

TEST(PlatformXml, agents_nested_without_end_are_refused) {
    std::string deep;
    for (int i = 0; i < 100000; ++i) {
        deep += "<local_agent name=\"x" + std::to_string(i) + "\" host=\"h1\">";
    }
    EXPECT_THAT(refusal_with("<local_agent name=\"LA1\" host=\"h1\">", deep),
                HasSubstr("nested deeper than 32 levels"));
}

TEST(PlatformXml, a_file_of_a_gigabyte_is_refused_at_once) {
    const std::filesystem::path file =
        std::filesystem::temp_directory_path() / ("juxta_huge_" + std::to_string(::getpid()));
    std::ofstream(file) << "<";
    std::filesystem::resize_file(file, 1024 * kMiB);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_THROW(read_platform(file), Error);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(100));
    std::filesystem::remove(file);
}

TEST(PlatformXml, a_missing_file_and_a_folder_are_named) {
    try {
        read_platform("/nowhere/p.xml");
        FAIL();
    } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::not_found);
        EXPECT_THAT(e.what(), HasSubstr("/nowhere/p.xml"));
    }
    EXPECT_THROW(read_platform("/tmp"), Error);
}

TEST(PlatformXml, reading_again_after_a_refusal_works) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_NE(refusal_with("slots=\"2\"", "slots=\"x\""), "accepted");
        EXPECT_EQ(read(kExample).name, "p");
    }
}

TEST(PlatformXml, survives_mutated_descriptors) {
    survives_mutations(kExample, 200, [](const std::string& text) { read(text); });
}

}  // namespace
}  // namespace juxta::deploy
