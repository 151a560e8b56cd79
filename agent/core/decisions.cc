#include "agent/core/decisions.h"

#include "common/base/error.h"

namespace juxta::agent {

void Decisions::note(Decision decision, Time now) {
    if (decision.candidates.size() > candidates_) decision.candidates.resize(candidates_);
    auto [entry, is_new] = entries_.try_emplace(decision.id);
    decision.attempt = is_new ? 1 : entry->second.decision.attempt + 1;
    if (is_new) in_order_.push_back(decision.id);
    entry->second = {std::move(decision), now};
    if (in_order_.size() <= most_) return;
    entries_.erase(in_order_.front());
    in_order_.pop_front();
}

Decision Decisions::find(const RequestId& id, Time now) const {
    const auto entry = entries_.find(id);
    if (entry == entries_.end()) {
        throw Error(ErrorCode::not_found,
                    to_string(id) +
                        ": the master agent has not placed this request, or so long "
                        "ago that it forgot; it remembers the newest " +
                        std::to_string(most_) + " since it started");
    }
    Decision decision = entry->second.decision;
    decision.age_s = static_cast<double>(now - entry->second.made) / kSecond;
    return decision;
}

}  // namespace juxta::agent
