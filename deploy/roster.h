// The roster of a platform's processes: who lives, who is up, and their common end.
//
// It asks all in parallel, each under a deadline, so that one silent element delays the others by
// nothing. It keeps no state of its own; records come in and are brought up to date.
//
// Threading: one thread calls; ElementPort and Launcher are called from several.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/model/element.h"
#include "deploy/launcher.h"
#include "deploy/plan.h"
#include "deploy/state.h"

namespace juxta::deploy {

// Element's interface (idl/element.idl), by address "HOST:PORT". All throw Error. Any thread.
class ElementPort {
public:
    virtual ~ElementPort() = default;
    virtual ElementStatus status(const std::string& endpoint, unsigned deadline_ms) = 0;
    virtual void drain(const std::string& endpoint, unsigned deadline_ms) = 0;
    virtual void terminate(const std::string& endpoint, unsigned deadline_ms) = 0;
};

// What is known of an element, and what it answered. `status.state` is down if it did not answer;
// `status.pid` is 0 if no process of it lives.
struct ElementView {
    Element element;
    ElementStatus status;
};

// All in milliseconds.
struct Patience {
    unsigned ready = 30000;     // until all started elements are up
    unsigned drain = 60000;     // until a draining element has ended
    unsigned terminate = 5000;  // until an element that was asked to end has ended
    unsigned signal = 2000;     // the same after SIGTERM; then SIGKILL
    unsigned gone = 3000;       // until the system has forgotten a process that ended
    unsigned answer = 1000;     // of a status
    unsigned lock = 60000;      // for another command on the same platform
};

// How waiting for elements ended: well if both lists are empty.
struct Attendance {
    std::vector<ElementRecord> ended;  // before they were up
    std::vector<ElementRecord> silent;
    std::string why_silent;  // of the first
};

class Roster {
public:
    // The references outlive it.
    Roster(Launcher& launcher, ElementPort& elements, Patience patience)
        : launcher_(launcher), elements_(elements), patience_(patience) {}

    // Finds elements again that were started by other means than this program's.
    void adopt_strays(std::vector<ElementRecord>& records);

    // Returns when all are up, one has ended, or patience has. `say` hears of slow ones.
    Attendance wait_until_up(const std::vector<ElementRecord>& started,
                             const std::function<void(const std::string&)>& say);

    // Ends all of them, and `leftovers`: asks over the network unless `at_once`, then by SIGTERM,
    // then by SIGKILL. Throws Error internal if something of them survives even that.
    void end(const std::vector<ElementRecord>& records, std::vector<Process> leftovers,
             bool at_once);

    // Returns once the system shows nothing of them any more, at most after `gone`.
    void wait_until_gone(const std::vector<ElementRecord>& ended);

    // Asks for draining, and waits for the end. deadline_exceeded if it does not come in time.
    void drain(const ElementRecord& record);

    std::vector<ElementView> look(const std::vector<ElementRecord>& records);

private:
    ElementView look_at(const ElementRecord& record);
    bool wait_for_end(const std::vector<ElementRecord>& records, unsigned milliseconds);

    Launcher& launcher_;
    ElementPort& elements_;
    Patience patience_;
};

}  // namespace juxta::deploy
