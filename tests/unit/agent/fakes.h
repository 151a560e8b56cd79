// Children, parents and managers that are told what to answer.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "agent/core/agent.h"
#include "common/base/error.h"
#include "common/base/guarded.h"

namespace juxta::agent {

inline Profile profile(const std::string& full_name) {
    const auto slash = full_name.find('/');
    Profile made;
    made.module = full_name.substr(0, slash);
    made.name = full_name.substr(slash + 1);
    made.arguments = {{"A", Mode::in, ElementType::float64, Rank::matrix},
                      {"C", Mode::out, ElementType::float64, Rank::matrix}};
    return made;
}

inline ChildInfo sed_info(const std::string& name, const std::vector<std::string>& services,
                          Incarnation incarnation = 1) {
    ChildInfo info;
    info.name = name;
    info.address = "10.0.0.1:" + std::to_string(1000 + std::hash<std::string>{}(name) % 60000);
    info.incarnation = incarnation;
    info.place = {"host_" + name, "c1"};
    for (const auto& service : services) info.services.push_back(profile(service));
    return info;
}

inline ChildInfo agent_info(const std::string& name, const std::vector<std::string>& services) {
    ChildInfo info = sed_info(name, services);
    info.is_agent = true;
    return info;
}

inline Candidate candidate(const std::string& name, EstimationVector estimation = {}) {
    return {{name, name + ".example:1", 1, {"host_" + name, "c1"}}, std::move(estimation)};
}

inline std::vector<std::string> names(const std::vector<Candidate>& candidates) {
    std::vector<std::string> all;
    for (const Candidate& each : candidates) all.push_back(each.sed.name);
    return all;
}

// A child process.
struct FakeChild {
    std::function<std::vector<Candidate>(const ScheduleRequest&)> answer =
        [](const ScheduleRequest&) { return std::vector<Candidate>{Candidate{}}; };
    std::optional<RequestId> knows;
    std::atomic<bool> silent{false};  // stopped: every call waits for its whole time
    std::atomic<int> asked{0};
    std::atomic<unsigned> last_wait_ms{0};

    void wait_if_silent(unsigned wait_ms) {
        asked += 1;
        last_wait_ms = wait_ms;
        if (!silent) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
        throw Error(ErrorCode::deadline_exceeded, "the peer did not answer in time");
    }
};

class FakeLink final : public ChildLink {
public:
    explicit FakeLink(std::shared_ptr<FakeChild> child) : child_(std::move(child)) {}

    std::vector<Candidate> collect(const ScheduleRequest& request, std::uint32_t,
                                   unsigned wait_ms) override {
        child_->wait_if_silent(wait_ms);
        return child_->answer(request);
    }
    std::optional<SedContact> find_request(const RequestId& id, unsigned wait_ms) override {
        child_->wait_if_silent(wait_ms);
        if (child_->knows != id) return std::nullopt;
        return SedContact{"found", "h:1", 1, {}};
    }

private:
    std::shared_ptr<FakeChild> child_;
};

class FakeConnector final : public Connector {
public:
    std::shared_ptr<ChildLink> connect(const ChildInfo& info) override {
        return std::make_shared<FakeLink>(child(info.name));
    }
    std::shared_ptr<FakeChild> child(const std::string& name) {
        return children_.with([&](auto& children) {
            auto& made = children[name];
            if (!made) made = std::make_shared<FakeChild>();
            return made;
        });
    }

private:
    Guarded<std::map<std::string, std::shared_ptr<FakeChild>>> children_;
};

// A SeD's answer with this load.
inline auto load(std::uint32_t running) {
    return [running](const ScheduleRequest&) {
        Candidate self;
        self.estimation.running = running;
        return std::vector{self};
    };
}

inline auto refusal(ErrorCode code, const std::string& why) {
    return [=](const ScheduleRequest&) -> std::vector<Candidate> { throw Error(code, why); };
}

inline long milliseconds_of(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start)
        .count();
}

// The code of the Error that `work` throws, and its text in `text`.
inline ErrorCode failure_of(const std::function<void()>& work, std::string* text = nullptr) {
    try {
        work();
    } catch (const Error& e) {
        if (text != nullptr) *text = e.what();
        return e.code();
    }
    if (text != nullptr) *text = "no failure";
    return ErrorCode::internal;
}

}  // namespace juxta::agent
