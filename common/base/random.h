// Unguessable 64-bit numbers, from the kernel. For ids; not for simulations.
#pragma once

#include <cstdint>

namespace juxta {

// Any thread. Never 0.
std::uint64_t secure_random();

}  // namespace juxta
