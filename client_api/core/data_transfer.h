// Whole data between the caller's memory and the data service.
//
// Any thread; blocks for the transfer.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "data_service/core/data_access.h"

namespace juxta::client {

// Replaces the contents under the exclusive lock; returns the new version. invalid_argument unless
// `from` has exactly as many bytes as the datum.
Version store(data::DataAccess& access, const DataId& id, std::span<const std::byte> from,
              std::chrono::milliseconds lock_timeout = std::chrono::seconds(30),
              const data::Progress& progress = {});

// Allocates a datum and stores `from` in it; on failure nothing is left.
data::DatumDescription put(data::DataAccess& access, const DataSpec& spec,
                           std::span<const std::byte> from, const std::string& cluster = {},
                           const data::Progress& progress = {});

// Copies the newest version; returns which. invalid_argument unless `into` has as many bytes.
Version fetch(data::DataAccess& access, const DataId& id, std::span<std::byte> into);

// Data that live for one call: freed with this. A datum that cannot be freed now is freed with its
// client.
class TemporaryData {
public:
    explicit TemporaryData(data::DataAccess& access) : access_(access) {}
    ~TemporaryData();
    TemporaryData(const TemporaryData&) = delete;
    TemporaryData& operator=(const TemporaryData&) = delete;

    void add(const DataId& id) { ids_.push_back(id); }
    bool empty() const { return ids_.empty(); }

private:
    data::DataAccess& access_;
    std::vector<DataId> ids_;
};

}  // namespace juxta::client
