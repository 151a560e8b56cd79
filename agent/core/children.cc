#include "agent/core/children.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"

namespace juxta::agent {
namespace {

[[noreturn]] void refuse_stale(const std::string& name, Incarnation older, Incarnation newer) {
    throw Error(ErrorCode::stale_version,
                name + " is known here as incarnation " + std::to_string(newer) + ": incarnation " +
                    std::to_string(older) + " is an earlier start of it and must end");
}

}  // namespace

bool Children::join(const Child& newcomer, Time now) {
    const ChildInfo& info = *newcomer.info;
    const auto known = members_.find(info.name);
    bool same = false;
    if (known != members_.end()) {
        const ChildInfo& before = *known->second.child.info;
        if (before.incarnation > info.incarnation) {
            refuse_stale(info.name, info.incarnation, before.incarnation);
        }
        same = before == info;
    }
    if (members_.empty() || now + lease_ < next_end_) next_end_ = now + lease_;
    if (same) {
        // Kept as it is: requests that hold it go on using one link.
        known->second.lease_end = now + lease_;
        known->second.avoided = false;
        return false;
    }
    members_[info.name] = {newcomer, now + lease_, false};
    return true;
}

void Children::renew(const std::string& name, Incarnation incarnation, Time now) {
    const auto known = members_.find(name);
    if (known == members_.end() || known->second.child.info->incarnation < incarnation) {
        throw Error(ErrorCode::lease_expired, name + " is no child here: join again");
    }
    Member& member = known->second;
    if (member.child.info->incarnation > incarnation) {
        refuse_stale(name, incarnation, member.child.info->incarnation);
    }
    member.lease_end = now + lease_;
    member.avoided = false;
}

bool Children::leave(const std::string& name, Incarnation incarnation) {
    const auto known = members_.find(name);
    if (known == members_.end() || known->second.child.info->incarnation != incarnation) {
        return false;
    }
    members_.erase(known);
    return true;
}

bool Children::expire(Time now) {
    if (now < next_end_) return false;
    const auto ended =
        std::erase_if(members_, [&](const auto& entry) { return entry.second.lease_end <= now; });
    next_end_ = now + lease_;
    for (const auto& [name, member] : members_) next_end_ = std::min(next_end_, member.lease_end);
    return ended > 0;
}

bool Children::failed(const std::string& name, Incarnation incarnation) {
    const auto known = members_.find(name);
    if (known == members_.end() || known->second.child.info->incarnation != incarnation) {
        return false;
    }
    return !std::exchange(known->second.avoided, true);
}

bool Children::avoided(const std::string& name) const {
    const auto known = members_.find(name);
    return known != members_.end() && known->second.avoided;
}

std::vector<Child> Children::all() const {
    std::vector<Child> all;
    all.reserve(members_.size());
    for (const auto& [name, member] : members_) all.push_back(member.child);
    return all;
}

}  // namespace juxta::agent
