#include "common/base/random.h"

#include <sys/random.h>

#include "common/base/error.h"

namespace juxta {

std::uint64_t secure_random() {
    std::uint64_t number = 0;
    while (number == 0) {
        const auto got = ::getrandom(&number, sizeof number, 0);
        ensure(got == static_cast<ssize_t>(sizeof number), "the kernel gives random numbers");
    }
    return number;
}

}  // namespace juxta
