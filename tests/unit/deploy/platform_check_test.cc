#include "deploy/platform_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/model/ids.h"
#include "deploy/platform_xml.h"
#include "tests/unit/deploy/descriptors.h"

namespace juxta::deploy {
namespace {

using ::testing::HasSubstr;

std::string refusal_with(const std::string& from, const std::string& to) {
    try {
        read_platform_text(replaced(kExample, from, to), "p.xml", "/");
    } catch (const Error& e) {
        return e.what();
    }
    return "accepted";
}

TEST(PlatformCheck, launchers_that_are_not_there_are_refused_by_name) {
    EXPECT_THAT(refusal_with("launcher=\"local\"", "launcher=\"ssh\""),
                HasSubstr("p.xml:2:55: host 'h1': the launcher ssh is not there yet"));
    EXPECT_THAT(refusal_with("launcher=\"local\"", "launcher=\"slurm\""), HasSubstr("slurm"));
    EXPECT_THAT(refusal_with("launcher=\"local\"", "launcher=\"rsh\""),
                HasSubstr("unknown launcher 'rsh'"));
}

TEST(PlatformCheck, two_elements_cannot_have_one_port) {
    EXPECT_THAT(
        refusal_with("<local_agent name=\"LA1\"", "<local_agent port=\"2809\" name=\"LA1\""),
        HasSubstr("'MA' and 'LA1' both want port 2809 of 127.0.0.1"));
}

TEST(PlatformCheck, a_cluster_has_one_to_nine_managers) {
    std::string more;
    for (int i = 2; i <= 10; ++i) {
        EXPECT_EQ(refusal_with("<provider", more + "<provider"), "accepted") << i - 1;
        more += "<manager name=\"m" + std::to_string(i) + "\" host=\"h1\"/>";
    }
    EXPECT_THAT(refusal_with("<provider", more + "<provider"), HasSubstr("has 10 managers"));
}

TEST(PlatformCheck, addresses_are_numbers_that_others_can_reach) {
    for (const char* address : {"0.0.0.0", "$(id)", "localhost;x", "1.2.3", "::1"}) {
        EXPECT_THAT(refusal_with("127.0.0.1", address), HasSubstr("p.xml:2:")) << address;
    }
}

TEST(PlatformCheck, clusters_whose_tags_collide_are_refused) {
    std::string other;
    for (int i = 0; other.empty(); ++i) {
        const std::string name = "x" + std::to_string(i);
        if (cluster_tag(name) == cluster_tag("c1")) other = name;
    }
    EXPECT_THAT(refusal_with("<master_agent", "<cluster name=\"" + other +
                                                  "\"><manager name=\"m2\" host=\"h1\"/></cluster>"
                                                  "<master_agent"),
                HasSubstr("could not tell apart"));
}

TEST(PlatformCheck, a_sed_on_a_host_of_two_clusters_says_which_it_is_in) {
    std::string two = replaced(kExample, "<master_agent",
                               "<cluster name=\"c2\"><manager name=\"m2\" host=\"h1\"/>"
                               "<provider name=\"p2\" host=\"h1\"/></cluster><master_agent");
    two = replaced(two, " cluster=\"c1\"", "");
    try {
        read_platform_text(two, "p.xml", "/");
        FAIL();
    } catch (const Error& e) {
        EXPECT_THAT(e.what(), HasSubstr("host 'h1' is not in exactly one cluster"));
    }
}

TEST(PlatformCheck, a_host_with_a_sed_and_no_provider_gets_a_cache_provider) {
    std::string text = replaced(kExample, "<cluster", "<host name=\"h2\"/><cluster");
    text = replaced(text, "<sed name=\"s1\" host=\"h1\"", "<sed name=\"s1\" host=\"h2\"");
    const auto caches = cache_providers(read_platform_text(text, "p.xml", "/"));
    ASSERT_EQ(caches.size(), 1U);
    EXPECT_EQ(caches[0].provider.name, "cache-h2");
    EXPECT_EQ(caches[0].provider.memory_bytes, kCacheProviderBytes);
    EXPECT_TRUE(caches[0].provider.cache_only);
    EXPECT_TRUE(cache_providers(read_platform_text(kExample, "p.xml", "/")).empty());

    text = replaced(text, "\"LA1\"", "\"cache-h2\"");
    EXPECT_THROW(read_platform_text(text, "p.xml", "/"), Error) << "its name is taken";
}

TEST(PlatformCheck, a_storage_without_a_disk_is_accepted_with_a_warning) {
    EXPECT_TRUE(warnings(read_platform_text(kExample, "p.xml", "/"), "p.xml").empty());
    const std::string text = replaced(kExample, " disk=\"4GiB\"", "");
    const auto lines = warnings(read_platform_text(text, "p.xml", "/"), "p.xml");
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_THAT(lines[0], HasSubstr("p.xml:5:"));
    EXPECT_THAT(lines[0], HasSubstr("keeps no durable data"));
}

TEST(Size, is_read_and_printed) {
    EXPECT_EQ(parse_size("1GiB"), kGiB);
    EXPECT_EQ(parse_size("4096"), 4096U);
    EXPECT_EQ(parse_size("10B"), 10U);
    for (const char* bad :
         {"", "0", "GiB", "1GB", "1 GiB", "-1", "1.5GiB", "8388608TiB", "1GiBx"}) {
        EXPECT_FALSE(parse_size(bad)) << bad;
    }
    for (std::uint64_t bytes : {std::uint64_t{1}, kMiB, 3 * kGiB, kGiB + 1}) {
        EXPECT_EQ(parse_size(print_size(bytes)), bytes);
    }
}

}  // namespace
}  // namespace juxta::deploy
