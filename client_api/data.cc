// Handles and holds of the public C++ interface.
#include "client_api/juxta/data.h"

#include <cstring>

#include "client_api/connection.h"
#include "client_api/core/data_transfer.h"

namespace juxta {

ReadAccess::ReadAccess(std::shared_ptr<Connection> connection, std::unique_ptr<data::ReadHold> hold)
    : connection_(std::move(connection)), hold_(std::move(hold)), bytes_(hold_->map()) {}
ReadAccess::~ReadAccess() = default;
ReadAccess::ReadAccess(ReadAccess&&) noexcept = default;
ReadAccess& ReadAccess::operator=(ReadAccess&& other) noexcept {
    // The hold goes before the connection that it needs.
    hold_ = std::move(other.hold_);
    connection_ = std::move(other.connection_);
    bytes_ = other.bytes_;
    return *this;
}

Version ReadAccess::version() const { return hold_->version(); }

std::vector<Movement> ReadAccess::moved() const { return hold_->moved(); }

WriteAccess::WriteAccess(std::shared_ptr<Connection> connection,
                         std::unique_ptr<data::WriteHold> hold, DataType type)
    : connection_(std::move(connection)), hold_(std::move(hold)), type_(std::move(type)) {}
WriteAccess::~WriteAccess() = default;
WriteAccess::WriteAccess(WriteAccess&&) noexcept = default;
WriteAccess& WriteAccess::operator=(WriteAccess&& other) noexcept {
    hold_ = std::move(other.hold_);
    connection_ = std::move(other.connection_);
    type_ = std::move(other.type_);
    bytes_ = other.bytes_;
    patched_ = other.patched_;
    return *this;
}

std::span<std::byte> WriteAccess::bytes(Start start) {
    if (patched_) {
        throw Error(
            ErrorCode::invalid_argument,
            "this hold was used to write parts of the datum: commit it before mapping the whole");
    }
    if (!bytes_.empty() || bytes_of(type_) == std::uint64_t{0}) return bytes_;
    bytes_ = hold_->map_whole();
    if (start == Start::current && hold_->base() > 0) {
        // Nobody else can commit meanwhile: the newest version is the one this hold follows.
        connection_->access->acquire_read(hold_->datum().id)->read(0, bytes_);
    }
    return bytes_;
}

void WriteAccess::write_bytes(std::uint64_t offset, std::span<const std::byte> from,
                              const Progress& progress) {
    if (!bytes_.empty()) {
        throw Error(ErrorCode::invalid_argument,
                    "this hold has mapped the whole datum: write there, or commit it first");
    }
    patched_ = true;
    hold_->write(offset, from, progress);
}

Version WriteAccess::commit() {
    const Version version = hold_->release();
    bytes_ = {};
    return version;
}

DataHandle::DataHandle(std::shared_ptr<Connection> connection, DataId id, DataType type)
    : connection_(std::move(connection)), id_(id), type_(std::move(type)) {}

ReadAccess DataHandle::read() const {
    return ReadAccess(connection_, connection_->access->acquire_read(id_));
}

ReadAccess DataHandle::read_locked(std::chrono::milliseconds timeout) const {
    data::ReadOptions options;
    options.shared = true;
    options.deadline = data::DataAccess::Clock::now() + timeout;
    return ReadAccess(connection_, connection_->access->acquire_read(id_, options));
}

WriteAccess DataHandle::write(std::chrono::milliseconds timeout) const {
    auto hold = connection_->access->acquire(id_, data::DataAccess::Clock::now() + timeout);
    return WriteAccess(connection_, std::move(hold), type_);
}

Version DataHandle::get_bytes(std::uint64_t offset, std::span<std::byte> into,
                              const Progress& progress) const {
    const auto hold = connection_->access->acquire_read(id_);
    if (!into.empty()) hold->read(offset, into, progress);
    return hold->version();
}

Version DataHandle::put_bytes(std::span<const std::byte> from, const Progress& progress) const {
    return client::store(*connection_->access, id_, from, kLockTimeout, progress);
}

void DataHandle::free() const { connection_->access->free(id_); }

}  // namespace juxta
