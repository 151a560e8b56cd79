#include "agent/core/service_index.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "common/base/error.h"

namespace juxta::agent {
namespace {

constexpr std::size_t kGoneRemembered = 256;

// Insertions, deletions and replacements that lead from one word to the other.
std::size_t edit_distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= from.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

// A misspelling, or one name a part of the other. Smaller is nearer; nullopt: not near.
std::optional<std::size_t> nearness(std::string_view wanted, std::string_view name) {
    constexpr std::size_t kLongest = 128;  // bounds the work that a hostile name causes
    if (wanted.empty() || wanted.size() > kLongest || name.size() > kLongest) return std::nullopt;
    const std::size_t distance = edit_distance(wanted, name);
    if (distance <= 1 + wanted.size() / 4) return distance;
    const bool part = name.find(wanted) != name.npos || wanted.find(name) != wanted.npos;
    return part && std::min(wanted.size(), name.size()) >= 3 ? std::optional(distance)
                                                             : std::nullopt;
}

}  // namespace

std::vector<std::string> ServiceIndex::rebuild(const std::vector<Child>& children, Time now) {
    std::vector<std::string> disagreed;
    const auto before = std::exchange(by_full_name_, {});
    for (const Child& child : children) {
        for (const Profile& profile : child.info->services) {
            auto [entry, is_new] = by_full_name_.try_emplace(profile.full_name());
            if (is_new) entry->second.profile = profile;
            if (entry->second.profile == profile) {
                entry->second.offered_by.push_back(child);
            } else {
                disagreed.push_back(entry->first);
            }
        }
    }
    for (const auto& [name, service] : before) {
        auto [entry, is_new] = by_full_name_.try_emplace(name);
        if (!is_new) continue;
        entry->second.profile = service.profile;
        entry->second.gone_since = service.offered_by.empty() ? service.gone_since : now;
    }
    forget_oldest_gone();
    full_names_.clear();
    for (const auto& [name, service] : by_full_name_) {
        full_names_[service.profile.name].push_back(name);
    }
    return disagreed;
}

const ServiceIndex::Service* ServiceIndex::find(std::string_view service) const {
    if (const auto full = by_full_name_.find(service); full != by_full_name_.end()) {
        return &full->second;
    }
    const auto known = full_names_.find(service);
    if (known == full_names_.end()) return nullptr;
    const Service* meant = nullptr;
    for (const std::string& name : known->second) {
        const Service& candidate = by_full_name_.find(name)->second;
        if (meant == nullptr || meant->offered_by.empty()) {
            meant = &candidate;
        } else if (!candidate.offered_by.empty()) {
            throw Error(ErrorCode::invalid_argument, "service '" + std::string(service) +
                                                         "' may be " + meant->profile.full_name() +
                                                         " or " + name +
                                                         ": call it by its full name");
        }
    }
    return meant;
}

std::vector<Profile> ServiceIndex::profiles() const {
    std::vector<Profile> all;
    for (const auto& [name, service] : by_full_name_) {
        if (!service.offered_by.empty()) all.push_back(service.profile);
    }
    return all;
}

std::vector<std::string> ServiceIndex::near(std::string_view service) const {
    std::vector<std::pair<std::size_t, std::string>> found;
    for (const auto& [full_name, each] : by_full_name_) {
        auto nearest = nearness(service, full_name);
        const auto by_short_name = nearness(service, each.profile.name);
        if (!nearest || (by_short_name && *by_short_name < *nearest)) nearest = by_short_name;
        if (nearest) found.emplace_back(*nearest, full_name);
    }
    std::ranges::sort(found);
    if (found.size() > 3) found.resize(3);
    std::vector<std::string> names;
    for (auto& [distance, name] : found) names.push_back(std::move(name));
    return names;
}

void ServiceIndex::forget_oldest_gone() {
    std::vector<std::pair<Time, std::string>> gone;
    for (const auto& [name, service] : by_full_name_) {
        if (service.offered_by.empty()) gone.emplace_back(service.gone_since, name);
    }
    if (gone.size() <= kGoneRemembered) return;
    std::ranges::sort(gone);
    gone.resize(gone.size() - kGoneRemembered);
    for (const auto& [since, name] : gone) by_full_name_.erase(name);
}

}  // namespace juxta::agent
