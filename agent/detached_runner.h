// Detached calls of a master agent: run as any client runs its calls, by a CallRunner, and written
// down until they are over.
//
// A call whose SeD dies is so run again elsewhere. After a restart the book's calls are taken up
// once the SeDs have had time to join: whoever has the call goes on with it (a repeated submission
// is answered with the call's state); if nobody has, it is run again, unless it must not be.
//
// Threading: any thread.
#pragma once

#include <memory>
#include <set>

#include "agent/corba/detached_book.h"
#include "agent/core/agent.h"
#include "agent/core/detached_calls.h"
#include "agent/core/master.h"
#include "client_api/corba/sed_stubs.h"
#include "client_api/core/call_runner.h"

namespace juxta::agent {

class DetachedRunner final : public DetachedCalls {
public:
    // All but the folder must outlive it. Takes up what the folder holds.
    DetachedRunner(orb::Node& node, Agent& agent, Master& master,
                   const std::filesystem::path& folder);

    ~DetachedRunner() override { end(true); }

    // Ends all threads; unfinished calls go on at their SeDs. With `keep_book` they are taken up by
    // the next life of this agent. Later calls of any method throw Error cancelled.
    void end(bool keep_book);

    void start(const ScheduleRequest& request, const CallOrder& order, Retry retry) override;
    std::optional<CallResult> wait(const RequestId& id, unsigned wait_ms) override;
    void cancel(const RequestId& id) override;
    PendingOutput producer_of(const std::string& name) override;
    std::string why_not_placed(const RequestId& id) override;

private:
    // What the runner places and follows calls by.
    class Placing final : public client::Scheduling {
    public:
        Placing(Agent& agent, Master& master) : agent_(agent), master_(master) {}
        std::vector<Candidate> schedule(const ScheduleRequest& request) override;
        void taken_up(const DetachedCall& call);

    private:
        Agent& agent_;
        Master& master_;
        // Of a life before, as long as they have not been looked for.
        Guarded<std::map<RequestId, Retry>> taken_up_;
        const Crew::Deadline joined_ = Crew::Deadline::clock::now() + std::chrono::seconds(3);
    };
    class Seds final : public client::SedLink {
    public:
        explicit Seds(orb::Node& node) : stubs_(node) {}
        CallResult submit(const SedContact& sed, const CallOrder& order, unsigned wait_ms) override;
        std::vector<CallResult> wait(const SedContact& sed, const std::vector<RequestId>& ids,
                                     unsigned wait_ms) override;
        void cancel(const SedContact& sed, const RequestId& id) override;
        bool knows(const SedContact& sed, const RequestId& id) override;
        CallReport report(const SedContact& sed, const RequestId& id) override;

        // As long as it knows it.
        std::optional<CallResult> look(const SedContact& sed, const RequestId& id);

    private:
        client::SedStubs stubs_;
    };

    using Runner = std::shared_ptr<client::CallRunner>;

    std::optional<CallResult> ended_elsewhere(const RequestId& id);
    void note_names(const DetachedCall& call);
    void run(const DetachedCall& call);
    Runner runner() const;  // throws Error cancelled
    static std::shared_ptr<client::Call> find(client::CallRunner& runner, const RequestId& id);

    Agent& agent_;
    Master& master_;
    const DetachedBook book_;
    Placing placing_;
    Seds seds_;
    Guarded<std::set<RequestId>> running_;                 // of the calls in the book
    Guarded<std::map<std::string, PendingOutput>> names_;  // of the data that they compute
    Guarded<bool> stopping_{false};
    Guarded<Runner> runner_;  // last: its threads use what is above
};

}  // namespace juxta::agent
