// What happens to the value of an element on its way.
//
// A pure value. Elements are copied as they are, whatever their size, or converted between float
// and double, real or complex, or conjugated.
#pragma once

#include "common/model/types.h"
#include "data_service/distribution/arithmetic.h"

namespace juxta::distribution {

struct Conversion {
    enum class Real : std::uint8_t { none, float32, float64 };

    Real source = Real::none, target = Real::none;  // none: bytes, as they are
    bool complex = false;
    bool conjugate = false;

    bool copies() const { return source == target && !conjugate; }
    // Of an element; 0: any.
    Index source_bytes() const { return bytes_of(source); }
    Index target_bytes() const { return bytes_of(target); }

    friend bool operator==(const Conversion&, const Conversion&) = default;

private:
    Index bytes_of(Real real) const {
        if (real == Real::none) return 0;
        return (real == Real::float32 ? 4 : 8) * (complex ? 2 : 1);
    }
};

// invalid_argument for pairs that are not converted: only float and double are, and complex numbers
// of them. Conjugating real numbers leaves them as they are.
Conversion conversion_between(ElementType source, ElementType target, bool conjugate = false);

}  // namespace juxta::distribution
