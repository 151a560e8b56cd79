#include "client_api/juxta/client.h"

#include <gtest/gtest.h>

#include "client_api/connection.h"
#include "tests/unit/client_api/fake_data.h"
#include "tests/unit/client_api/fake_links.h"

namespace juxta {
namespace {

using client::FakeAgent;
using client::FakeData;
using client::FakeSeds;

class Api : public ::testing::Test {
protected:
    Api() {
        ConnectionParts parts;
        auto made_agent = std::make_unique<FakeAgent>();
        auto made_data = std::make_unique<FakeData>();
        auto made_seds = std::make_unique<FakeSeds>();
        agent = made_agent.get();
        data = made_data.get();
        seds = made_seds.get();
        agent->state.with([](auto& now) {
            now.profiles["echo"] = {"echo",
                                    "testing",
                                    {{"in", Mode::in, ElementType::float64, Rank::scalar},
                                     {"out", Mode::out, ElementType::float64, Rank::scalar}},
                                    Retry::always};
        });
        parts.agent = std::move(made_agent);
        parts.access = std::move(made_data);
        parts.seds = std::move(made_seds);
        parts.platform = {"p", {"c1"}, 2};
        parts.runner.first_wait_ms = 1;
        parts.runner.poll_wait_ms = 10;
        client = std::make_unique<Client>(std::make_shared<Connection>(std::move(parts)));
    }

    FakeAgent* agent;
    FakeData* data;
    FakeSeds* seds;
    std::unique_ptr<Client> client;
};

TEST_F(Api, asks_for_a_profile_once) {
    EXPECT_EQ(client->call("echo", {1.0}).state, CallState::done);
    client->call("echo", {2});
    EXPECT_EQ(agent->state.with([](auto& now) { return now.profile_questions; }), 1u);
}

TEST_F(Api, throws_what_is_wrong_before_anything_is_sent) {
    EXPECT_THROW(client->call("nothing", {}), Error);
    EXPECT_THROW(client->call("echo", {}), Error);
    EXPECT_THROW(client->submit("echo", {"text"}), Error);
    EXPECT_EQ(seds->runs("s1"), 0u);
}

TEST_F(Api, throws_the_failure_of_a_call_and_returns_it_from_wait) {
    seds->at("s1", [](FakeSeds::Sed& sed) { sed.ends_at_once = false; });
    const Future future = client->submit("echo", {1.0});
    ASSERT_TRUE(seds->wait_for_run("s1"));
    EXPECT_FALSE(future.finished());
    EXPECT_FALSE(future.wait(std::chrono::milliseconds(1)));
    seds->end_all("s1", CallState::failed);
    EXPECT_EQ(future.wait().state, CallState::failed);
    EXPECT_THROW(future.get(), Error);
    EXPECT_EQ(client->wait(future.id(), std::chrono::milliseconds(0))->state, CallState::failed);
}

TEST_F(Api, cancels_by_future_and_by_id) {
    seds->at("s1", [](FakeSeds::Sed& sed) { sed.ends_at_once = false; });
    const std::vector<Future> both{client->submit("echo", {1.0}), client->submit("echo", {2.0})};
    both[0].cancel();
    EXPECT_EQ(client->wait_any(both, std::chrono::seconds(10)), 0u);
    client->cancel(both[1].id());
    EXPECT_EQ(both[1].wait().state, CallState::cancelled);
    EXPECT_FALSE(client->wait_any({}, std::chrono::milliseconds(0)));
}

TEST_F(Api, outlives_its_client_in_futures_and_handles) {
    const std::vector<double> values{1, 2, 3};
    const auto vector = client->put<double>(values, {3});
    const Future future = client->submit("echo", {1.0});
    client.reset();
    EXPECT_EQ(vector.get(), values);
    EXPECT_EQ(future.get().state, CallState::done);
}

TEST_F(Api, waits_for_and_cancels_requests_of_others) {
    const RequestId id = RequestId::make();
    EXPECT_THROW(client->wait(id, std::chrono::milliseconds(0)), Error);
    agent->state.with([](auto& now) { now.knows_request = client::candidate("s1").sed; });
    seds->at("s1", [&](FakeSeds::Sed& sed) {
        sed.calls[id] = client::result_of(id, CallState::running);
    });
    EXPECT_FALSE(client->wait(id, std::chrono::milliseconds(30)));
    client->cancel(id);
    EXPECT_EQ(client->wait(id, std::chrono::seconds(10))->state, CallState::cancelled);
}

TEST_F(Api, frees_the_unnamed_outputs_of_a_detached_call_with_whoever_waited) {
    DataSpec spec;
    spec.type = {ElementType::float64, {1}};
    spec.persistence = Persistence::volatile_;
    const DataId unnamed = data->allocate(spec, RequestId::make(), {}).id;
    spec.name = "kept";
    const DataId named = data->allocate(spec, RequestId::make(), {}).id;
    CallResult result = client::result_of(RequestId::make(), CallState::done);
    result.outputs = {{"C", {}, unnamed, spec.type, 1}, {"D", {}, named, spec.type, 1}};
    agent->state.with([](auto& now) { now.knows_request = client::candidate("s1").sed; });
    seds->at("s1", [&](FakeSeds::Sed& sed) { sed.calls[result.id] = result; });
    ASSERT_TRUE(client->wait(result.id, std::chrono::seconds(10)));
    EXPECT_EQ(client->output<double>(result, "C").size(), 1u);
    EXPECT_THROW(client->output<float>(result, "C"), Error);
    EXPECT_THROW(client->output_untyped(result, "E"), Error);
    EXPECT_EQ(data->count(), 2u);
}

TEST_F(Api, puts_gets_and_opens_data) {
    const std::vector<double> values{1, 2, 3, 4};
    std::uint64_t told = 0;
    PutOptions options;
    options.name = "A";
    options.progress = [&](std::uint64_t done, std::uint64_t) { told = done; };
    const auto a = client->put<double>(values, {2, 2}, options);
    EXPECT_EQ(told, 0u) << "small data have no progress to tell";
    EXPECT_EQ(data->describe(a.id()).spec.copies, 2) << "as the platform";
    EXPECT_EQ(client->open<double>("A").get(), values);
    EXPECT_EQ(client->open<double>(a.id()).shape(), (Shape{2, 2}));
    EXPECT_THROW(client->open<float>("A"), Error);
    EXPECT_THROW(client->open<double>("B"), Error);
    EXPECT_THROW(client->put<double>(values, {5}), Error);
    EXPECT_THROW(client->put<double>(values, {~std::uint64_t{0}, 2}), Error);
    a.free();
    EXPECT_EQ(data->count(), 0u);
}

TEST_F(Api, puts_an_array_over_a_grid_of_places) {
    PutOptions options;
    options.layout = {"cyclic,*", "2", ""};
    const std::vector<double> values{1, 2, 3, 4, 5, 6};
    const auto a = client->put<double>(values, {3, 2}, options);
    const DataSpec spec = data->describe(a.id()).spec;
    EXPECT_EQ(spec.block_bytes, (std::vector<std::uint64_t>{32, 16}));
    EXPECT_EQ(spec.layout, (LayoutText{"cyclic,*", "2x1", ""}));
    options.layout.grid = "2x2";
    EXPECT_THROW(client->put<double>(values, {3, 2}, options), Error) << "replicas";
}

TEST_F(Api, writes_whole_data_from_what_they_were_or_in_parts) {
    const std::vector<double> values{1, 2, 3};
    const auto vector = client->put<double>(values, {3});
    {
        auto writing = vector.write();
        EXPECT_EQ(writing.values()[1], 2) << "starts as the newest version";
        writing.values()[1] = 20;
        EXPECT_THROW(writing.write(0, std::vector<double>{5}), Error);
        EXPECT_EQ(writing.commit(), 2u);
    }
    const auto before = vector.read();
    {
        auto writing = vector.write();
        writing.write(2, std::vector<double>{30});
        EXPECT_THROW(writing.values(), Error);
        writing.commit();
    }
    { vector.write().values()[0] = 99; }  // dropped
    EXPECT_EQ(vector.get(), (std::vector<double>{1, 20, 30}));
    EXPECT_EQ(before.values()[2], 3) << "a version does not change";
    EXPECT_EQ(before.version(), 2u);
}

}  // namespace
}  // namespace juxta
