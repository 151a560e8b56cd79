#include "client_api/grpc_sessions.h"

#include <gtest/gtest.h>

#include "client_api/grpc_error.h"

namespace juxta::gridrpc {
namespace {

class FakeCall final : public SessionCall {
public:
    bool finished() override { return end.has_value(); }
    void wait() override {
        if (!end) end = GRPC_NO_ERROR;
    }
    void wait(std::chrono::milliseconds) override {}
    void cancel() override {
        if (!end) end = GRPC_CANCELED_NP;
    }
    grpc_error_t outcome() override {
        ++told;
        return *end;
    }

    std::optional<grpc_error_t> end;
    int told = 0;
};

class SessionsOf : public ::testing::Test {
protected:
    grpc_sessionid_t add(std::optional<grpc_error_t> end = {}) {
        auto call = std::make_shared<FakeCall>();
        call->end = end;
        calls.push_back(call);
        return sessions.add(call, &handle);
    }

    grpc_function_handle_t handle{17};
    std::vector<std::shared_ptr<FakeCall>> calls;
    // Ends the first that runs, if none has ended.
    Sessions sessions{[](std::span<const std::shared_ptr<SessionCall>> all) -> std::size_t {
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (all[i]->finished()) return i;
        }
        all[0]->wait();
        return 0;
    }};
    grpc_sessionid_t found = 99;
};

TEST_F(SessionsOf, a_success_dies_with_the_wait_that_tells_of_it) {
    const auto id = add();
    EXPECT_EQ(sessions.wait(id), GRPC_NO_ERROR);
    EXPECT_EQ(sessions.wait(id), GRPC_INVALID_SESSION_ID);
    EXPECT_EQ(sessions.probe(id), GRPC_INVALID_SESSION_ID);
    EXPECT_EQ(sessions.get_error(id), GRPC_INVALID_SESSION_ID);
}

TEST_F(SessionsOf, a_failure_stays_so_that_its_reason_can_be_asked) {
    const auto id = add(GRPC_TIMEOUT_NP);
    EXPECT_EQ(sessions.wait(id), GRPC_SESSION_FAILED);
    EXPECT_EQ(sessions.get_error(id), GRPC_TIMEOUT_NP);
    EXPECT_EQ(sessions.wait(id), GRPC_SESSION_FAILED);
    EXPECT_EQ(sessions.wait(add(GRPC_COMMUNICATION_FAILED)), GRPC_COMMUNICATION_FAILED);
}

TEST_F(SessionsOf, a_cancelled_one_fails_and_says_so) {
    const auto id = add();
    EXPECT_EQ(sessions.cancel(id), GRPC_NO_ERROR);
    EXPECT_EQ(sessions.wait(id), GRPC_SESSION_FAILED);
    EXPECT_EQ(sessions.get_error(id), GRPC_CANCELED_NP);
    EXPECT_EQ(sessions.cancel(id), GRPC_NO_ERROR);
    EXPECT_EQ(sessions.cancel(12345), GRPC_INVALID_SESSION_ID);
}

TEST_F(SessionsOf, a_probe_tells_and_keeps) {
    const auto id = add();
    EXPECT_EQ(sessions.probe(id), GRPC_NOT_COMPLETED);
    EXPECT_EQ(sessions.get_error(id), GRPC_NOT_COMPLETED);
    calls[0]->end = GRPC_NO_ERROR;
    EXPECT_EQ(sessions.probe(id), GRPC_NO_ERROR);
    EXPECT_EQ(sessions.probe(id), GRPC_NO_ERROR);
    EXPECT_EQ(sessions.get_error(id), GRPC_NO_ERROR);
    EXPECT_EQ(sessions.wait(id), GRPC_NO_ERROR);
    EXPECT_EQ(sessions.probe(GRPC_SESSIONID_VOID), GRPC_INVALID_SESSION_ID);
}

TEST_F(SessionsOf, an_invalid_id_among_several_stops_everything) {
    const auto id = add(GRPC_NO_ERROR);
    const grpc_sessionid_t ids[] = {id, 777};
    EXPECT_EQ(sessions.probe_or(ids, &found), GRPC_INVALID_SESSION_ID);
    EXPECT_EQ(sessions.wait_and(ids), GRPC_INVALID_SESSION_ID);
    EXPECT_EQ(sessions.wait_or(ids, &found), GRPC_INVALID_SESSION_ID);
    EXPECT_EQ(sessions.wait(id), GRPC_NO_ERROR) << "no operation occurred";
}

TEST_F(SessionsOf, probe_or_names_one_that_has_ended_or_void) {
    const grpc_sessionid_t ids[] = {add(), add()};
    EXPECT_EQ(sessions.probe_or(ids, &found), GRPC_NONE_COMPLETED);
    EXPECT_EQ(found, GRPC_SESSIONID_VOID);
    calls[1]->end = GRPC_NO_ERROR;
    EXPECT_EQ(sessions.probe_or(ids, &found), GRPC_NO_ERROR);
    EXPECT_EQ(found, ids[1]);
}

TEST_F(SessionsOf, wait_and_fails_if_one_failed) {
    const grpc_sessionid_t good[] = {add(), add()};
    EXPECT_EQ(sessions.wait_and(good), GRPC_NO_ERROR);
    const grpc_sessionid_t mixed[] = {add(), add(GRPC_SESSION_FAILED)};
    EXPECT_EQ(sessions.wait_and(mixed), GRPC_SESSION_FAILED);
    EXPECT_EQ(sessions.probe(mixed[0]), GRPC_INVALID_SESSION_ID) << "told of";
}

TEST_F(SessionsOf, wait_or_speaks_of_the_one_it_names) {
    const grpc_sessionid_t ids[] = {add(), add(GRPC_TIMEOUT_NP)};
    EXPECT_EQ(sessions.wait_or(ids, &found), GRPC_SESSION_FAILED);
    EXPECT_EQ(found, ids[1]);
    EXPECT_EQ(sessions.get_error(found), GRPC_TIMEOUT_NP);
}

TEST_F(SessionsOf, wait_any_with_nothing_outstanding_is_void) {
    EXPECT_EQ(sessions.wait_any(&found), GRPC_NO_ERROR);
    EXPECT_EQ(found, GRPC_SESSIONID_VOID);
    const auto failed = add(GRPC_SESSION_FAILED);
    EXPECT_EQ(sessions.wait_any(&found), GRPC_SESSION_FAILED);
    EXPECT_EQ(found, failed);
    EXPECT_EQ(sessions.wait_any(&found), GRPC_NO_ERROR)
        << "a failure that was told of is not outstanding";
    EXPECT_EQ(found, GRPC_SESSIONID_VOID);
}

TEST_F(SessionsOf, wait_all_waits_for_all_and_failed_ones_pop_one_by_one) {
    EXPECT_EQ(sessions.wait_all(), GRPC_NO_ERROR);
    add();
    const auto first = add(GRPC_SESSION_FAILED);
    const auto second = add(GRPC_TIMEOUT_NP);
    EXPECT_EQ(sessions.wait_all(), GRPC_SESSION_FAILED);
    EXPECT_EQ(sessions.next_failed(&found), GRPC_NO_ERROR);
    EXPECT_EQ(found, first);
    sessions.next_failed(&found);
    EXPECT_EQ(found, second);
    EXPECT_EQ(sessions.next_failed(&found), GRPC_NO_ERROR);
    EXPECT_EQ(found, GRPC_SESSIONID_VOID);
    EXPECT_EQ(sessions.get_error(second), GRPC_TIMEOUT_NP);
}

TEST_F(SessionsOf, a_handle_is_found_again_and_takes_its_running_sessions_along) {
    grpc_function_handle_t* of_session = nullptr;
    const auto id = add();
    EXPECT_EQ(sessions.get_handle(&of_session, id), GRPC_NO_ERROR);
    EXPECT_EQ(of_session, &handle);
    EXPECT_EQ(sessions.get_handle(&of_session, 777), GRPC_INVALID_SESSION_ID);
    sessions.cancel_those_of(16);
    EXPECT_FALSE(calls[0]->finished());
    sessions.cancel_those_of(17);
    EXPECT_EQ(sessions.wait(id), GRPC_SESSION_FAILED);
}

TEST_F(SessionsOf, failures_that_nobody_asks_for_are_forgotten_in_the_end) {
    const auto oldest = add(GRPC_SESSION_FAILED);
    sessions.wait(oldest);
    for (int i = 0; i < 10000; ++i) sessions.wait(add(GRPC_SESSION_FAILED));
    EXPECT_EQ(sessions.get_error(oldest), GRPC_INVALID_SESSION_ID);
    sessions.next_failed(&found);
    EXPECT_NE(found, oldest);
}

TEST(GridRpcCodes, have_names_and_unknown_ones_the_standards) {
    EXPECT_STREQ(name_of(GRPC_NO_ERROR), "GRPC_NO_ERROR");
    EXPECT_STREQ(name_of(GRPC_ALREADY_INITIALIZED), "GRPC_ALREADY_INITIALIZED");
    EXPECT_STREQ(name_of(4711), "GRPC_UNKNOWN_ERROR_CODE");
    EXPECT_STREQ(name_of(-1), "GRPC_UNKNOWN_ERROR_CODE");
}

}  // namespace
}  // namespace juxta::gridrpc
