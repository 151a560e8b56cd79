#include "server_daemon/core/kept_outputs.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/process/memory_file.h"

namespace juxta::sed {

KeptOutputs::~KeptOutputs() {
    end_call();
    for (const Kept& kept : kept_) unmap_file(kept.mapped);
}

std::span<std::byte> KeptOutputs::map(const OutputPlace& place) {
    if (!place.keep || place.offset != 0) {
        of_this_call_.push_back(
            map_file(place.fd->get(), place.offset, place.length, PROT_READ | PROT_WRITE));
        return of_this_call_.back();
    }
    struct stat about {};
    ensure(::fstat(place.fd->get(), &about) == 0, "a place is a file");
    const auto known = std::ranges::find(kept_, about.st_ino, &Kept::file);
    if (known != kept_.end() && known->mapped.size() >= place.length &&
        ::mprotect(known->mapped.data(), known->mapped.size(), PROT_READ | PROT_WRITE) == 0) {
        known->in_use = true;
        std::rotate(known, known + 1, kept_.end());
        return kept_.back().mapped.first(place.length);
    }
    // All of the file: the next result may be a little larger.
    const auto mapped = map_file(place.fd->get(), 0, static_cast<std::uint64_t>(about.st_size),
                                 PROT_READ | PROT_WRITE);
    if (known != kept_.end()) {
        unmap_file(known->mapped);
        kept_.erase(known);
    }
    kept_.push_back({about.st_ino, mapped, true});
    return mapped.first(place.length);
}

void KeptOutputs::end_call() {
    for (const auto& mapped : of_this_call_) unmap_file(mapped);
    of_this_call_.clear();
    std::uint64_t bytes = 0;
    for (Kept& kept : kept_) {
        bytes += kept.mapped.size();
        if (std::exchange(kept.in_use, false))
            ::mprotect(kept.mapped.data(), kept.mapped.size(), PROT_READ);
    }
    while (!kept_.empty() && (kept_.size() > limits_.mappings || bytes > limits_.bytes)) {
        bytes -= kept_.front().mapped.size();
        unmap_file(kept_.front().mapped);
        kept_.erase(kept_.begin());
    }
}

std::vector<ino_t> KeptOutputs::files() const {
    std::vector<ino_t> files;
    for (const Kept& kept : kept_)
        if (!kept.in_use) files.push_back(kept.file);
    return files;
}

}  // namespace juxta::sed
