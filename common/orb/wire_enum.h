// Enumerators that come from a peer.
#pragma once

#include <string>

#include "common/base/error.h"

namespace juxta::orb {

// IDL enumerations are in the order of ours; a newer peer may send one that we do not know.
template <class Ours, class Theirs>
Ours checked(Theirs theirs, Theirs last, const char* what) {
    if (theirs > last) {
        throw Error(ErrorCode::invalid_argument, std::string("unknown ") + what + " on the wire");
    }
    return static_cast<Ours>(theirs);
}

}  // namespace juxta::orb
