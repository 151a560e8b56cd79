#include "deploy/corba/element_stub.h"

#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"
#include "common/orb/node.h"
#include "element.hh"

namespace juxta::deploy {

ElementStatus ElementStub::status(const std::string& endpoint, unsigned deadline_ms) {
    return orb::ask([&] {
        const orb::Deadline deadline(deadline_ms);
        const auto element = node_.resolve<Wire::Element>(endpoint, "Element");
        const Wire::ElementStatus_var answer = element->status();
        return orb::from_wire(answer.in());
    });
}

void ElementStub::drain(const std::string& endpoint, unsigned deadline_ms) {
    orb::ask([&] {
        const orb::Deadline deadline(deadline_ms);
        node_.resolve<Wire::Element>(endpoint, "Element")->drain();
    });
}

void ElementStub::terminate(const std::string& endpoint, unsigned deadline_ms) {
    orb::ask([&] {
        const orb::Deadline deadline(deadline_ms);
        node_.resolve<Wire::Element>(endpoint, "Element")->terminate();
    });
}

}  // namespace juxta::deploy
