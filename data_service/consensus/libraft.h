// libraft and libuv, for the files of this folder only. libraft's headers are C11; the macro keeps
// the one construct of theirs that C++ refuses (types defined inside sizeof) from the compiler.
#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>

extern "C" {
#define static_assert(...) static_assert(true, "")
#include <raft.h>
#include <raft/uv.h>
#undef static_assert
}
