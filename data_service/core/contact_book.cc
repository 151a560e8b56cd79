#include "data_service/core/contact_book.h"

#include <chrono>
#include <utility>

#include "common/base/error.h"

namespace juxta::data {
namespace {

constexpr Duration kBetweenQuestions = 200 * kMillisecond;  // about one member
constexpr std::chrono::seconds kQuestionTime{1};

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
    const auto is_known = [&](const State& s) {
        const auto found = s.contacts.find(member.provider);
        return found != s.contacts.end() && found->second.self.incarnation >= member.incarnation;
    };
    const auto contact = [&]() -> std::optional<ProviderContact> {
        return state_.with([&](const State& s) -> std::optional<ProviderContact> {
            if (!is_known(s)) return std::nullopt;
            return s.contacts.at(member.provider);
        });
    };
    if (auto here = contact()) return here;
    const auto may_ask = state_.wait_until(
        std::chrono::steady_clock::now() + kQuestionTime,
        [&](const State& s) {
            const auto asked = s.clusters.find(cluster);
            return is_known(s) || asked == s.clusters.end() || !asked->second.asking;
        },
        [&](State& s) {
            Cluster& asked = s.clusters[cluster];
            const Time now = monotonic_now();
            std::erase_if(asked.asked_for,
                          [&](const auto& one) { return now - one.second >= kBetweenQuestions; });
            if (is_known(s) || !asked.asked_for.try_emplace(member, now).second) return false;
            return asked.asking = true;
        });
    if (!may_ask || !*may_ask) return contact();
    std::optional<std::vector<ProviderContact>> all;
    try {
        all = manager_.providers(cluster);
    } catch (const Error&) {  // the manager is away: whoever asks comes again
    }
    state_.change([&](State& s) {
        s.clusters[cluster].asking = false;
        if (all) s.take(cluster, *std::move(all));
    });
    return contact();
}

}  // namespace juxta::data
