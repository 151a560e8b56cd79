#include "agent/policy/loaded_policy.h"

#include <algorithm>

#include "agent/policy/policy_messages.h"
#include "common/base/error.h"
#include "common/process/memory_file.h"

namespace juxta::agent {
namespace {

constexpr std::chrono::seconds kLoadPatience{5};

// Each of 0 ... count - 1, once.
bool is_order(const std::vector<std::size_t>& order, std::size_t count) {
    std::vector<bool> seen(count, false);
    for (std::size_t i : order) {
        if (i >= count || seen[i]) return false;
        seen[i] = true;
    }
    return order.size() == count;
}

void expect(PolicyMessage wanted, ErrorCode failure, Unpacker& answer) {
    const PolicyMessage kind = unpack_policy_kind(answer);
    if (kind == PolicyMessage::failed) throw Error(failure, answer.text());
    if (kind != wanted) throw Error(ErrorCode::service_failed, "it answered something odd");
}

}  // namespace

LoadedPolicy::LoadedPolicy(WorkerProgram program, const std::vector<std::byte>& object)
    : process_(std::move(program)) {
    const UniqueFd content = memory_file("juxta-policy", object);
    const int descriptor = content.get();
    Packer question;
    pack_kind(question, PolicyMessage::load);
    process_.ask(question.packed(), std::span(&descriptor, 1), Clock::now() + kLoadPatience,
                 [](Unpacker& answer) {
                     expect(PolicyMessage::ready, ErrorCode::invalid_argument, answer);
                 });
}

std::vector<std::size_t> LoadedPolicy::rank(const ScheduleRequest& request,
                                            const std::vector<Candidate>& candidates,
                                            const std::vector<std::size_t>& usual,
                                            Clock::time_point until) {
    Packer question;
    pack_rank(question, request, candidates, usual);
    std::vector<std::size_t> order;
    process_.ask(question.packed(), {}, until, [&](Unpacker& answer) {
        expect(PolicyMessage::order, ErrorCode::service_failed, answer);
        order = unpack_order(answer);
        if (!is_order(order, candidates.size())) {
            throw Error(ErrorCode::service_failed,
                        "it returned no ranking: of " + std::to_string(candidates.size()) +
                            " candidates each must be there once, and it named " +
                            std::to_string(order.size()));
        }
    });
    for (std::size_t& i : order) i = usual[i];
    return order;
}

}  // namespace juxta::agent
