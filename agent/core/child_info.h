// A child of an agent, as it describes itself when it joins: a SeD, or an agent below.
#pragma once

#include <string>
#include <vector>

#include "common/model/ids.h"
#include "common/model/profile.h"

namespace juxta::agent {

struct ChildInfo {
    std::string name;
    bool is_agent = false;
    std::string address;  // "host:port"
    Incarnation incarnation = 0;
    Place place;
    std::vector<Profile> services;  // its own (a SeD), or the union of what is below (an agent)

    friend bool operator==(const ChildInfo&, const ChildInfo&) = default;
};

}  // namespace juxta::agent
