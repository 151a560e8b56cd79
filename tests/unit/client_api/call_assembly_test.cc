#include "client_api/core/call_assembly.h"

#include <gtest/gtest.h>

#include "client_api/core/data_transfer.h"
#include "client_api/juxta/argument.h"
#include "tests/unit/client_api/fake_data.h"

namespace juxta::client {
namespace {

Profile scale() {
    return {"scale",
            "linalg",
            {{"A", Mode::in, ElementType::float64, Rank::vector},
             {"alpha", Mode::in, ElementType::float64, Rank::scalar},
             {"B", Mode::out, ElementType::float64, Rank::vector}},
            Retry::never};
}

class Assembly : public ::testing::Test {
protected:
    NewCall assembled(const std::vector<Arg>& arguments, const CallTerms& terms = {}) {
        std::vector<Given> given;
        for (const Arg& each : arguments) given.push_back(each.content());
        return assemble(scale(), match_arguments(scale(), given), terms, data);
    }

    static const WantedOutput& wanted(const NewCall& call) {
        return std::get<WantedOutput>(call.order.arguments[2]);
    }

    static CallResult done_with(const DataId& id) {
        CallResult result;
        result.state = CallState::done;
        result.outputs = {{"B", std::nullopt, id, {ElementType::float64, {4}}, 1}};
        return result;
    }

    FakeData data;
    const std::vector<double> small = std::vector<double>(4, 1.5);
    const std::vector<double> large = std::vector<double>(10000, 2.5);
};

TEST_F(Assembly, sends_small_arrays_inside_the_call) {
    const NewCall call = assembled({small, 2.0});
    EXPECT_TRUE(std::holds_alternative<Value>(call.order.arguments[0]));
    EXPECT_EQ(call.request.inline_bytes, 40u);
    EXPECT_EQ(call.order.service, "linalg/scale");
    EXPECT_EQ(call.order.id, call.request.id);
    EXPECT_EQ(call.order.client, data.client());
    EXPECT_EQ(call.retry, Retry::never);
    EXPECT_EQ(data.count(), 0u);
}

TEST_F(Assembly, puts_large_arrays_for_the_time_of_the_call) {
    for (const bool local : {true, false}) {
        data.local_provider = local;
        {
            NewCall call = assembled({large, 2.0});
            const DataId id = std::get<DataId>(call.order.arguments[0]);
            EXPECT_EQ(call.request.data, std::vector<DataId>{id});
            EXPECT_EQ(call.request.data_arguments, std::vector<std::string>{"A"});
            const auto datum = data.state.with([&](auto& all) { return all.at(id); });
            EXPECT_EQ(datum.description.spec.persistence, Persistence::volatile_);
            EXPECT_EQ(datum.description.spec.lifetime, Lifetime::client);
            EXPECT_EQ(std::memcmp(datum.bytes.data(), large.data(), datum.bytes.size()), 0);
            EXPECT_TRUE(call.complete);
        }
        EXPECT_EQ(data.count(), 0u) << "freed with the call";
    }
}

TEST_F(Assembly, leaves_nothing_when_a_later_argument_cannot_be_staged) {
    data.capacity = 0;
    EXPECT_THROW(assembled({large, 2.0}), Error);
    EXPECT_EQ(data.count(), 0u);
}

TEST_F(Assembly, finds_data_by_name_and_checks_their_type) {
    DataSpec spec;
    spec.name = "v";
    spec.type = {ElementType::float64, {4}};
    const DataId id = data.allocate(spec, RequestId::make(), {}).id;
    EXPECT_EQ(std::get<DataId>(assembled({"v", 2.0}).order.arguments[0]), id);
    EXPECT_THROW(assembled({"w", 2.0}), Error);
    spec.name = "m";
    spec.type.shape = {2, 2};
    data.allocate(spec, RequestId::make(), {});
    EXPECT_THROW(assembled({"m", 2.0}), Error);
}

TEST_F(Assembly, makes_named_outputs_persistent_and_others_live_with_the_client) {
    const NewCall named = assembled({small, 2.0, Arg::output("B")}, {.server = {}, .copies = 2});
    EXPECT_EQ(wanted(named).spec.name, "B");
    EXPECT_EQ(wanted(named).spec.copies, 2);
    EXPECT_EQ(wanted(named).spec.persistence, Persistence::persistent);
    EXPECT_EQ(wanted(named).spec.lifetime, Lifetime::until_freed);
    const NewCall unnamed = assembled({small, 2.0});
    EXPECT_EQ(wanted(unnamed).spec.lifetime, Lifetime::client);
    EXPECT_EQ(wanted(unnamed).spec.client, data.client());
}

TEST_F(Assembly, lets_a_detached_call_and_its_outputs_outlive_the_client) {
    const NewCall call = assembled({small, 2.0}, {.server = {}, .detached = true});
    EXPECT_TRUE(call.order.keep_result);
    EXPECT_EQ(wanted(call).spec.lifetime, Lifetime::until_freed);
    EXPECT_EQ(wanted(call).spec.persistence, Persistence::volatile_);
    EXPECT_THROW(assembled({large, 2.0}, {.server = {}, .detached = true}), Error)
        << "nobody would free it";
}

TEST_F(Assembly, reads_an_output_into_the_callers_memory_and_frees_it) {
    std::vector<double> destination(4);
    NewCall call = assembled({small, 2.0, Arg::output(std::span(destination))});
    const DataId id = put(
                          data,
                          [] {
                              DataSpec spec;
                              spec.type = {ElementType::float64, {4}};
                              return spec;
                          }(),
                          std::as_bytes(std::span(small)))
                          .id;
    CallResult result = done_with(id);
    call.complete(result);
    EXPECT_EQ(destination, small);
    EXPECT_FALSE(result.outputs[0].id);
    EXPECT_EQ(data.count(), 0u);
}

TEST_F(Assembly, refuses_memory_of_another_size_than_the_output) {
    std::vector<double> destination(3);
    NewCall call = assembled({small, 2.0, Arg::output(std::span(destination))});
    DataSpec spec;
    spec.type = {ElementType::float64, {4}};
    CallResult result = done_with(put(data, spec, std::as_bytes(std::span(small))).id);
    EXPECT_THROW(call.complete(result), Error);
    EXPECT_EQ(data.count(), 0u);
}

}  // namespace
}  // namespace juxta::client
