#include "data_service/client/name_search.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/refusal.h"

namespace juxta::data {
namespace {

using std::chrono::milliseconds;

const std::vector<std::string> three{"c1", "c2", "c3"};

InfoPtr info_of(const std::string& cluster) {
    auto info = std::make_shared<DatumInfo>();
    info->owner = cluster;
    return info;
}

[[noreturn]] void unknown() { throw Error(ErrorCode::not_found, "no such name"); }
[[noreturn]] void silent() {
    std::this_thread::sleep_for(milliseconds(400));
    throw Error(ErrorCode::unavailable, "no manager of c3 answers");
}

TEST(NameSearch, a_silent_cluster_does_not_delay_a_name_that_another_knows) {
    NameSearch search([](const std::string& cluster, const std::string&) -> InfoPtr {
        if (cluster == "c3") silent();
        if (cluster == "c1") unknown();
        return info_of(cluster);
    });
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(search.find("A", three)->owner, "c2");
    EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(300));
}

TEST(NameSearch, a_name_that_nobody_knows_is_not_found) {
    NameSearch search([](const std::string&, const std::string&) -> InfoPtr { unknown(); });
    EXPECT_EQ(failure_of([&] { search.find("A", three); }, "'A'"), ErrorCode::not_found);
    EXPECT_EQ(failure_of([&] { search.find("A", {"c1"}); }), ErrorCode::not_found);
}

TEST(NameSearch, a_name_is_not_called_unknown_while_a_cluster_is_silent) {
    NameSearch search([](const std::string& cluster, const std::string&) -> InfoPtr {
        if (cluster == "c3") silent();
        unknown();
    });
    EXPECT_EQ(failure_of([&] { search.find("A", three); }, "c3"), ErrorCode::unavailable);
}

}  // namespace
}  // namespace juxta::data
