// One call on its way: the machine behind every call, blocking or not.
//
// It decides what to do next (ask the agent, submit to a candidate, pause, follow, end) and what a
// failure means: try the next candidate, ask again without those that failed, run again elsewhere,
// or give up. It does none of these: its driver does, and reports how they went.
//
//     [resolving ->] scheduling -> [probing ->] submitting -> following -> over
//         ^  ^----- pausing <------'  |             |
//         '------------ lost ---------'-------------'
//
// A call that may have run is run again only if its service allows it. A call ends once.
//
// No thread, no clock: times are given. One thread at a time.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/time.h"
#include "common/model/call.h"
#include "common/model/profile.h"
#include "common/model/scheduling.h"

namespace juxta::client {

struct CallLimits {
    unsigned runs = 3;                         // attempts that may have run the service
    unsigned submissions = 12;                 // attempts of any kind that failed on the way
    Duration agent_patience = 10 * kSecond;    // with a master agent that does not answer
    Duration server_patience = 3 * kSecond;    // with nobody who can take the call
    Duration least_patience = kSecond;         // once trouble began, however old the call is
    Duration first_pause = 50 * kMillisecond;  // doubled up to the longest
    Duration longest_pause = 500 * kMillisecond;
};

struct Step {
    enum Kind { resolve, schedule, probe, submit, pause, follow, end };
    Kind kind = end;
    SedContact sed;              // probe, submit, follow
    Time until = 0;              // pause; resolve: the deadline of the call, or 0
    PendingOutput awaited = {};  // resolve: wait for it
};

class CallProgress {
public:
    // `order.deadline_s` counts from `now`.
    CallProgress(ScheduleRequest request, CallOrder order, Retry retry, Time now,
                 const CallLimits& limits = {});

    // The request's server is only tried first.
    void allow_other_servers() { server_required_ = false; }

    Step next(Time now);

    const RequestId& id() const { return order_.id; }
    const ScheduleRequest& request() const { return request_; }
    // As to be sent now: attempt and remaining deadline filled in.
    CallOrder order(Time now) const;
    bool over() const { return state_ == State::over; }
    // Only when over.
    const CallResult& result() const { return result_; }

    // How the producer of the output awaited ended.
    void resolved(const CallResult& producer);

    // What came of the step before. `took`: how long the agent took to answer.
    void scheduled(std::vector<Candidate> candidates, Duration took, Time now);
    void schedule_failed(const Error& error, Duration took, Time now);
    void probed() { state_ = State::submitting; }
    void probe_failed(const Error& error, Time now);
    void submitted(CallResult result);
    void submit_failed(const Error& error, Time now);
    void followed(CallResult result);
    // The SeD died, restarted or fell silent while the call was there.
    void lost(const Error& error, Time now);

    // Ends the call as cancelled, unless it is being followed: then its SeD's answer decides, or
    // its loss.
    void cancel();
    void abandon(const Error& error) { fail(error.code(), error.what()); }

private:
    enum class State { resolving, scheduling, pausing, probing, submitting, following, over };

    Argument* first_pending();
    void try_candidate(std::size_t index, Time now);
    bool broke_once(const Error& error);
    void note_loss();
    void give_up_as_poison();
    bool drop_preference();
    void exclude_current();
    void trouble(const std::string& reason, ErrorCode code, Duration patience, Time now);
    void fail(ErrorCode code, const std::string& text);
    bool deadline_passed(Time now) const { return deadline_ != 0 && now >= deadline_; }
    std::string subject() const;

    ScheduleRequest request_;
    CallOrder order_;
    Retry retry_;
    CallLimits limits_;
    State state_ = State::scheduling;
    bool cancelled_ = false;
    bool server_required_ = true;
    bool second_try_ = false;  // at the current candidate
    Time deadline_ = 0;        // 0: none
    std::vector<Candidate> candidates_;
    std::size_t current_ = 0;   // in candidates_
    bool may_have_it_ = false;  // its connection broke after the call was sent there
    unsigned runs_ = 0;         // attempts that may have run and were lost
    std::string losses_;        // of them: "s1, s2"
    unsigned failed_ = 0;       // submissions that failed on the way
    Time placed_ = 0;           // created, or lost last: patience counts from here
    Time trouble_since_ = 0;    // 0: none
    Time pause_until_ = 0;
    Duration pause_ = 0;
    Duration schedule_time_ = 0;
    std::string last_trouble_;
    CallResult result_;
};

}  // namespace juxta::client
