#include "data_service/core/contact_book.h"

#include <utility>

#include "common/base/error.h"

namespace juxta::data {
namespace {

constexpr Duration kBetweenQuestions = 200 * kMillisecond;

}  // namespace

// Who is in no cluster's answer any more is forgotten. Late answers bring no incarnation back.
void ContactBook::State::take(const std::string& cluster, std::vector<ProviderContact> all) {
    std::set<ProviderId> told;
    for (ProviderContact& one : all) {
        told.insert(one.self.provider);
        ProviderContact& known = contacts[one.self.provider];
        if (known.self.incarnation <= one.self.incarnation) known = std::move(one);
    }
    const std::set<ProviderId> before = std::exchange(clusters[cluster].told, std::move(told));
    for (const ProviderId& provider : before) {
        bool wanted = false;
        for (const auto& [name, one] : clusters) wanted = wanted || one.told.contains(provider);
        if (!wanted) contacts.erase(provider);
    }
}

std::optional<ProviderContact> ContactBook::known(ProviderId provider) const {
    return state_.with([&](const State& s) -> std::optional<ProviderContact> {
        const auto found = s.contacts.find(provider);
        if (found == s.contacts.end()) return std::nullopt;
        return found->second;
    });
}

std::size_t ContactBook::size() const {
    return state_.with([](const State& s) { return s.contacts.size(); });
}

std::optional<ProviderContact> ContactBook::find(const Member& member, const std::string& cluster) {
    auto contact = known(member.provider);
    if (contact && contact->self.incarnation >= member.incarnation) return contact;
    const Time now = monotonic_now();
    const bool may_ask = state_.with([&](State& s) {
        Time& asked_at = s.clusters[cluster].asked_at;
        if (asked_at != 0 && now - asked_at < kBetweenQuestions) return false;
        asked_at = now;
        return true;
    });
    if (!may_ask) return std::nullopt;
    try {
        std::vector<ProviderContact> all = manager_.providers(cluster);
        state_.with([&](State& s) { s.take(cluster, std::move(all)); });
    } catch (const Error&) {
        return std::nullopt;  // the manager is away: whoever asks comes again
    }
    contact = known(member.provider);
    return contact && contact->self.incarnation >= member.incarnation ? contact : std::nullopt;
}

}  // namespace juxta::data
