// Which services the children offer, by both of their names, and who offers each.
//
// Decides what "matmul" means when several modules have one (it refuses to guess), and tells a
// service that nobody ever offered from one whose servers have just gone. Remembers at most 256
// of the latter.
//
// A machine: no clock, no thread. Built anew when a child comes, goes or changes; looked up for
// every call.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/child_link.h"
#include "common/base/time.h"

namespace juxta::agent {

class ServiceIndex {
public:
    struct Service {
        Profile profile;
        std::vector<Child> offered_by;  // by child name; empty: nobody at the moment
        Time gone_since = 0;            // meaningful while nobody offers it
    };

    // Children that disagree about a service's arguments: the first one, by name, is believed, and
    // only those who agree with it count. The names of the services that were disagreed about.
    std::vector<std::string> rebuild(const std::vector<Child>& children, Time now);

    // nullptr: unknown. Throws invalid_argument if a short name has several meanings.
    const Service* find(std::string_view service) const;

    // Those on offer, ordered by full name.
    std::vector<Profile> profiles() const;

    // Names that `service` may have meant, the nearest first, at most three.
    std::vector<std::string> near(std::string_view service) const;

private:
    void forget_oldest_gone();

    std::map<std::string, Service, std::less<>> by_full_name_;
    std::map<std::string, std::vector<std::string>, std::less<>> full_names_;  // by short name
};

}  // namespace juxta::agent
