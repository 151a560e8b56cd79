// Until when each of many things lasts: set, prolonged, and taken out when over, without looking at
// the others.
//
// Threading: none of its own.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "common/base/time.h"

namespace juxta::data {

template <class Key>
class Deadlines {
public:
    void set(const Key& key, Time until) {
        const auto [known, is_new] = until_.try_emplace(key, until);
        if (!is_new) {
            by_time_.erase({known->second, key});
            known->second = until;
        }
        by_time_.insert({until, key});
    }
    void prolong(const Key& key, Time until) {
        const auto known = until_.find(key);
        set(key, known == until_.end() ? until : std::max(known->second, until));
    }
    bool contains(const Key& key) const { return until_.contains(key); }
    void erase(const Key& key) {
        const auto known = until_.find(key);
        if (known == until_.end()) return;
        by_time_.erase({known->second, key});
        until_.erase(known);
    }
    // Those whose time is over; they are no longer in it.
    std::vector<Key> take_over(Time now) {
        std::vector<Key> over;
        while (!by_time_.empty() && by_time_.begin()->first <= now) {
            over.push_back(by_time_.begin()->second);
            erase(over.back());
        }
        return over;
    }

private:
    std::map<Key, Time> until_;
    std::set<std::pair<Time, Key>> by_time_;
};

}  // namespace juxta::data
