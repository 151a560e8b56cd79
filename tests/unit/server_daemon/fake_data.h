// A data service in this process, for the tests of what uses one.
#pragma once

#include <algorithm>
#include <map>
#include <memory>

#include "common/base/error.h"
#include "common/base/guarded.h"
#include "data_service/core/data_access.h"

namespace juxta::sed {

class FakeData final : public data::DataAccess {
public:
    // With a provider on this host or without.
    explicit FakeData(bool local = true) : local_(local) {}

    DataId put(const DataType& type, std::vector<std::byte> content);
    template <class T>
    DataId put(const DataType& type, const std::vector<T>& values) {
        const auto bytes = std::as_bytes(std::span(values));
        return put(type, std::vector<std::byte>(bytes.begin(), bytes.end()));
    }
    template <class T>
    std::vector<T> content(const DataId& id) const {
        return state_.with([&](const State& state) {
            const auto& bytes = state.data.at(id).bytes;
            std::vector<T> values(bytes.size() / sizeof(T));
            std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::byte*>(values.data()));
            return values;
        });
    }
    Version version(const DataId& id) const;
    std::size_t count() const;
    std::size_t pinned() const;
    std::string name(const DataId& id) const;
    // As it was asked for, before any change.
    DataSpec last_allocated() const;
    // The next release fails with this.
    void fail_release(ErrorCode code);

    const Place& place() const override { return place_; }
    ClientId client() const override { return ClientId{7}; }
    data::DatumDescription allocate(const DataSpec& spec, const RequestId& request,
                                    const std::string& cluster) override;
    data::DatumDescription describe(const DataId& id) override;
    data::DatumDescription find(const std::string& id_or_name) override;
    std::vector<data::DatumDescription> list() override { return {}; }
    data::DatumDescription change(const DataId& id, const data::SpecChange& change) override;
    void free(const DataId& id) override;
    void renew(const DataId&) override {}
    std::unique_ptr<data::ReadHold> acquire_read(const DataId& id,
                                                 const data::ReadOptions&) override;
    std::unique_ptr<data::WriteHold> acquire(const DataId& id, Clock::time_point deadline,
                                             const data::LockOptions& options = {}) override;
    std::unique_ptr<data::WriteHold> resume(const DataId& id, data::Token) override {
        return acquire(id, Clock::now() + std::chrono::seconds(1), {});
    }
    data::LockStatus look(const DataId&) override { return {}; }
    std::vector<DatumLocation> locate(const std::vector<DataId>&) override { return {}; }
    bool has_local_provider() override { return local_; }

private:
    friend class FakeRead;
    friend class FakeWrite;
    struct Datum {
        DataSpec spec;
        std::vector<std::byte> bytes;
        Version version = 0;
        bool locked = false;
    };
    struct State {
        std::map<DataId, Datum> data;
        std::size_t pinned = 0;
        std::optional<ErrorCode> release_failure;
        DataSpec last_allocated;
    };
    data::DatumDescription described(const State& state, const DataId& id) const;

    bool local_;
    Place place_{"h1", "c1"};
    mutable Guarded<State> state_;
};

}  // namespace juxta::sed
