#include "agent/core/membership.h"

#include <utility>

#include "common/base/error.h"
#include "common/log/log.h"

namespace juxta::agent {
namespace {

auto in_ms(unsigned milliseconds) {
    return std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
}

}  // namespace

Membership::Membership(ParentLink& parent, std::function<ChildInfo()> describe,
                       MembershipIntervals intervals)
    : parent_(parent), describe_(std::move(describe)), intervals_(intervals) {
    thread_ = std::thread([this] { keep_joined(); });
}

Membership::~Membership() { leave(); }

void Membership::leave() {
    state_.change([](State& s) { s.stopping = true; });
    if (thread_.joinable()) thread_.join();
}

void Membership::changed() {
    state_.change([](State& s) { s.asked += 1; });
}

bool Membership::settle(unsigned milliseconds) {
    const std::uint64_t mine = state_.change([](State& s) { return s.asked += 1; });
    return state_
        .wait_until(
            in_ms(milliseconds), [&](State& s) { return s.told >= mine || s.stopping; },
            [&](State& s) { return s.told >= mine; })
        .value_or(false);
}

bool Membership::joined() const {
    return state_.with([](const State& s) { return s.joined; });
}

void Membership::keep_joined() {
    while (true) {
        const auto asked = state_.with([](State& s) { return s.stopping ? 0 : s.asked; });
        if (asked == 0) break;
        const bool reached = tell(describe_());
        if (reached) state_.change([&](State& s) { s.told = asked; });
        // While the parent is out of reach, a change is told with the next attempt.
        state_.wait_until(in_ms(reached ? intervals_.renew_ms : intervals_.retry_ms),
                          [&](State& s) { return s.stopping || (reached && s.asked != asked); });
    }
    const bool leaving = state_.with([](State& s) { return std::exchange(s.joined, false); });
    if (!leaving) return;
    try {
        parent_.leave(told_.name, told_.incarnation);
    } catch (const Error& e) {
        log::info("could not take leave of the parent agent: {}; its lease ends by itself",
                  e.what());
    }
}

// True if the parent now knows `self`.
bool Membership::tell(const ChildInfo& self) {
    try {
        if (told_ == self) {
            try {
                parent_.renew(self.name, self.incarnation);
            } catch (const Error& e) {
                if (e.code() != ErrorCode::lease_expired) throw;
                join(self);
            }
        } else {
            join(self);
        }
        note(true, "");
        return true;
    } catch (const Error& e) {
        note(false, e.what());
        return false;
    }
}

void Membership::join(const ChildInfo& self) {
    told_ = {};  // if the answer is lost, the parent may know the old description or the new one
    parent_.join(self);
    told_ = self;
}

void Membership::note(bool joined, const std::string& why) {
    const bool before = state_.change([&](State& s) { return std::exchange(s.joined, joined); });
    if (joined && !before) {
        log::info("joined the parent agent as incarnation {}, with {} services", told_.incarnation,
                  told_.services.size());
    } else if (!joined && before) {
        log::warning("lost the parent agent: {}; trying again every {} ms", why,
                     intervals_.retry_ms);
    } else if (!joined) {
        log::debug("the parent agent does not take us yet: {}", why);
    }
}

}  // namespace juxta::agent
