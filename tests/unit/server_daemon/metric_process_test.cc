#include "server_daemon/core/metric_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server_daemon/core/module_loader.h"
#include "tests/refusal.h"
#include "tests/unit/server_daemon/test_modules.h"

namespace juxta::sed {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Metrics : testing::Test {
    static WorkerProgram program() {
        WorkerProgram made;
        made.file = kSedProgram;
        made.arguments = {test_module("plain"), test_module("kinds")};
        return made;
    }
    static std::vector<std::string> names() {
        ServiceTable table;
        for (const std::string& module : program().arguments) load_module(module, table);
        std::vector<std::string> all;
        for (const MetricFunction& each : table.metrics()) all.push_back(each.name);
        return all;
    }
    static ScheduleRequest request() {
        ScheduleRequest made;
        made.inline_bytes = 12;
        made.data = {DataId::make("c1")};
        made.data_arguments = {"v"};
        made.locations = {{made.data[0], {}, 800, {}}};
        return made;
    }
    // A process needs a moment to load its modules: asked until it says something.
    static std::vector<Metric> first_answer(MetricProcess& metrics, const std::string& service) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        for (;;) {
            auto found = metrics.measure(request(), service);
            if (!found.empty() || std::chrono::steady_clock::now() > end) return found;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }
};

TEST_F(Metrics, of_c_and_of_cxx_are_asked_with_what_is_known_of_the_request) {
    EXPECT_THAT(names(), ElementsAre("inline_bytes", "odd"));
    MetricProcess metrics(program(), names());
    EXPECT_THAT(first_answer(metrics, "kinds/sum"),
                ElementsAre(Metric{"inline_bytes", 12}, Metric{"odd", 800}));
}

TEST_F(Metrics, that_throw_are_left_out_alone) {
    MetricProcess metrics(program(), names());
    EXPECT_THAT(first_answer(metrics, "kinds/complain"), ElementsAre(Metric{"inline_bytes", 12}));
}

TEST_F(Metrics, that_hang_or_die_are_left_out_and_keep_nobody) {
    for (const char* service : {"kinds/stubborn", "kinds/leave"}) {
        MetricProcess metrics(program(), names());
        first_answer(metrics, "kinds/sum");
        EXPECT_THAT(metrics.measure(request(), service), IsEmpty());
        // Not at once again.
        EXPECT_THAT(metrics.measure(request(), "kinds/sum"), IsEmpty());
    }
}

TEST_F(Metrics, have_names_of_their_own) {
    ServiceTable table;
    const auto one = [](const juxta_metric_question*, void*) { return 1.; };
    table.add(MetricFunction{"a", one, nullptr});
    EXPECT_EQ(failure_of([&] {
                  table.add(MetricFunction{"a", one, nullptr});
              }),
              ErrorCode::invalid_argument);
    EXPECT_EQ(failure_of([&] {
                  table.add(MetricFunction{"a b", one, nullptr});
              }),
              ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace juxta::sed
