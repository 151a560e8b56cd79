// The calls of a SeD, from acceptance until they are forgotten.
//
// It decides: whether a call is taken (a bounded queue, slots, draining), which one runs next (the
// first come), what a cancel or a deadline means in each state, that a request runs at most once
// here, when its client must be gone, how long a result is kept, what a service is expected to
// take. It runs nothing.
//
//     waiting -> fetching -> running -> committing -> over
//
// A call holds its slot from take() to finish(), even if it was ended in between and its client
// knows already. A machine: no thread, clock or I/O; times are passed in and never decrease.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/time.h"
#include "common/model/call.h"
#include "common/model/profile.h"

namespace juxta::sed {

struct QueueLimits {
    unsigned slots = 1;
    unsigned waiting = 100;
    std::size_t history = 10'000;                            // results, fetched or not
    std::uint64_t history_bytes = std::uint64_t{256} << 20;  // of the values in them
    Duration unclaimed = 60 * kSecond;                       // a result nobody asks for
    Duration kept = 3600 * kSecond;                          // the same with CallOrder::keep_result
    Duration unattended = 5 * kSecond;                       // a call that nobody asks about
};

// A call that has got a slot.
struct Task {
    std::shared_ptr<const CallOrder> order;
    const Profile* profile = nullptr;
    Time accepted = 0;
    Time deadline = 0;  // 0: none
};

// What a SeD tells of itself when it is asked for an estimation.
struct QueueLoad {
    unsigned running = 0;
    unsigned waiting = 0;
    double expected_run_s = 0;
    double backlog_s = 0;
    double since_last_s = 0;
    std::uint64_t accepted = 0;
};

class CallQueue {
public:
    // `sed`: the name in the results.
    CallQueue(std::string sed, QueueLimits limits);

    // True: accepted. False: this request is known already. Throws Error no_server: the queue is
    // full, or draining. `profile` must outlive the queue.
    bool submit(Time now, std::shared_ptr<const CallOrder> order, const Profile& profile);

    bool can_take() const { return !waiting_.empty() && holders_.size() < limits_.slots; }
    // The next call, with a slot. Only if can_take().
    Task take(Time now);

    // The arguments are there and the service starts; the service has ended well and its results
    // are about to be committed. False: the call has been ended meanwhile, give up.
    bool begin_run(const RequestId& id);
    bool begin_commit(const RequestId& id);

    // Gives the slot back. The result counts unless the call was ended before.
    void finish(Time now, const RequestId& id, CallResult result);

    // Ends the call. True: it is running, and whoever runs it must stop it. Throws Error not_found.
    bool cancel(Time now, const RequestId& id);

    // Ends the calls whose deadline has passed before they ran. (While one runs, whoever runs it
    // sees to its deadline.) True if there were any.
    bool expire(Time now);

    // Its client has asked about the call. Does nothing for one that is not known.
    void attend(Time now, const RequestId& id);

    // The calls whose client has not asked about them for so long that it must be gone, those with
    // keep_result aside: nobody would get their results. To be cancelled. Call it often: after a
    // pause of this process all clients have their time again.
    std::vector<RequestId> unattended(Time now);

    // Takes nothing new, and ends what waits: it can run elsewhere.
    void withdraw(Time now);

    // Drops the results that have been kept long enough.
    void forget(Time now);

    // As it stands now. Throws Error not_found.
    const CallResult& state_of(const RequestId& id) const;
    bool knows(const RequestId& id) const { return calls_.contains(id); }
    // Whether it is to be stopped. Throws Error not_found.
    bool cancelled(const RequestId& id) { return known(id).cancelled; }
    // The same for people, with what it waits for; of calls that are over for longer than their
    // results: of the last `history`. Throws Error not_found.
    CallReport report(Time now, const RequestId& id) const;
    // state_of a finished call that goes to the client: it need not be kept for long any more.
    CallResult deliver(Time now, const RequestId& id);

    QueueLoad load(Time now, const std::string& service) const;

    void drain() { draining_ = true; }
    bool draining() const { return draining_; }
    bool idle() const { return waiting_.empty() && holders_.empty(); }
    std::size_t size() const { return calls_.size(); }

private:
    enum class Phase { waiting, fetching, running, committing, over };
    struct Call {
        Task task;
        CallResult result;
        Phase phase = Phase::waiting;
        bool cancelled = false;
        bool keep = false;
        bool holds_slot = false;
        Time taken = 0;
        Time ended = 0;
        Time attended = 0;
        double expected_s = 0;
        std::uint64_t bytes = 0;
    };

    Call& known(const RequestId& id);
    void conclude(Time now, Call& call, CallResult result);
    void fail(Time now, Call& call, CallState state, ErrorCode code, const std::string& why);
    void remove_from_waiting(Call& call);
    double expected(const std::string& service) const;
    double usual() const;
    std::string reason(Time now, const Call& call) const;
    void keep_report(const CallResult& result);
    bool drop_oldest(std::deque<RequestId>& from, bool kept);

    std::string sed_;
    QueueLimits limits_;
    bool draining_ = false;
    std::unordered_map<RequestId, Call> calls_;
    std::deque<RequestId> waiting_;
    std::vector<RequestId> holders_;  // of slots
    std::deque<RequestId> brief_;     // over, in the order of their ends
    std::deque<RequestId> kept_;      // the same, with keep_result, until delivered
    std::uint64_t history_bytes_ = 0;
    std::unordered_map<RequestId, CallReport> reports_;  // of those over
    std::deque<RequestId> reported_;                     // oldest first
    std::unordered_map<std::string, double> run_s_;      // decayed means, by service
    double waiting_s_ = 0;                               // expected, of all that wait
    std::size_t waiting_unknown_ = 0;  // of them, those of services that never ran
    Time last_accepted_ = 0;
    std::uint64_t accepted_ = 0;
    Time last_look_ = 0;  // for unattended ones
};

}  // namespace juxta::sed
