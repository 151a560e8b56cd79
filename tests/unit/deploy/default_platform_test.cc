#include "deploy/default_platform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "common/base/error.h"
#include "deploy/platform_check.h"
#include "deploy/platform_xml.h"

namespace juxta::deploy {
namespace {

std::string refusal_of(const PlatformSize& size) {
    try {
        default_platform("p", size);
    } catch (const Error& e) {
        return e.what();
    }
    return "accepted";
}

TEST(DefaultPlatform, has_one_cluster_three_providers_and_two_seds) {
    const Platform platform = default_platform("default", {});
    EXPECT_EQ(platform.hosts.size(), 3U);
    ASSERT_EQ(platform.clusters.size(), 1U);
    std::set<std::string> manager_hosts;
    for (const ManagerSpec& each : platform.clusters[0].managers) manager_hosts.insert(each.host);
    EXPECT_EQ(manager_hosts.size(), 3U) << "three replicas, each on a host of its own";
    std::set<std::string> hosts;
    for (const ProviderSpec& each : platform.clusters[0].providers) {
        EXPECT_EQ(each.memory_bytes, kGiB);
        EXPECT_EQ(each.disk_bytes, kGiB) << "durable data find a disk";
        hosts.insert(each.host);
    }
    EXPECT_EQ(hosts.size(), 3U) << "each on a host of its own";
    ASSERT_EQ(platform.master.agents.size(), 1U);
    const auto& seds = platform.master.agents[0].seds;
    ASSERT_EQ(seds.size(), 2U);
    EXPECT_NE(seds[0].host, seds[1].host);
    for (const SedSpec& each : seds) {
        EXPECT_TRUE(hosts.contains(each.host));
        EXPECT_EQ(each.modules, (std::vector<std::string>{"linalg", "testing"}));
    }
    EXPECT_TRUE(cache_providers(platform).empty());
}

TEST(DefaultPlatform, deals_to_the_clusters_in_turn) {
    PlatformSize size;
    size.clusters = 2;
    size.providers = 5;
    size.seds = 3;
    const Platform platform = default_platform("p", size);
    EXPECT_EQ(platform.clusters[0].providers.size(), 3U);
    EXPECT_EQ(platform.clusters[1].providers.size(), 2U);
    EXPECT_EQ(platform.master.agents[0].seds.size(), 2U);
    EXPECT_EQ(platform.master.agents[1].seds.at(0).cluster, "c2");
    EXPECT_TRUE(cache_providers(platform).empty()) << "SeDs are on hosts of providers";
}

TEST(DefaultPlatform, gives_every_cluster_the_managers_that_were_asked_for) {
    PlatformSize size;
    size.clusters = 2;
    size.managers = 2;
    const Platform platform = default_platform("p", size);
    EXPECT_EQ(platform.clusters[0].managers.at(1).name, "m2");
    EXPECT_EQ(platform.clusters[1].managers.at(0).name, "m3");
    EXPECT_EQ(platform.clusters[1].managers.at(1).host, "h2") << "a host of its own cluster";
}

TEST(DefaultPlatform, gives_every_cluster_a_provider_and_a_sed) {
    PlatformSize size;
    size.clusters = 7;
    const Platform platform = default_platform("p", size);
    for (const ClusterSpec& each : platform.clusters) EXPECT_EQ(each.providers.size(), 1U);
    for (const AgentSpec& each : platform.master.agents) EXPECT_EQ(each.seds.size(), 1U);
}

TEST(DefaultPlatform, shares_hosts_where_there_are_fewer_than_providers) {
    PlatformSize size;
    size.hosts = 2;
    size.providers = 4;
    const Platform platform = default_platform("p", size);
    EXPECT_EQ(platform.hosts.size(), 2U);
    EXPECT_EQ(platform.clusters[0].providers[2].host, "h1");
}

TEST(DefaultPlatform, is_a_valid_descriptor) {
    PlatformSize size;
    size.clusters = 3;
    size.providers = 8;
    size.copies = 2;
    const Platform platform = default_platform("p", size);
    EXPECT_EQ(read_platform_text(write_platform(platform), "", "/"), platform);
}

TEST(DefaultPlatform, refuses_numbers_that_make_no_platform) {
    using ::testing::HasSubstr;
    const auto refusal_with = [](auto set) {
        PlatformSize size;
        set(size);
        return refusal_of(size);
    };
    EXPECT_THAT(refusal_with([](auto& size) { size.managers = 10; }), HasSubstr("at most 9"));
    EXPECT_THAT(refusal_with([](auto& size) { size.managers = 0; }), HasSubstr("--managers 0"));
    EXPECT_THAT(refusal_with([](auto& size) {
                    size.clusters = 4;
                    size.providers = 3;
                }),
                HasSubstr("--providers 3 for 4 clusters"));
    EXPECT_THAT(refusal_with([](auto& size) { size.clusters = 0; }), HasSubstr("--clusters 0"));
    EXPECT_THAT(refusal_with([](auto& size) { size.seds = 100000; }), HasSubstr("--seds 100000"));
    EXPECT_THAT(refusal_with([](auto& size) { size.copies = 4; }), HasSubstr("--copies 4"));
    EXPECT_THAT(refusal_with([](auto& size) { size.memory_bytes = 1; }), HasSubstr("--memory"));
    EXPECT_THROW(default_platform("../x", {}), Error);
}

}  // namespace
}  // namespace juxta::deploy
