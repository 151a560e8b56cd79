// All SeDs, over CORBA. Translates; decides nothing.
//
// An answer is late one second after it was due: a submission has its wait_ms and 900 ms, a long
// poll its wait_ms and a second, everything else one second. References are kept, so that a
// connection is made once. Any thread.
#pragma once

#include <memory>

#include "client_api/core/links.h"
#include "common/orb/node.h"

namespace juxta::client {

class SedStubs final : public SedLink {
public:
    explicit SedStubs(orb::Node& node);  // outlives this
    ~SedStubs() override;

    CallResult submit(const SedContact& sed, const CallOrder& order, unsigned wait_ms) override;
    std::vector<CallResult> wait(const SedContact& sed, const std::vector<RequestId>& ids,
                                 unsigned wait_ms) override;
    // As wait, by who only looks on: results stay as if nobody had asked.
    std::vector<CallResult> watch(const SedContact& sed, const std::vector<RequestId>& ids,
                                  unsigned wait_ms);
    void cancel(const SedContact& sed, const RequestId& id) override;
    bool knows(const SedContact& sed, const RequestId& id) override;
    CallReport report(const SedContact& sed, const RequestId& id) override;

private:
    struct References;
    std::unique_ptr<References> references_;
};

}  // namespace juxta::client
