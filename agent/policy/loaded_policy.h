// A user's policy, in a process of its own (common/process/companion.h).
//
// Threading: any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "common/model/scheduling.h"
#include "common/process/companion.h"

namespace juxta::agent {

// Ranks what came from somebody whom nobody trusts.
class UntrustedPolicy {
public:
    using Clock = std::chrono::steady_clock;

    virtual ~UntrustedPolicy() = default;

    // The indices of `candidates`, best first; `usual` is the order in which the policy sees them.
    // Throws Error, whose text says what it did wrong: service_failed (it threw, died, returned no
    // ranking), deadline_exceeded. It is of no use any more then.
    virtual std::vector<std::size_t> rank(const ScheduleRequest& request,
                                          const std::vector<Candidate>& candidates,
                                          const std::vector<std::size_t>& usual,
                                          Clock::time_point until) = 0;
};

class LoadedPolicy final : public UntrustedPolicy {
public:
    // `program`: whose --worker is work_as_policy. `object`: the content of the shared object.
    // Throws Error invalid_argument if that is no policy; or it does not get ready in time.
    LoadedPolicy(WorkerProgram program, const std::vector<std::byte>& object);

    std::vector<std::size_t> rank(const ScheduleRequest& request,
                                  const std::vector<Candidate>& candidates,
                                  const std::vector<std::size_t>& usual,
                                  Clock::time_point until) override;

private:
    Companion process_;
};

}  // namespace juxta::agent
