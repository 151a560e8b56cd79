// The reference of what the ORB costs: a two-way call without arguments over loopback TCP, to an
// object of `juxta-bench-peer` that does nothing.
//
// Threading: call() from any thread; the program's ORB, a client's, is used and outlives this.
#pragma once

#include <functional>
#include <memory>

namespace juxta::bench {

class NullCall {
public:
    // Of the peer that answers at `port` of 127.0.0.1.
    explicit NullCall(unsigned short port);
    ~NullCall();

    // One call. Error peer_unreachable.
    void call() const;

private:
    struct Remote;
    std::unique_ptr<Remote> remote_;
};

// The peer's side: answers calls while `work`, which is told the port, runs. Returns its result.
int answer_null_calls(const std::function<int(unsigned short port)>& work);

}  // namespace juxta::bench
