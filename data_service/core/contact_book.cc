#include "data_service/core/contact_book.h"

#include "common/base/error.h"

namespace juxta::data {
namespace {

constexpr Duration kBetweenQuestions = 200 * kMillisecond;

}  // namespace

std::optional<ProviderContact> ContactBook::known(ProviderId provider) const {
    return state_.with([&](const State& s) -> std::optional<ProviderContact> {
        const auto found = s.contacts.find(provider);
        if (found == s.contacts.end()) return std::nullopt;
        return found->second;
    });
}

std::optional<ProviderContact> ContactBook::find(const Member& member) {
    auto contact = known(member.provider);
    if (contact && contact->self.incarnation >= member.incarnation) return contact;
    const Time now = monotonic_now();
    const bool may_ask = state_.with([&](State& s) {
        if (s.asked_at != 0 && now - s.asked_at < kBetweenQuestions) return false;
        s.asked_at = now;
        return true;
    });
    if (!may_ask) return std::nullopt;
    try {
        const std::vector<ProviderContact> all = manager_.providers();
        state_.with([&](State& s) {
            for (const ProviderContact& one : all) s.contacts[one.self.provider] = one;
        });
    } catch (const Error&) {
        return std::nullopt;  // the manager is away: whoever asks comes again
    }
    contact = known(member.provider);
    return contact && contact->self.incarnation >= member.incarnation ? contact : std::nullopt;
}

}  // namespace juxta::data
