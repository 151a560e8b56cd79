// References to the objects that many processes have under one key, by address: each made once, for
// the first use of a new one costs a round trip.
//
// Threading: any thread.
#pragma once

#include <map>
#include <string>

#include "common/base/guarded.h"
#include "common/orb/node.h"

namespace juxta::orb {

template <class Interface>
class References {
public:
    using Reference = typename Interface::_var_type;

    // `node` outlives it.
    References(Node& node, std::string key) : node_(node), key_(std::move(key)) {}

    // `address` is "host:port", or "host:port/KEY" of an object under a key of its own.
    Reference at(const std::string& address) {
        const auto known = known_.with([&](const auto& all) -> Reference {
            const auto found = all.find(address);
            return found == all.end() ? Reference() : found->second;
        });
        if (!CORBA::is_nil(known.in())) return known;
        Reference made = node_.resolve<Interface>(address, key_);
        known_.with([&](auto& all) {
            // Addresses that were once in use are forgotten now and then.
            if (all.size() >= kMost) all.clear();
            all[address] = made;
        });
        return made;
    }

private:
    static constexpr std::size_t kMost = 4096;

    Node& node_;
    const std::string key_;
    Guarded<std::map<std::string, Reference>> known_;
};

}  // namespace juxta::orb
