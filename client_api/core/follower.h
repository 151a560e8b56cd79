// Learns how calls end at their SeDs: one long poll a SeD for all calls of this process there, in
// a thread a SeD that is in use. Each call added is told of exactly once: ended, or lost.
//
// A SeD is lost when its connection breaks twice in a row, or when it is silent beyond its poll's
// deadline; a call is lost when its SeD no longer knows it. What follows from that is for others.
//
// Threading: any thread. The callbacks come from the poll threads, with no lock held; none comes
// after stop().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client_api/core/links.h"
#include "common/base/error.h"
#include "common/base/guarded.h"

namespace juxta::client {

struct FollowerEvents {
    std::function<void(const RequestId&, CallResult)> ended;
    std::function<void(const RequestId&, const Error&)> lost;
};

class Follower {
public:
    Follower(SedLink& seds, unsigned poll_wait_ms, FollowerEvents events);
    ~Follower();
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

    // Does nothing after stop().
    void add(const SedContact& sed, const RequestId& id);

    // Returns once no callback runs any more; what was not told of is not told.
    void stop();

private:
    struct Watch {
        SedContact sed;
        std::set<RequestId> ids;
        std::thread thread;
    };
    using Key = std::pair<std::string, Incarnation>;
    struct State {
        bool stopping = false;
        std::map<Key, std::shared_ptr<Watch>> watches;
        std::vector<std::thread> retired;  // to be joined
    };

    void loop(const std::shared_ptr<Watch>& watch);
    bool retire(const std::shared_ptr<Watch>& watch);
    void poll(const std::shared_ptr<Watch>& watch, const std::vector<RequestId>& ids);
    std::vector<CallResult> ask(const SedContact& sed, const std::vector<RequestId>& ids);
    void sort_out_unknown(const std::shared_ptr<Watch>& watch, const std::vector<RequestId>& ids);
    void settle(const std::shared_ptr<Watch>& watch, const std::vector<CallResult>& results);
    void lose(const std::shared_ptr<Watch>& watch, const std::vector<RequestId>& ids,
              const Error& why);
    bool take(const std::shared_ptr<Watch>& watch, const RequestId& id);

    SedLink& seds_;
    const unsigned poll_wait_ms_;
    const FollowerEvents events_;
    Guarded<State> state_;
};

}  // namespace juxta::client
