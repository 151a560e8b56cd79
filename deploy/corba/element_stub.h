// Element over CORBA.
//
// Threading: any thread.
#pragma once

#include "deploy/roster.h"

namespace juxta::orb {
class Node;
}

namespace juxta::deploy {

class ElementStub final : public ElementPort {
public:
    // `node` outlives it.
    explicit ElementStub(orb::Node& node) : node_(node) {}

    ElementStatus status(const std::string& endpoint, unsigned deadline_ms) override;
    void drain(const std::string& endpoint, unsigned deadline_ms) override;
    void terminate(const std::string& endpoint, unsigned deadline_ms) override;

private:
    orb::Node& node_;
};

}  // namespace juxta::deploy
