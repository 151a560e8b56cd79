#include "tests/unit/server_daemon/fake_data.h"

#include <sys/mman.h>

#include <cstring>

#include "common/base/error.h"
#include "common/process/memory_file.h"

namespace juxta::sed {

class FakeRead final : public data::ReadHold {
public:
    FakeRead(FakeData& owner, data::DatumDescription datum, std::vector<std::byte> bytes)
        : owner_(owner), datum_(std::move(datum)), bytes_(std::move(bytes)) {}
    ~FakeRead() override {
        owner_.state_.with([](FakeData::State& state) { --state.pinned; });
    }
    const data::DatumDescription& datum() const override { return datum_; }
    Version version() const override { return datum_.version; }
    void read(std::uint64_t offset, std::span<std::byte> into, const data::Progress&) override {
        std::memcpy(into.data(), bytes_.data() + offset, into.size());
    }
    std::span<const std::byte> map() override { return bytes_; }
    std::vector<data::LocalPiece> pieces() override {
        // In two parts, the first a page, where there is more than that; by value below.
        const std::string name = to_string(datum_.id) + "/" + std::to_string(datum_.version);
        data::LocalPiece piece;
        piece.segment = name;
        piece.length = bytes_.size();
        if (bytes_.size() <= kPage) {
            piece.bytes = bytes_;
            return {piece};
        }
        piece.fd = std::make_shared<const UniqueFd>(memory_file("fake", bytes_));
        data::LocalPiece rest = piece;
        piece.length = kPage;
        rest.offset = rest.fd_offset = kPage;
        rest.length = bytes_.size() - kPage;
        return {piece, rest};
    }
    std::vector<Movement> moved() const override { return {{"", "p2", "p1", bytes_.size()}}; }

private:
    FakeData& owner_;
    data::DatumDescription datum_;
    std::vector<std::byte> bytes_;
};

class FakeWrite final : public data::WriteHold {
public:
    FakeWrite(FakeData& owner, data::DatumDescription datum)
        : owner_(owner), datum_(std::move(datum)) {}
    ~FakeWrite() override { unlock(); }
    const data::DatumDescription& datum() const override { return datum_; }
    data::Token token() const override { return 1; }
    Version base() const override { return datum_.version; }
    void read(std::uint64_t, std::span<std::byte>) override {}
    void write(std::uint64_t offset, std::span<const std::byte> from,
               const data::Progress&) override {
        bytes_.resize(datum_.bytes);
        std::memcpy(bytes_.data() + offset, from.data(), from.size());
    }
    data::LocalPiece create_whole(const data::WholeOptions&) override {
        data::LocalPiece piece;
        piece.length = datum_.bytes;
        if (datum_.bytes > kPage) {
            file_ = std::make_shared<const UniqueFd>(memory_file("fake", datum_.bytes));
            piece.fd = file_;
        }
        return piece;
    }
    std::span<std::byte> map_whole() override { return {}; }
    Version release() override {
        if (file_) {
            ensure(file_.use_count() == 1, "nobody holds the descriptor at the release");
            const auto mapped = map_file(file_->get(), 0, datum_.bytes, PROT_READ);
            bytes_.assign(mapped.begin(), mapped.end());
            unmap_file(mapped);
        }
        bytes_.resize(datum_.bytes);
        const Version version = owner_.state_.with([&](FakeData::State& state) {
            if (const auto failure = std::exchange(state.release_failure, std::nullopt)) {
                throw Error(*failure, "the release was refused");
            }
            FakeData::Datum& datum = state.data.at(datum_.id);
            datum.bytes = bytes_;
            return ++datum.version;
        });
        unlock();
        return version;
    }
    std::vector<Movement> moved() const override { return {}; }

private:
    void unlock() {
        if (!std::exchange(held_, false)) return;
        owner_.state_.change([&](FakeData::State& state) {
            if (const auto datum = state.data.find(datum_.id); datum != state.data.end()) {
                datum->second.locked = false;
            }
        });
    }

    FakeData& owner_;
    data::DatumDescription datum_;
    std::vector<std::byte> bytes_;
    std::shared_ptr<const UniqueFd> file_;
    bool held_ = true;
};

data::DatumDescription FakeData::described(const State& state, const DataId& id) const {
    const auto known = state.data.find(id);
    if (known == state.data.end()) throw Error(ErrorCode::not_found, "no datum " + to_string(id));
    data::DatumDescription datum;
    datum.id = id;
    datum.spec = known->second.spec;
    datum.bytes = bytes_of(datum.spec.type).value();
    datum.version = known->second.version;
    return datum;
}

DataId FakeData::put(const DataType& type, std::vector<std::byte> content) {
    const DataId id = DataId::make("c1");
    state_.with([&](State& state) {
        Datum& datum = state.data[id];
        datum.spec.type = type;
        datum.bytes = std::move(content);
        datum.version = 1;
    });
    return id;
}

Version FakeData::version(const DataId& id) const {
    return state_.with([&](const State& state) { return state.data.at(id).version; });
}
std::size_t FakeData::count() const {
    return state_.with([](const State& state) { return state.data.size(); });
}
std::size_t FakeData::pinned() const {
    return state_.with([](const State& state) { return state.pinned; });
}
std::string FakeData::name(const DataId& id) const {
    return state_.with([&](const State& state) { return state.data.at(id).spec.name; });
}
void FakeData::fail_release(ErrorCode code) {
    state_.with([&](State& state) { state.release_failure = code; });
}

data::DatumDescription FakeData::allocate(const DataSpec& spec, const RequestId&,
                                          const std::string&) {
    const DataId id = DataId::make("c1");
    return state_.with([&](State& state) {
        if (bytes_of(spec.type).value() > (std::uint64_t{1} << 32)) {
            throw Error(ErrorCode::out_of_space, "no provider has that much");
        }
        state.data[id].spec = spec;
        state.last_allocated = spec;
        return described(state, id);
    });
}
DataSpec FakeData::last_allocated() const {
    return state_.with([](const State& state) { return state.last_allocated; });
}
data::DatumDescription FakeData::describe(const DataId& id) {
    return state_.with([&](State& state) { return described(state, id); });
}
data::DatumDescription FakeData::find(const std::string& id) {
    return describe(parse_data_id(id).value());
}
data::DatumDescription FakeData::change(const DataId& id, const data::SpecChange& change) {
    return state_.with([&](State& state) {
        DataSpec& spec = state.data.at(id).spec;
        if (change.name) spec.name = *change.name;
        if (change.persistence) {
            spec.persistence = *change.persistence;
            spec.lifetime = Lifetime::until_freed;
        }
        return described(state, id);
    });
}
void FakeData::free(const DataId& id) {
    state_.with([&](State& state) { state.data.erase(id); });
}
std::unique_ptr<data::ReadHold> FakeData::acquire_read(const DataId& id, const data::ReadOptions&) {
    return state_.with([&](State& state) {
        auto datum = described(state, id);
        ++state.pinned;
        return std::make_unique<FakeRead>(*this, datum, state.data.at(id).bytes);
    });
}
std::unique_ptr<data::WriteHold> FakeData::acquire(const DataId& id, Clock::time_point deadline,
                                                   const data::LockOptions& options) {
    describe(id);
    std::optional<data::DatumDescription> datum;
    do {
        datum = state_.wait_until(
            std::min(deadline, Clock::now() + std::chrono::milliseconds(100)),
            [&](State& state) { return !state.data.at(id).locked; },
            [&](State& state) {
                state.data.at(id).locked = true;
                return described(state, id);
            });
        if (!datum && options.given_up && options.given_up())
            throw Error(ErrorCode::cancelled, "given up");
    } while (!datum && Clock::now() < deadline);
    if (!datum)
        throw Error(ErrorCode::deadline_exceeded, "datum " + to_string(id) + " stays locked");
    return std::make_unique<FakeWrite>(*this, *datum);
}

}  // namespace juxta::sed
