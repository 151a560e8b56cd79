// Results in a worker's memory: written where they are to stay.
//
// What the provider of this host lends stays mapped after the call, read-only, so that the provider
// can lend the same memory again, with its pages, once nobody reads that result any more. It tells
// memory apart by the number of its file. A result begins with whatever was there.
//
// Threading: the worker's main thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "server_daemon/core/worker_pool.h"

namespace juxta::sed {

class KeptOutputs {
public:
    struct Limits {
        std::size_t mappings = 8;
        std::uint64_t bytes = std::uint64_t{4} << 30;
    };

    KeptOutputs() : KeptOutputs(Limits{}) {}
    explicit KeptOutputs(Limits limits) : limits_(limits) {}
    ~KeptOutputs();
    KeptOutputs(const KeptOutputs&) = delete;
    KeptOutputs& operator=(const KeptOutputs&) = delete;

    // The whole place, writable until end_call(). It has a descriptor and is not empty. Throws
    // Error out_of_space.
    std::span<std::byte> map(const OutputPlace& place);

    // Unmaps what the SeD did not ask to keep, and of what it did the oldest above the limits;
    // nothing can be written any more.
    void end_call();

    // Which files may be lent again.
    std::vector<ino_t> files() const;

private:
    struct Kept {
        ino_t file = 0;
        std::span<std::byte> mapped;  // from the file's start on
        bool in_use = false;
    };

    const Limits limits_;
    std::vector<Kept> kept_;  // least recently used first
    std::vector<std::span<std::byte>> of_this_call_;
};

}  // namespace juxta::sed
