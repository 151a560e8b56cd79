#include "client_api/core/data_transfer.h"

#include <algorithm>
#include <cstring>

#include "common/base/error.h"

namespace juxta::client {
namespace {

void copy_with_progress(std::span<std::byte> to, std::span<const std::byte> from,
                        const data::Progress& progress) {
    constexpr std::size_t kStep = std::size_t{64} << 20;
    for (std::size_t done = 0; done < from.size();) {
        const std::size_t part = std::min(kStep, from.size() - done);
        std::memcpy(to.data() + done, from.data() + done, part);
        done += part;
        if (progress) progress(done, from.size());
    }
}

}  // namespace

Version store(data::DataAccess& access, const DataId& id, std::span<const std::byte> from,
              std::chrono::milliseconds lock_timeout, const data::Progress& progress) {
    const auto hold = access.acquire(id, data::DataAccess::Clock::now() + lock_timeout);
    if (hold->datum().bytes != from.size()) {
        throw Error(ErrorCode::invalid_argument,
                    to_string(id) + " has " + std::to_string(hold->datum().bytes) +
                        " bytes, given: " + std::to_string(from.size()) + "; nothing was changed");
    }
    // Straight into the provider's memory where there is one on this host.
    if (from.size() > kInlineLimit && access.has_local_provider()) {
        copy_with_progress(hold->map_whole(), from, progress);
    } else if (!from.empty()) {
        hold->write(0, from, progress);
    }
    return hold->release();
}

data::DatumDescription put(data::DataAccess& access, const DataSpec& spec,
                           std::span<const std::byte> from, const std::string& cluster,
                           const data::Progress& progress) {
    data::DatumDescription datum = access.allocate(spec, RequestId::make(), cluster);
    try {
        datum.version = store(access, datum.id, from, std::chrono::seconds(30), progress);
    } catch (...) {
        try {
            access.free(datum.id);
        } catch (const Error&) {
            // The first failure is what the caller must hear of.
        }
        throw;
    }
    return datum;
}

Version fetch(data::DataAccess& access, const DataId& id, std::span<std::byte> into) {
    const auto hold = access.acquire_read(id);
    if (hold->datum().bytes != into.size()) {
        throw Error(ErrorCode::invalid_argument, to_string(id) + " is " +
                                                     to_string(hold->datum().spec.type) + ", " +
                                                     std::to_string(hold->datum().bytes) +
                                                     " bytes, and does not fit exactly into the " +
                                                     std::to_string(into.size()) + " bytes given");
    }
    if (!into.empty()) hold->read(0, into);
    return hold->version();
}

TemporaryData::~TemporaryData() {
    for (const DataId& id : ids_) {
        try {
            access_.free(id);
        } catch (const std::exception&) {
            // Freed with its client.
        }
    }
}

}  // namespace juxta::client
