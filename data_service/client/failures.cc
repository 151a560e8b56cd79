#include "data_service/client/failures.h"

#include <algorithm>
#include <iterator>

namespace juxta::data {
namespace {

constexpr auto silence_borne = std::chrono::milliseconds(500);
constexpr unsigned attempt_in_silence_ms = 300;
constexpr unsigned first_attempts_ms[] = {400, 100, 500, 1000};

std::string what_would_have_saved(const DatumInfo& info) {
    if (info.spec.persistence == Persistence::unique_sticky) {
        return "unique_sticky data have one copy by their guarantee; another mode with --copies 2 "
               "or more survives a provider's death";
    }
    return info.spec.copies < 2 ? "--copies 2 or more would have saved it"
                                : "more copies (--copies " + std::to_string(info.spec.copies + 1) +
                                      " or more) would have saved it";
}

std::string who_has_it(const DatumInfo& info) {
    std::string names;
    for (const ProviderContact& contact : info.contacts) {
        names += (names.empty() ? "" : ", ") + contact.name + " at " + contact.address;
    }
    return names.empty() ? "no living provider" : names;
}

}  // namespace

std::string label_of(const DatumInfo& info) {
    std::string label = to_string(info.id);
    if (!info.spec.name.empty()) label += " '" + info.spec.name + "'";
    return label + " (copies " + std::to_string(info.spec.copies) + ", " +
           std::string(name_of(info.spec.persistence)) + ", cluster " + info.owner + ")";
}

Error lost_error(const DatumInfo& info) {
    return {ErrorCode::data_lost, "datum " + label_of(info) +
                                      " is lost: every provider that held it is dead; " +
                                      what_would_have_saved(info)};
}

Error unavailable_error(const DatumInfo& info, const std::string& last) {
    return {ErrorCode::unavailable,
            "datum " + label_of(info) + " cannot be reached now: " + last + "; it is kept by " +
                who_has_it(info) + ", not known to be dead. Try again later; " +
                (info.spec.copies < 2 ? "--copies 2 or more lets others answer"
                                      : "nothing acknowledged is lost")};
}

void Silence::look_at(const DatumInfo& info) {
    const auto now = std::chrono::steady_clock::now();
    if (!info.silent) return since_.reset();
    if (!since_) since_ = now;
    if (now - *since_ < silence_borne) return;
    throw unavailable_error(info, "no provider with a copy of it answers");
}

unsigned Silence::attempt_ms(unsigned most) const {
    return since_ ? std::min(most, attempt_in_silence_ms) : most;
}

unsigned AttemptTimes::next_ms() const {
    return tried_ < std::size(first_attempts_ms) ? std::min(most_ms_, first_attempts_ms[tried_])
                                                 : most_ms_;
}

bool may_pass(ErrorCode code) {
    return code == ErrorCode::deadline_exceeded ||
           reaction_to(code) == Reaction::refresh_and_retry ||
           code == ErrorCode::peer_unreachable || code == ErrorCode::unavailable;
}

}  // namespace juxta::data
