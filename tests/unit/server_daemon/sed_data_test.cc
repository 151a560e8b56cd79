// Calls that read, make and change data.
#include "server_daemon/core/call_data.h"
#include "tests/unit/server_daemon/sed_fixture.h"

namespace juxta::sed {
namespace {

DataType matrix(std::uint64_t rows, std::uint64_t columns) {
    return {ElementType::float64, {rows, columns}};
}
DataType vector(std::uint64_t size) { return {ElementType::float64, {size}}; }

std::vector<double> ramp(std::size_t size) {
    std::vector<double> values(size);
    for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<double>(i % 1000);
    return values;
}

// With a provider on the host, and without.
struct SedData : testing::TestWithParam<bool> {
    SedUnderTest under{{.slots = 2, .waiting = 3}, GetParam()};
    FakeData& data = under.data;

    void TearDown() override { EXPECT_EQ(data.pinned(), 0u); }
};
INSTANTIATE_TEST_SUITE_P(Provider, SedData, testing::Bool(),
                         [](const auto& info) { return info.param ? "here" : "elsewhere"; });

TEST_P(SedData, multiplies_two_data_into_a_third) {
    const DataId a = data.put<double>(matrix(2, 3), {1, 2, 3, 4, 5, 6});
    const DataId b = data.put<double>(matrix(3, 2), {7, 8, 9, 10, 11, 12});
    const CallResult result = under.call("matmul", {a, b, WantedOutput{}});
    ASSERT_EQ(result.state, CallState::done) << result.message;
    const Output& output = result.outputs.at(0);
    EXPECT_EQ(output.name, "C");
    EXPECT_EQ(output.type, matrix(2, 2));
    EXPECT_EQ(output.version, 1u);
    EXPECT_EQ(data.content<double>(output.id.value()), (std::vector<double>{58, 64, 139, 154}));
    EXPECT_EQ(result.bytes_moved(), 96u);
    EXPECT_EQ(result.moved.at(0).argument, "A");
}

TEST_P(SedData, reads_and_makes_data_larger_than_a_message) {
    const std::vector<double> values = ramp(300 * 400);
    const DataId a = data.put(matrix(300, 400), values);
    const CallResult result = under.call("linalg/scale", {a, scalar(2.0), WantedOutput{}});
    ASSERT_EQ(result.state, CallState::done) << result.message;
    const auto scaled = data.content<double>(*result.outputs.at(0).id);
    ASSERT_EQ(scaled.size(), values.size());
    for (std::size_t i = 0; i < values.size(); i += 997) EXPECT_EQ(scaled[i], 2 * values[i]);
    const CallResult transposed = under.call("transpose", {a, WantedOutput{}});
    EXPECT_EQ(transposed.outputs.at(0).type, matrix(400, 300));
    EXPECT_EQ(data.content<double>(*transposed.outputs.at(0).id)[1], values[400]);
}

TEST_P(SedData, changes_an_inout_datum_into_a_new_version) {
    for (const std::size_t size : {3u, 100'000u}) {
        const std::vector<double> values = ramp(size);
        const DataId v = data.put(vector(size), values);
        const CallResult result = under.call("increment", {v});
        ASSERT_EQ(result.state, CallState::done) << result.message;
        EXPECT_EQ(result.outputs.at(0).id, v);
        EXPECT_EQ(result.outputs.at(0).version, 2u);
        EXPECT_EQ(data.content<double>(v).at(size - 1), values.back() + 1);
    }
}

TEST_P(SedData, leaves_an_inout_datum_as_it_was_when_the_service_dies) {
    const DataId v = data.put(vector(100'000), ramp(100'000));
    const CallResult result = under.call("increment_and_die", {v});
    EXPECT_EQ(result.error, ErrorCode::service_failed);
    EXPECT_EQ(data.version(v), 1u);
    EXPECT_EQ(data.content<double>(v).at(5), 5);
    EXPECT_EQ(under.call("increment", {v}).state, CallState::done);
}

TEST_P(SedData, leaves_nothing_of_the_results_of_a_failed_call) {
    EXPECT_EQ(under.call("iota_then_fail", {scalar<std::int64_t>(100'000), WantedOutput{}}).message,
              "iota_then_fail: changed my mind");
    EXPECT_EQ(data.count(), 0u);
    data.fail_release(ErrorCode::lease_expired);
    EXPECT_EQ(under.call("iota", {scalar<std::int64_t>(10), WantedOutput{}}).error,
              ErrorCode::lease_expired);
    EXPECT_EQ(data.count(), 0u);
}

TEST_P(SedData, says_that_there_is_no_room_for_a_result) {
    const CallResult result = under.call("iota", {scalar<std::int64_t>(1), WantedOutput{}});
    EXPECT_EQ(result.state, CallState::done);
    const CallResult full =
        under.call("iota", {scalar<std::int64_t>(std::int64_t{1} << 40), WantedOutput{}});
    EXPECT_EQ(full.error, ErrorCode::out_of_space);
    EXPECT_EQ(full.message, "iota: result v: no provider has that much");
    const CallResult absurd = under.call("iota", {scalar<std::int64_t>(-1), WantedOutput{}});
    EXPECT_EQ(absurd.error, ErrorCode::invalid_argument);
}

TEST_P(SedData, names_a_result_once_it_is_there) {
    WantedOutput wanted;
    wanted.spec.name = "fresh";
    const CallResult result = under.call("iota", {scalar<std::int64_t>(10), wanted});
    EXPECT_EQ(data.name(*result.outputs.at(0).id), "fresh");
}

TEST_P(SedData, keeps_no_result_of_a_server_that_dies_before_it_is_committed) {
    const CallResult result =
        under.call("iota", {scalar<std::int64_t>(10), WantedOutput{}});  // persistent
    EXPECT_EQ(data.last_allocated().lifetime, Lifetime::client);
    EXPECT_EQ(data.last_allocated().client, data.client());
    const DataSpec made = data.describe(*result.outputs.at(0).id).spec;
    EXPECT_EQ(made.lifetime, Lifetime::until_freed);
    EXPECT_EQ(made.persistence, Persistence::persistent);
}

TEST_P(SedData, makes_and_reads_empty_arrays) {
    const CallResult made = under.call("iota", {scalar<std::int64_t>(0), WantedOutput{}});
    ASSERT_EQ(made.state, CallState::done) << made.message;
    const CallResult sum = under.call("sum", {*made.outputs.at(0).id, std::monostate{}});
    EXPECT_EQ(sum.outputs.at(0).value, scalar(0.0)) << sum.message;
}

TEST_P(SedData, refuses_a_datum_of_the_wrong_type_or_none) {
    const DataId v = data.put(vector(5), ramp(5));
    const CallResult wrong = under.call("matmul", {v, v, WantedOutput{}});
    EXPECT_EQ(wrong.error, ErrorCode::invalid_argument);
    EXPECT_EQ(wrong.message,
              "matmul: argument A: expected a double matrix, got double vector 5 of datum " +
                  to_string(v));
    EXPECT_EQ(under.call("norm", {DataId::make("c1"), std::monostate{}}).error,
              ErrorCode::not_found);
}

TEST_P(SedData, reports_shapes_that_do_not_fit) {
    const DataId a = data.put(matrix(3, 4), ramp(12)), b = data.put(matrix(5, 2), ramp(10));
    EXPECT_EQ(under.call("matmul", {a, b, WantedOutput{}}).message,
              "matmul: A is 3x4 and B is 5x2: the inner extents 4 and 5 differ");
    EXPECT_EQ(under.call("f2", {a, b, WantedOutput{}}).message,
              "f2: B is 3x4 and C is 5x2: the inner extents 4 and 5 differ");
    EXPECT_EQ(under.call("add", {a, b, WantedOutput{}}).message,
              "add: A is 3x4 and B is 5x2: only equal shapes can be added");
    const DataId v = data.put(vector(3), ramp(3));
    EXPECT_EQ(under.call("solve", {a, v, WantedOutput{}}).message,
              "solve: A is 3x4: only square systems are solved");
}

TEST_P(SedData, solves_and_measures) {
    const DataId a = data.put<double>(matrix(2, 2), {1, 2, 3, 4});
    const DataId b = data.put<double>(vector(2), {5, 11});
    const CallResult solved = under.call("solve", {a, b, WantedOutput{}});
    ASSERT_EQ(solved.state, CallState::done) << solved.message;
    const auto x = data.content<double>(*solved.outputs.at(0).id);
    EXPECT_NEAR(x[0], 1, 1e-12);
    EXPECT_NEAR(x[1], 2, 1e-12);
    const DataId singular = data.put<double>(matrix(2, 2), {1, 2, 2, 4});
    EXPECT_EQ(under.call("solve", {singular, b, WantedOutput{}}).message,
              "solve: A is singular: pivot 2 of 2 is zero");
    const CallResult norm = under.call("norm", {array<double>({1, 2}, {3, 4}), std::monostate{}});
    EXPECT_EQ(norm.outputs.at(0).value, scalar(5.0));
    const CallResult touched =
        under.call("touch", {data.put(matrix(1024, 1), ramp(1024)), std::monostate{}});
    EXPECT_EQ(touched.outputs.at(0).value, scalar(512.0));
}

TEST_P(SedData, gives_up_waiting_for_a_lock_at_the_deadline) {
    const DataId v = data.put(vector(5), ramp(5));
    const auto held = data.acquire(v, std::chrono::steady_clock::now());
    CallOrder late = order("increment", {v});
    late.deadline_s = 0.3;
    const CallResult result = under.sed.submit(late, 5000);
    EXPECT_EQ(result.error, ErrorCode::deadline_exceeded);
}

// A worker is a service gone mad, at worst.
TEST(CallData, refuses_results_that_are_not_what_the_profile_says) {
    FakeData access(false);
    const Profile profile{"norm", "m", {{"v", Mode::out, ElementType::float64, Rank::scalar}}, {}};
    const CallOrder asked = order("norm", {std::monostate{}});
    const auto outcome_of = [&](std::optional<Value> value) {
        CallData data(access, asked, profile, std::nullopt, [] { return false; });
        data.fetch();
        return failure_of([&] { data.commit({std::move(value)}); });
    };
    Value cut = scalar(1.0);
    cut.bytes.pop_back();
    for (const std::optional<Value>& bad :
         {std::optional<Value>(cut), {scalar<std::int32_t>(1)}, {text("1.0")}, {std::nullopt}}) {
        EXPECT_EQ(outcome_of(bad), ErrorCode::service_failed);
    }
}

}  // namespace
}  // namespace juxta::sed
