#include "data_service/client/leader_search.h"

#include <algorithm>

namespace juxta::data {
namespace {

constexpr unsigned longest_attempt_ms = 10000;
constexpr unsigned first_attempt_ms = 1000;
constexpr std::size_t shunned_for = 8;  // rounds: their pauses make about a second

}  // namespace

LeaderSearch::LeaderSearch(std::vector<std::string> replicas, const std::string& first)
    : replicas_(std::move(replicas)), next_(first.empty() ? replicas_.front() : first) {
    const auto known = std::ranges::find(replicas_, next_);
    if (known != replicas_.end()) {
        turn_ = static_cast<std::size_t>(known - replicas_.begin()) + 1;
        asked_ = 1;
    }
}

unsigned LeaderSearch::attempt_ms() const {
    if (replicas_.size() == 1) return longest_attempt_ms;
    return std::min(first_attempt_ms << std::min<std::size_t>(rounds_, 4), longest_attempt_ms);
}

bool LeaderSearch::may_pass(ErrorCode code) {
    return code == ErrorCode::peer_unreachable || code == ErrorCode::deadline_exceeded ||
           code == ErrorCode::not_leader || code == ErrorCode::unavailable;
}

bool LeaderSearch::failed(const Error& why) {
    if (why.code() == ErrorCode::deadline_exceeded) shunned_[next_] = rounds_ + shunned_for;
    const bool named = why.code() == ErrorCode::not_leader && !why.redirect().empty() &&
                       why.redirect() != next_ && followed_ < replicas_.size() &&
                       !is_shunned(why.redirect());
    if (named) {
        ++followed_;
        next_ = why.redirect();
        return false;
    }
    bool round_over = false;
    for (std::size_t skipped = 0; skipped <= replicas_.size(); ++skipped) {
        next_ = replicas_[turn_++ % replicas_.size()];
        if (++asked_ > replicas_.size()) {
            round_over = true;
            asked_ = 1;
            followed_ = 0;
            ++rounds_;
        }
        if (!is_shunned(next_)) break;
    }
    return round_over;
}

bool LeaderSearch::is_shunned(const std::string& address) const {
    const auto found = shunned_.find(address);
    return found != shunned_.end() && rounds_ < found->second;
}

}  // namespace juxta::data
