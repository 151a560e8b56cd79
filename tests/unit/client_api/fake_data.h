// A data service in one map.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

#include "common/base/error.h"
#include "common/base/guarded.h"
#include "data_service/core/data_access.h"

namespace juxta::client {

class FakeData final : public data::DataAccess {
public:
    struct Datum {
        data::DatumDescription description;
        std::vector<std::byte> bytes;
    };
    using State = std::map<DataId, Datum>;

    const Place& place() const override { return place_; }
    ClientId client() const override { return ClientId{7}; }

    data::DatumDescription allocate(const DataSpec& spec, const RequestId&,
                                    const std::string& cluster) override {
        Datum made;
        made.description.id = DataId::make(cluster.empty() ? place_.cluster : cluster);
        made.description.spec = spec;
        made.description.bytes = bytes_of(spec.type).value();
        made.bytes.resize(made.description.bytes);
        return state
            .with([&](State& data) {
                if (data.size() >= capacity) throw Error(ErrorCode::out_of_space, "full");
                return data[made.description.id] = made;
            })
            .description;
    }
    data::DatumDescription describe(const DataId& id) override { return stored(id).description; }
    data::DatumDescription find(const std::string& id_or_name) override {
        if (const auto id = parse_data_id(id_or_name)) return describe(*id);
        return state.with([&](State& data) {
            for (const auto& [id, datum] : data) {
                if (datum.description.spec.name == id_or_name) return datum.description;
            }
            throw Error(ErrorCode::not_found, "no datum is named '" + id_or_name + "'");
        });
    }
    std::vector<data::DatumDescription> list() override { return {}; }
    data::DatumDescription change(const DataId& id, const data::SpecChange&) override {
        return describe(id);
    }
    void free(const DataId& id) override {
        state.with([&](State& data) { data.erase(id); });
    }
    void renew(const DataId&) override {}
    std::unique_ptr<data::ReadHold> acquire_read(const DataId& id,
                                                 const data::ReadOptions&) override {
        return std::make_unique<Read>(stored(id));
    }
    std::unique_ptr<data::WriteHold> acquire(const DataId& id, Clock::time_point,
                                             const data::LockOptions&) override {
        return std::make_unique<Write>(*this, stored(id));
    }
    std::unique_ptr<data::WriteHold> resume(const DataId& id, data::Token) override {
        return std::make_unique<Write>(*this, stored(id));
    }
    data::LockStatus look(const DataId&) override { return {}; }
    std::vector<DatumLocation> locate(const std::vector<DataId>&) override { return {}; }
    bool has_local_provider() override { return local_provider; }

    std::size_t count() {
        return state.with([](State& data) { return data.size(); });
    }

    Guarded<State> state;
    std::size_t capacity = 1000;
    bool local_provider = true;

private:
    class Read final : public data::ReadHold {
    public:
        explicit Read(Datum datum) : datum_(std::move(datum)) {}
        const data::DatumDescription& datum() const override { return datum_.description; }
        Version version() const override { return datum_.description.version; }
        void read(std::uint64_t offset, std::span<std::byte> into, const data::Progress&) override {
            if (offset + into.size() > datum_.bytes.size())
                throw Error(ErrorCode::invalid_argument, "outside");
            std::memcpy(into.data(), datum_.bytes.data() + offset, into.size());
        }
        std::span<const std::byte> map() override { return datum_.bytes; }
        std::vector<data::LocalPiece> pieces() override { return {}; }
        std::vector<Movement> moved() const override { return {}; }

    private:
        Datum datum_;
    };

    class Write final : public data::WriteHold {
    public:
        Write(FakeData& owner, Datum datum) : owner_(owner), datum_(std::move(datum)) {}
        const data::DatumDescription& datum() const override { return datum_.description; }
        data::Token token() const override { return data::Token{}; }
        Version base() const override { return datum_.description.version; }
        void read(std::uint64_t offset, std::span<std::byte> into) override {
            std::memcpy(into.data(), datum_.bytes.data() + offset, into.size());
        }
        void write(std::uint64_t offset, std::span<const std::byte> from,
                   const data::Progress&) override {
            if (offset + from.size() > datum_.bytes.size())
                throw Error(ErrorCode::invalid_argument, "outside");
            std::memcpy(datum_.bytes.data() + offset, from.data(), from.size());
        }
        data::LocalPiece create_whole(const data::WholeOptions&) override { return {}; }
        std::span<std::byte> map_whole() override {
            // Nothing of the base shows through.
            std::fill(datum_.bytes.begin(), datum_.bytes.end(), std::byte{0xee});
            return datum_.bytes;
        }
        Version release() override {
            ++datum_.description.version;
            owner_.state.with([&](State& data) { data[datum_.description.id] = datum_; });
            return datum_.description.version;
        }
        std::vector<Movement> moved() const override { return {}; }

    private:
        FakeData& owner_;
        Datum datum_;
    };

    Datum stored(const DataId& id) {
        return state.with([&](State& data) {
            const auto found = data.find(id);
            if (found == data.end())
                throw Error(ErrorCode::not_found, to_string(id) + " is unknown");
            return found->second;
        });
    }

    Place place_{"h1", "c1"};
};

}  // namespace juxta::client
