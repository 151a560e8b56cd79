#include "bench/corba/null_call.h"

#include <string>

#include "common/orb/element_servant.h"
#include "common/orb/error_bridge.h"
#include "common/orb/node.h"

namespace juxta::bench {

struct NullCall::Remote {
    Wire::Element_var element;
};

NullCall::NullCall(unsigned short port) : remote_(std::make_unique<Remote>()) {
    int argc = 0;
    CORBA::ORB_var orb = CORBA::ORB_init(argc, nullptr, "omniORB4");  // the one there is
    const std::string location = "corbaloc:iiop:127.0.0.1:" + std::to_string(port) + "/Element";
    CORBA::Object_var object = orb->string_to_object(location.c_str());
    remote_->element = Wire::Element::_unchecked_narrow(object);
}

NullCall::~NullCall() = default;

void NullCall::call() const {
    orb::ask([&] { remote_->element->drain(); });
}

int answer_null_calls(const std::function<int(unsigned short port)>& work) {
    orb::Ending ending;
    orb::ElementServant servant([] { return ElementStatus{}; }, [] {}, ending);
    orb::Node node({});
    node.activate("Element", &servant);
    node.serve();
    return work(node.port());
}

}  // namespace juxta::bench
