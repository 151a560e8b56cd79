// What an agent asks of a child: the port through which it reaches SeDs and agents below.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/child_info.h"
#include "common/model/scheduling.h"

namespace juxta::agent {

// Every method ends within `wait_ms` and throws Error: deadline_exceeded, peer_unreachable, or the
// child's own refusal (no_server). Any thread.
class ChildLink {
public:
    virtual ~ChildLink() = default;

    // A SeD: itself, or no_server if it cannot take the call. An agent: the best `limit` below it.
    virtual std::vector<Candidate> collect(const ScheduleRequest& request, std::uint32_t limit,
                                           unsigned wait_ms) = 0;

    // The SeD, this one or one below, that knows the request.
    virtual std::optional<SedContact> find_request(const RequestId& id, unsigned wait_ms) = 0;
};

class Connector {
public:
    virtual ~Connector() = default;

    // Asks nobody. Throws invalid_argument if the child's address is none.
    virtual std::shared_ptr<ChildLink> connect(const ChildInfo& child) = 0;
};

// A child that may be asked. Stays good while it is kept, whatever happens to the child.
struct Child {
    std::shared_ptr<const ChildInfo> info;
    std::shared_ptr<ChildLink> link;
};

}  // namespace juxta::agent
