// A SeD that only tells of itself: joins an agent, answers `estimate` and `knows`.
// Arguments: name, parent address, number of running calls it claims, request it knows (or -).
#include <cstdio>
#include <cstdlib>

#include "agent/corba/parent_link.h"
#include "agent/core/membership.h"
#include "common/base/incarnation.h"
#include "common/orb/element_servant.h"
#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"
#include "server_daemon.hh"

namespace juxta {
namespace {

class FakeSed final : public POA_Wire::ServerDaemon {
public:
    FakeSed(std::uint32_t running, std::string known)
        : running_(running), known_(std::move(known)) {}

    Wire::EstimationVector* estimate(const Wire::ScheduleRequest&) override {
        EstimationVector self;
        self.running = running_;
        return new Wire::EstimationVector(orb::to_wire(self));
    }
    CORBA::Boolean knows(const Wire::RequestId& id) override {
        return to_string(orb::from_wire(id)) == known_;
    }
    Wire::CallResult* submit(Wire::u64, const Wire::CallOrder&, CORBA::ULong) override {
        return orb::answer([]() -> Wire::CallResult* { refuse(); });
    }
    Wire::CallResults* wait(const Wire::RequestIds&, CORBA::ULong) override {
        return orb::answer([]() -> Wire::CallResults* { refuse(); });
    }
    Wire::CallResults* watch(const Wire::RequestIds&, CORBA::ULong) override {
        return orb::answer([]() -> Wire::CallResults* { refuse(); });
    }
    Wire::CallReport* report(const Wire::RequestId&) override {
        return orb::answer([]() -> Wire::CallReport* { refuse(); });
    }
    void cancel(const Wire::RequestId&) override {
        orb::answer([] { refuse(); });
    }

private:
    [[noreturn]] static void refuse() {
        throw Error(ErrorCode::no_server, "this SeD of a test runs nothing");
    }

    std::uint32_t running_;
    std::string known_;
};

int serve(char** argv) {
    orb::Ending ending;
    orb::end_on_signals(ending);
    orb::end_with_parent();
    FakeSed sed(static_cast<std::uint32_t>(std::atoi(argv[3])), argv[4]);
    orb::Node node({});
    node.activate("ServerDaemon", &sed);
    node.serve();

    agent::ChildInfo self;
    self.name = argv[1];
    self.address = node.address();
    self.incarnation = next_incarnation({});
    self.place = {"host_" + self.name, "c1"};
    self.services = {{"echo", "testing", {{"x"}, {"y", Mode::out}}, Retry::always}};
    agent::CorbaParentLink parent(node, argv[2]);
    agent::Membership membership(parent, [&] { return self; });
    while (!ending.wait(60'000)) {
    }
    membership.leave();
    return 0;
}

}  // namespace
}  // namespace juxta

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: agent_fake_sed NAME PARENT RUNNING REQUEST\n");
        return 2;
    }
    return juxta::serve(argv);
}
