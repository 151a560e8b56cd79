#include "data_service/distribution/conversion.h"

#include <string>

#include "common/base/error.h"

namespace juxta::distribution {
namespace {

using Real = Conversion::Real;

Real real_of(ElementType type) {
    switch (type) {
        case ElementType::float32:
        case ElementType::complex64: return Real::float32;
        case ElementType::float64:
        case ElementType::complex128: return Real::float64;
        default: return Real::none;
    }
}

bool is_complex(ElementType type) {
    return type == ElementType::complex64 || type == ElementType::complex128;
}

}  // namespace

Conversion conversion_between(ElementType source, ElementType target, bool conjugate) {
    conjugate = conjugate && is_complex(source);
    if (source == target && !conjugate) return {};
    const Real from = real_of(source);
    const Real to = real_of(target);
    if (from == Real::none || to == Real::none || is_complex(source) != is_complex(target)) {
        throw Error(ErrorCode::invalid_argument,
                    "elements of type " + std::string(name_of(source)) + " do not become " +
                        std::string(name_of(target)) +
                        " on their way: only float and double do, and complex numbers of them; "
                        "nothing was moved");
    }
    return {from, to, is_complex(source), conjugate};
}

}  // namespace juxta::distribution
