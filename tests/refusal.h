// What a body refuses with, for the tests of what is refused.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "common/base/error.h"

namespace juxta {

// The text of the Error that `body` throws; "accepted" if there is none.
template <class Body>
std::string refusal_of(Body&& body) {
    try {
        body();
    } catch (const Error& e) {
        return e.what();
    }
    return "accepted";
}

// The code of the Error that `body` throws, whose text has `mention` in it; `internal` and a
// failure of the test if there is none.
template <class Body>
ErrorCode failure_of(Body&& body, const std::string& mention = {}) {
    try {
        body();
    } catch (const Error& e) {
        EXPECT_NE(std::string(e.what()).find(mention), std::string::npos) << e.what();
        return e.code();
    }
    ADD_FAILURE() << "nothing was refused";
    return ErrorCode::internal;
}

}  // namespace juxta
