// Several replicas of one manager: who answers, and what a new leader knows.
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/base/in_parallel.h"
#include "tests/refusal.h"
#include "tests/unit/data_service/manager_world.h"

namespace juxta::data {
namespace {

// `manager_` is the one that leads.
class ClusterManagerReplicas : public ManagerWorld {
protected:
    void SetUp() override {
        for (int i = 0; i < 3; ++i) {
            logs_.push_back(std::make_unique<MemoryLog>(order_, i));
            replicas_.push_back(
                std::make_unique<ClusterManager>(settings(), *logs_.back(), calls_, &others_));
            replicas_.back()->start();
        }
        manager_ = std::move(replicas_[0]);
        leader_ = 0;
    }
    void lead(std::size_t next) {
        replicas_[leader_] = std::move(manager_);
        order_.lead(static_cast<int>(next));
        manager_ = std::move(replicas_[next]);
        leader_ = next;
        for (int i = 0; i < 500; ++i) {
            try {
                manager_->providers();
                return;
            } catch (const Error&) {
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
            }
        }
        FAIL() << "it does not lead";
    }
    void TearDown() override {
        manager_.reset();
        replicas_.clear();
    }

    std::vector<std::unique_ptr<MemoryLog>> logs_;
    std::vector<std::unique_ptr<ClusterManager>> replicas_;
    std::size_t leader_ = 0;
};

TEST_F(ClusterManagerReplicas, who_does_not_lead_refuses_everything_and_says_who_leads) {
    join("p1");
    ClusterManager& follower = *replicas_[1];
    const DataId id = DataId::make("c1");
    const Member self = contact("p1").self;
    const std::vector<std::function<void()>> operations = {
        [&] {
            follower.register_provider(contact("p1"), {1, 0});
        },
        [&] {
            follower.beat({self, {}, {}, {}});
        },
        [&] { follower.offer_disks(self, {}, true); },
        [&] { follower.hold_volatile(self, {}, true); },
        [&] { follower.record(self, {}, {}); },
        [&] { follower.suspect(self); },
        [&] { follower.cached(contact("p1"), id, 1, true); },
        [&] { follower.providers(); },
        [&] { follower.drain("p1", true); },
        [&] { follower.allocate(RequestId::make(), id, spec(1)); },
        [&] { follower.find(id); },
        [&] { follower.find_by_name("A"); },
        [&] { follower.list({}, 10); },
        [&] { follower.change({.id = id, .copies = 2}); },
        [&] { follower.renew_datum(id); },
        [&] { follower.free_datum(id); },
        [&] { follower.forget_name("A", id); },
        [&] { follower.renew_client(ClientId{1}, kSecond); },
        [&] { follower.end_client(ClientId{1}); },
        [&] { follower.locate({id}); },
    };
    for (std::size_t i = 0; i < operations.size(); ++i) {
        try {
            operations[i]();
            ADD_FAILURE() << "operation " << i << " was answered";
        } catch (const Error& e) {
            EXPECT_EQ(e.code(), ErrorCode::not_leader) << i;
            EXPECT_EQ(e.redirect(), "m0:1") << i;
        }
    }
}

TEST_F(ClusterManagerReplicas, a_new_leader_knows_what_was_acknowledged) {
    join("p1");
    join("p2");
    DataSpec named = spec(10, 2);
    named.name = "A";
    const DatumInfo info = allocate(named);
    lead(1);
    EXPECT_EQ(manager_->find(info.id).blocks, info.blocks);
    EXPECT_EQ(manager_->find_by_name("A").id, info.id);
    EXPECT_FALSE(beat("p1").known) << "providers register again";
    join("p1");
    EXPECT_TRUE(beat("p1").known);
}

TEST_F(ClusterManagerReplicas, a_new_leader_counts_silence_anew) {
    join("p1");
    join("p2");
    const DatumInfo info = allocate(spec(10, 2));
    calls_.state.with([](FakeCalls::State& s) {
        for (const auto name : {"p1", "p2"}) s.seen[name] = {ProviderCalls::Look::silent, 0};
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    lead(2);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    EXPECT_EQ(manager_->find(info.id).blocks[0].members.size(), 2u);
    join("p1");
    EXPECT_TRUE(until({"p1"}, [&] {
        return manager_->find(info.id).blocks[0].members == std::vector<Member>{contact("p1").self};
    }));
}

TEST_F(ClusterManagerReplicas, a_new_leader_finishes_what_the_old_one_did_not_tell) {
    join("p1");
    join("p2");
    const DatumInfo info = allocate(spec(10, 2));
    calls_.state.with([](FakeCalls::State& s) {
        for (const auto name : {"p1", "p2"}) s.unreachable.insert(name);
    });
    const bool first_is_p1 = info.blocks[0].members[0] == contact("p1").self;
    const std::string dead = first_is_p1 ? "p1" : "p2", other = first_is_p1 ? "p2" : "p1";
    join(dead, 2);
    lead(1);
    calls_.state.with([](FakeCalls::State& s) { s.unreachable.clear(); });
    join(other);
    EXPECT_TRUE(calls_.told(other, {info.id, 0}, [](const View& v) { return v.epoch > 1; }));
}

TEST_F(ClusterManagerReplicas, an_unknown_outcome_is_settled_by_asking_again) {
    join("p1");
    for (const bool kept : {true, false}) {
        const RequestId request = RequestId::make();
        const DataId id = DataId::make("c1");
        order_.lose_next_answer(kept);
        try {
            manager_->allocate(request, id, spec(1));  // it may learn the outcome in time
            EXPECT_TRUE(kept);
        } catch (const Error& e) {
            EXPECT_EQ(e.code(), ErrorCode::unavailable);
            EXPECT_NE(std::string(e.what()).find("ask again"), std::string::npos) << e.what();
        }
        EXPECT_EQ(manager_->allocate(request, id, spec(1)).id, id);
    }
    EXPECT_EQ(all().size(), 2u);
}

TEST_F(ClusterManagerReplicas, without_a_majority_nothing_is_decided_and_what_is_known_is_told) {
    join("p1");
    const DatumInfo info = allocate(spec(1));
    order_.cut(true);
    EXPECT_EQ(failure_of([&] { allocate(spec(1)); }), ErrorCode::unavailable);
    EXPECT_EQ(manager_->find(info.id).id, info.id);
    EXPECT_TRUE(beat("p1").known);
    order_.cut(false);
    EXPECT_NO_THROW(allocate(spec(1)));
}

TEST_F(ClusterManagerReplicas, nothing_is_lost_or_doubled_when_leaders_change_amid_allocations) {
    join("p1");
    std::vector<std::pair<RequestId, DataId>> made;
    for (int i = 0; i < 30; ++i) {
        made.emplace_back(RequestId::make(), DataId::make("c1"));
        if (i % 5 == 1) order_.lose_next_answer(i % 2 == 0);
        if (i % 5 == 3) lead((leader_ + 1) % 3);
        for (int attempt = 0;; ++attempt) {
            ASSERT_LT(attempt, 20);
            try {
                if (!beat("p1").known) join("p1");
                manager_->allocate(made.back().first, made.back().second, spec(1));
                break;
            } catch (const Error& e) {
                ASSERT_EQ(e.code(), ErrorCode::unavailable) << e.what();
            }
        }
    }
    for (const std::size_t next : {0u, 1u, 2u}) {
        if (next != leader_) lead(next);
        EXPECT_EQ(all().size(), made.size());
        for (const auto& [request, id] : made) EXPECT_EQ(manager_->find(id).id, id);
    }
}

TEST_F(ClusterManagerReplicas, the_provider_of_a_volatile_datum_tells_a_new_leader_of_it) {
    join("p1");
    const RequestId request = RequestId::make();
    const DatumInfo info = manager_->allocate(request, DataId::make("c1"), volatile_spec());
    const GroupId group{info.id, 0};
    lead(1);
    manager_->register_provider(contact("p1"), {1000, 0});
    EXPECT_TRUE(beat("p1", {{group, 1}}).views.empty()) << "it is not taken for a freed one";
    std::thread late([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        manager_->hold_volatile(contact("p1").self, {{info.id, request, info.spec, info.blocks[0]}},
                                true);
    });
    EXPECT_EQ(manager_->find(info.id).blocks, info.blocks) << "who asks too early waits";
    late.join();
    EXPECT_EQ(manager_->allocate(request, DataId::make("c1"), volatile_spec()).id, info.id);
    const GroupId forgotten{DataId::make("c1"), 0};
    EXPECT_EQ(beat("p1", {{forgotten, 1}}).views.size(), 1u);
}

TEST_F(ClusterManagerReplicas, clients_known_from_before_get_a_full_lease) {
    join("p1");
    DataSpec mine = spec(1);
    mine.lifetime = Lifetime::client;
    mine.client = ClientId{42};
    const DatumInfo info = allocate(mine);
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
    lead(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
    EXPECT_NO_THROW(manager_->find(info.id));
    join("p1");
    EXPECT_TRUE(until({"p1"}, [&] { return all().empty(); }));
}

TEST_F(ClusterManagerReplicas, one_that_was_away_catches_up) {
    join("p1");
    const DatumInfo before = allocate(spec(1));
    replicas_[2].reset();
    const DatumInfo after = allocate(spec(1));
    logs_[2] = std::make_unique<MemoryLog>(order_, 2);
    replicas_[2] = std::make_unique<ClusterManager>(settings(), *logs_[2], calls_, &others_);
    replicas_[2]->start();
    lead(2);
    EXPECT_EQ(manager_->find(before.id).id, before.id);
    EXPECT_EQ(manager_->find(after.id).id, after.id);
}

}  // namespace
}  // namespace juxta::data
