#include "deploy/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "deploy/platform_xml.h"
#include "tests/unit/deploy/descriptors.h"

namespace juxta::deploy {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

Ports some_ports(const Platform& platform) {
    Ports ports;
    std::uint16_t next = 100;
    for (const Listening& each : listening_of(platform)) {
        ports[each.element] = each.port != 0 ? each.port : next++;
    }
    return ports;
}

std::vector<Element> plan_of(const std::string& text) {
    const Platform platform = read_platform_text(text, "p.xml", "/");
    return plan(platform, some_ports(platform), {"/bin", "/state/p", "/state/p/run"});
}

const Element& element(const std::vector<Element>& elements, const std::string& name) {
    return *std::find_if(elements.begin(), elements.end(),
                         [&](const Element& each) { return each.name == name; });
}

TEST(Plan, says_exactly_what_each_program_is_started_with) {
    const auto elements = plan_of(kExample);
    ASSERT_EQ(elements.size(), 5U);
    EXPECT_THAT(element(elements, "MA").argv,
                ElementsAre("/bin/juxta-agent", "--platform", "p", "--name", "MA", "--host", "h1",
                            "--address", "127.0.0.1", "--port", "2809", "--state-dir",
                            "/state/p/store/MA", "--manager", "c1=127.0.0.1:102", "--policy",
                            "data_locality", "--default-copies", "1"));
    EXPECT_THAT(element(elements, "s1").argv,
                ElementsAre("/bin/juxta-sed", "--platform", "p", "--name", "s1", "--host", "h1",
                            "--address", "127.0.0.1", "--port", "101", "--state-dir",
                            "/state/p/store/s1", "--parent", "127.0.0.1:100", "--cluster", "c1",
                            "--manager", "c1=127.0.0.1:102", "--slots", "2", "--module", "linalg",
                            "--client-config", "/state/p/client.conf"));
    EXPECT_THAT(element(elements, "m1").argv,
                ElementsAre("/bin/juxta-manager", "--platform", "p", "--name", "m1", "--host", "h1",
                            "--address", "127.0.0.1", "--port", "102", "--state-dir",
                            "/state/p/store/m1", "--cluster", "c1", "--manager", "c1=127.0.0.1:102",
                            "--detection-ms", "1000", "--replica", "m1=127.0.0.1:102"));
    EXPECT_THAT(element(elements, "p1").argv,
                ElementsAre("/bin/juxta-provider", "--platform", "p", "--name", "p1", "--host",
                            "h1", "--address", "127.0.0.1", "--port", "103", "--state-dir",
                            "/state/p/store/p1", "--cluster", "c1", "--manager", "c1=127.0.0.1:102",
                            "--memory", "1073741824", "--socket", "/state/p/run/p1.sock", "--disk",
                            "4294967296", "--storage", "/path/p/p1"));
}

TEST(Plan, tells_every_manager_the_replicas_of_its_cluster_only) {
    std::string text =
        replaced(kExample, "<provider", "<manager name=\"m2\" host=\"h1\"/><provider");
    text = replaced(text, "<master_agent",
                    "<cluster name=\"c2\"><manager name=\"m3\" host=\"h1\"/></cluster>"
                    "<master_agent");
    const auto elements = plan_of(text);
    for (const char* name : {"m1", "m2"}) {
        const auto& argv = element(elements, name).argv;
        EXPECT_THAT(argv, Contains(::testing::StartsWith("m1=127.0.0.1:"))) << name;
        EXPECT_THAT(argv, Contains(::testing::StartsWith("m2=127.0.0.1:"))) << name;
        EXPECT_THAT(argv, ::testing::Not(Contains(::testing::StartsWith("m3=")))) << name;
        EXPECT_THAT(argv, Contains(::testing::StartsWith("c2=127.0.0.1:"))) << name;
    }
}

TEST(Plan, gives_a_provider_without_a_disk_none) {
    std::string text = replaced(kExample, " disk=\"4GiB\"", "");
    EXPECT_THAT(element(plan_of(text), "p1").argv, ::testing::Not(Contains("--storage")));
    text = replaced(kExample, " storage=\"/path\"", "");
    EXPECT_THAT(element(plan_of(text), "p1").argv, Contains("--disk"));
    EXPECT_THAT(element(plan_of(text), "p1").argv, ::testing::Not(Contains("--storage")));
}

TEST(Plan, knows_the_tree) {
    const auto elements = plan_of(kExample);
    EXPECT_EQ(element(elements, "MA").kind, ElementKind::ma);
    EXPECT_EQ(element(elements, "MA").parent, "");
    EXPECT_EQ(element(elements, "LA1").kind, ElementKind::la);
    EXPECT_EQ(element(elements, "LA1").parent, "MA");
    EXPECT_EQ(element(elements, "s1").parent, "LA1");
    EXPECT_EQ(element(elements, "p1").cluster, "c1");
}

TEST(Plan, tells_every_element_the_managers_of_all_clusters) {
    const auto elements = plan_of(replaced(kExample, "<master_agent",
                                           "<cluster name=\"c2\"><manager name=\"m2\" host=\"h1\" "
                                           "port=\"77\"/></cluster><master_agent"));
    for (const char* name : {"MA", "LA1", "s1", "p1"}) {
        EXPECT_THAT(element(elements, name).argv, Contains("c2=127.0.0.1:77")) << name;
    }
}

TEST(Plan, gives_a_cache_provider_its_place) {
    std::string text = replaced(kExample, "<cluster", "<host name=\"h2\"/><cluster");
    text = replaced(text, "<sed name=\"s1\" host=\"h1\"", "<sed name=\"s1\" host=\"h2\"");
    const auto elements = plan_of(text);
    const Element& cache = element(elements, "cache-h2");
    EXPECT_EQ(cache.kind, ElementKind::provider);
    EXPECT_EQ(cache.host, "h2");
    EXPECT_THAT(cache.argv, Contains("--cache-only"));
    EXPECT_THAT(cache.argv, Contains("268435456"));
}

TEST(Plan, passes_the_name_service_to_all) {
    const auto elements = plan_of(
        replaced(kExample, "name=\"p\"", "name=\"p\" name_service=\"corbaloc::h:1/NameService\""));
    for (const Element& each : elements) {
        EXPECT_THAT(each.argv, Contains("corbaloc::h:1/NameService")) << each.name;
    }
}

TEST(SocketFolder, is_short_wherever_the_state_is) {
    const Platform platform = read_platform_text(kExample, "p.xml", "/");
    EXPECT_EQ(socket_folder(platform, "/state/p", 7), "/state/p/run");
    const std::filesystem::path far = "/" + std::string(90, 'x') + "/p";
    const auto folder = socket_folder(platform, far, 7);
    EXPECT_LE((folder / "p1.sock").native().size(), kLongestSocketPath);
    EXPECT_THAT(folder.string(), ::testing::StartsWith("/tmp/juxta-7-"));
    EXPECT_NE(folder, socket_folder(platform, far / "q", 7));
}

}  // namespace
}  // namespace juxta::deploy
