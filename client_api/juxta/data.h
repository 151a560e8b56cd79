// Handles of data, and holds on them.
//
//     Data<double> c = client.open<double>("C");
//     std::vector<double> values = c.get();              // a copy
//     { auto now = c.read();  use(now.values()); }       // a mapped, immutable version
//     { auto next = c.write(); next.values()[0] = 1; next.commit(); }
//
// A handle is a name for a datum: copying it copies no data, destroying it frees none (free()
// does). Holds are RAII: a ReadAccess keeps its version readable; a WriteAccess has the exclusive
// lock and gives it back, changing nothing, unless commit() was called.
//
// Shapes are row-major extents, slowest first; offsets and counts of typed members are in
// elements, of untyped ones in bytes. Every operation may throw Error: not_found, data_lost,
// unavailable, peer_unreachable, deadline_exceeded; others are named below.
//
// Threading: handles from any thread; a hold from one thread at a time. Handles and holds keep the
// connection alive, even when the Client they come from is gone.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/model/datum.h"
#include "juxta/element.h"
#include "juxta/export.h"

namespace juxta {

namespace data {
class ReadHold;
class WriteHold;
}  // namespace data

struct Connection;

// Called with bytes done and bytes in all, from the transferring thread, a few times a second.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// A committed version, mapped. Valid while this lives, whatever is written meanwhile.
class JUXTA_API ReadAccess {
public:
    ReadAccess(std::shared_ptr<Connection> connection, std::unique_ptr<data::ReadHold> hold);
    ~ReadAccess();
    ReadAccess(ReadAccess&&) noexcept;
    ReadAccess& operator=(ReadAccess&&) noexcept;

    std::span<const std::byte> bytes() const { return bytes_; }
    Version version() const;
    // What came over the network for this hold.
    std::vector<Movement> moved() const;

private:
    std::shared_ptr<Connection> connection_;
    std::unique_ptr<data::ReadHold> hold_;
    std::span<const std::byte> bytes_;
};

// What the memory of a WriteAccess shows at first.
enum class Start {
    current,  // the newest version
    blank,    // nothing in particular: everything will be overwritten; saves reading
};

// The exclusive lock. commit() throws lease_expired if the lock was lost meanwhile: nothing was
// committed then, ever.
class JUXTA_API WriteAccess {
public:
    WriteAccess(std::shared_ptr<Connection> connection, std::unique_ptr<data::WriteHold> hold,
                DataType type);
    ~WriteAccess();
    WriteAccess(WriteAccess&&) noexcept;
    WriteAccess& operator=(WriteAccess&&) noexcept;

    // The whole datum, writable, until commit(). Asked for once more: the same memory.
    std::span<std::byte> bytes(Start start = Start::current);
    // Changes [offset, offset + from.size()) only. Not together with bytes().
    // invalid_argument if outside the datum.
    void write_bytes(std::uint64_t offset, std::span<const std::byte> from, const Progress& = {});

    // Makes everything written visible at once, and gives the lock back. Returns the new version.
    Version commit();

private:
    std::shared_ptr<Connection> connection_;
    std::unique_ptr<data::WriteHold> hold_;
    DataType type_;
    std::span<std::byte> bytes_;
    bool patched_ = false;
};

constexpr std::chrono::milliseconds kLockTimeout{30000};

class JUXTA_API DataHandle {
public:
    DataHandle(std::shared_ptr<Connection> connection, DataId id, DataType type);

    const DataId& id() const { return id_; }
    const DataType& type() const { return type_; }
    const Shape& shape() const { return type_.shape; }

    // The newest version, as fresh as the datum's consistency protocol says.
    ReadAccess read() const;
    // The newest version, under a shared lock: nobody writes while the hold lives.
    // deadline_exceeded if a writer holds the lock for that long.
    ReadAccess read_locked(std::chrono::milliseconds timeout = kLockTimeout) const;
    // deadline_exceeded if another holds the lock for that long.
    WriteAccess write(std::chrono::milliseconds timeout = kLockTimeout) const;

    // Copies the newest version, or a part of it, to `into`; returns which version it was.
    Version get_bytes(std::uint64_t offset, std::span<std::byte> into, const Progress& = {}) const;
    // Replaces the contents; `from` has exactly as many bytes. Returns the new version.
    Version put_bytes(std::span<const std::byte> from, const Progress& = {}) const;

    // The datum is gone afterwards, for everybody.
    void free() const;

private:
    std::shared_ptr<Connection> connection_;
    DataId id_;
    DataType type_;
};

// ReadAccess and WriteAccess of a datum of T.
template <Element T>
class Snapshot : public ReadAccess {
public:
    explicit Snapshot(ReadAccess access) : ReadAccess(std::move(access)) {}
    std::span<const T> values() const {
        return {reinterpret_cast<const T*>(bytes().data()), bytes().size() / sizeof(T)};
    }
};

template <Element T>
class Exclusive : public WriteAccess {
public:
    explicit Exclusive(WriteAccess access) : WriteAccess(std::move(access)) {}
    std::span<T> values(Start start = Start::current) {
        const std::span<std::byte> raw = bytes(start);
        return {reinterpret_cast<T*>(raw.data()), raw.size() / sizeof(T)};
    }
    void write(std::uint64_t first, std::span<const T> from) {
        write_bytes(first * sizeof(T), std::as_bytes(from));
    }
};

template <Element T>
class Data {
public:
    // Throws invalid_argument unless the datum's elements are T.
    explicit Data(DataHandle handle) : handle_(std::move(handle)) {
        if (handle_.type().element == ElementOf<T>::value) return;
        throw Error(ErrorCode::invalid_argument, to_string(handle_.id()) + " holds " +
                                                     std::string(name_of(handle_.type().element)) +
                                                     ", not " +
                                                     std::string(name_of(ElementOf<T>::value)));
    }

    const DataId& id() const { return handle_.id(); }
    const Shape& shape() const { return handle_.shape(); }
    std::uint64_t size() const {
        std::uint64_t elements = 1;
        for (std::uint64_t extent : shape()) elements *= extent;
        return elements;
    }
    const DataHandle& untyped() const { return handle_; }

    std::vector<T> get(const Progress& progress = {}) const {
        std::vector<T> values(size());
        handle_.get_bytes(0, std::as_writable_bytes(std::span(values)), progress);
        return values;
    }
    Version put(std::span<const T> values, const Progress& progress = {}) const {
        return handle_.put_bytes(std::as_bytes(values), progress);
    }
    Snapshot<T> read() const { return Snapshot<T>(handle_.read()); }
    Snapshot<T> read_locked(std::chrono::milliseconds timeout = kLockTimeout) const {
        return Snapshot<T>(handle_.read_locked(timeout));
    }
    Exclusive<T> write(std::chrono::milliseconds timeout = kLockTimeout) const {
        return Exclusive<T>(handle_.write(timeout));
    }
    void free() const { handle_.free(); }

private:
    DataHandle handle_;
};

}  // namespace juxta
