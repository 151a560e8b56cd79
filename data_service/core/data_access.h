// The data service as its users inside the platform see it: clients, SeDs, the command line.
// Implemented over CORBA and local mappings by data_service/client; by a fake in unit tests.
//
// A handle (DataId) is enough, from any process of any cluster. Failures are Errors whose text
// names the datum. Every blocking operation has a deadline; leases and pins are renewed in the
// background while the objects below live.
//
// Threading: DataAccess from any thread; one ReadHold or WriteHold from one thread at a time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/model/datum.h"
#include "common/model/ids.h"
#include "data_service/protocol/types.h"

namespace juxta::data {

// Part of a version (or of a segment in the making) as another process of this host can use it:
// mapped from a descriptor or, if small, as bytes.
struct LocalPiece {
    std::uint64_t offset = 0;  // in the datum
    std::uint64_t length = 0;
    std::shared_ptr<const UniqueFd> fd;  // null: `bytes` holds the content
    std::uint64_t fd_offset = 0;
    std::vector<std::byte> bytes;
    std::string segment;  // names the content: equal names, equal bytes, so mappings may be kept
};

struct CopyStatus {
    std::string provider;
    Place place;
    std::int64_t pid = 0;  // 0: not known; DataAccess::ask_processes fills it in
    Version version = 0;
    std::string state;    // "full", "filling", "cached"
    std::string address;  // "host:port" of the provider
};

struct BlockStatus {
    BlockNumber block = 0;
    std::string primary;
    std::vector<CopyStatus> copies;
};

// What there is to tell about a datum.
struct DatumDescription {
    DataId id;
    DataSpec spec;
    std::uint64_t bytes = 0;
    Version version = 0;  // newest committed, as far as the manager has heard
    std::string owner;    // cluster
    bool lost = false;
    std::vector<BlockStatus> blocks;
};

// Called with bytes done and bytes in all, from the transferring thread, a few times a second.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// One committed version, pinned: it stays readable while this lives, whatever is written
// meanwhile.
class ReadHold {
public:
    virtual ~ReadHold() = default;

    virtual const DatumDescription& datum() const = 0;
    virtual Version version() const = 0;
    virtual Token token() const { return 0; }  // of a shared lock; 0: a snapshot
    // The shared lock's lease ended before it was renewed: others may have written since.
    virtual bool lost() const { return false; }

    // Copies [offset, offset + into.size()) to `into`. invalid_argument if outside the datum.
    virtual void read(std::uint64_t offset, std::span<std::byte> into, const Progress& = {}) = 0;

    // The whole version as one range of memory, valid while this lives: mapped without a copy
    // where a provider of this host holds it or can cache it, else fetched into private memory.
    virtual std::span<const std::byte> map() = 0;

    // The whole version for another process of this host, fetched to this host's provider first
    // if need be. Needs a provider on this host: DataAccess::has_local_provider().
    virtual std::vector<LocalPiece> pieces() = 0;

    // Bytes that came over the network for this hold so far, counted where they arrived.
    virtual std::vector<Movement> moved() const = 0;
};

struct WholeOptions {
    // The process that writes keeps its mapping and is trusted to write no more: the memory may be
    // lent to it again. Else it has unmapped and closed everything before release().
    bool writer_keeps_it = false;
    std::vector<ino_t> reusable{};  // files that it has mapped since then
};

// The exclusive lock. Destroying it without release() gives the lock back and changes nothing.
class WriteHold {
public:
    virtual ~WriteHold() = default;

    virtual const DatumDescription& datum() const = 0;
    virtual Token token() const = 0;
    virtual Version base() const = 0;  // the version that release() will follow
    // The lease ended before it was renewed: release() will fail.
    virtual bool lost() const { return false; }

    // The state so far: the base version with what was written under this hold.
    virtual void read(std::uint64_t offset, std::span<std::byte> into) = 0;

    // Becomes visible at release(), together with everything else written.
    virtual void write(std::uint64_t offset, std::span<const std::byte> from,
                       const Progress& = {}) = 0;

    // New memory for the whole datum on this host's provider, to be filled by another process
    // through the descriptor (writable, unless that process has the file mapped). It begins with
    // anything at all. Small data come without a descriptor: use write(). `segment` is named if it
    // is the provider's memory.
    virtual LocalPiece create_whole(const WholeOptions& options = {}) = 0;

    // The same, filled by this process; unmapped by release(). Private memory, pushed at release,
    // where this host has no provider.
    virtual std::span<std::byte> map_whole() = 0;

    // Commits. Returns the new version. lease_expired: nothing was committed, ever.
    // A hold that was resumed commits and leaves the lock to whoever took it.
    virtual Version release() = 0;

    // Bytes that went over the network for this hold.
    virtual std::vector<Movement> moved() const = 0;
};

struct SpecChange {
    std::optional<std::string> name;
    std::optional<std::uint16_t> copies;
    std::optional<Persistence> persistence;
    std::optional<std::uint16_t> clusters;
    std::optional<std::uint64_t> lease_ms;  // it lives as long as it is renewed that often
};

// Of a lock, exclusive or shared.
struct LockOptions {
    std::chrono::milliseconds lease{0};  // how long it outlives a holder that falls silent;
                                         // 0.5 s to 24 h; 0: the usual
    std::function<bool()> given_up;      // asked now and then while waiting; then `cancelled`
};

// Of acquire_read.
struct ReadOptions {
    // The newest version under a shared lock: nobody commits while the hold lives. Without it, a
    // snapshot: as fresh as the datum's consistency protocol says (consistency.h).
    bool shared = false;
    // Of the shared lock: deadline_exceeded if it is not had by then.
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    LockOptions lock;
    // Of a distributed datum (DataSpec::layout): the bytes of its pieces, one after the other, as
    // they are stored, instead of its array.
    bool as_stored = false;
};

// Who has the lock of a datum now.
struct LockStatus {
    enum class Mode : std::uint8_t { none, exclusive, shared };
    struct Holder {
        Token token = 0;
        ClientId client;
        std::chrono::milliseconds left{0};  // of its lease, unless it is renewed
    };
    Mode mode = Mode::none;
    std::vector<Holder> holders;  // one, or the readers
    std::size_t waiting = 0;
    Version newest = 0;
};

class DataAccess {
public:
    using Clock = std::chrono::steady_clock;

    virtual ~DataAccess() = default;

    virtual const Place& place() const = 0;
    virtual ClientId client() const = 0;

    // Allocates in `cluster` (empty: the own one). The same request, the same datum.
    virtual DatumDescription allocate(const DataSpec& spec, const RequestId& request,
                                      const std::string& cluster = {}) = 0;

    // not_found; a lost datum is described, with `lost`.
    virtual DatumDescription describe(const DataId& id) = 0;
    // Accepts "d:..." and names.
    virtual DatumDescription find(const std::string& id_or_name) = 0;
    virtual std::vector<DatumDescription> list() = 0;

    // Fills in the process ids of all copies' providers, by asking each once (1 s at most); 0 for
    // those that do not answer. For people: nothing else needs them.
    virtual void ask_processes(std::vector<DatumDescription>&) {}

    virtual DatumDescription change(const DataId& id, const SpecChange& change) = 0;
    virtual void free(const DataId& id) = 0;

    // Says again that a Lifetime::lease datum is wanted.
    virtual void renew(const DataId& id) = 0;

    virtual std::unique_ptr<ReadHold> acquire_read(const DataId& id,
                                                   const ReadOptions& options = {}) = 0;
    // deadline_exceeded if the lock is not had by then; invalid_argument if the datum is written
    // once and was. Who waits is served in the order of coming.
    virtual std::unique_ptr<WriteHold> acquire(const DataId& id, Clock::time_point deadline,
                                               const LockOptions& options = {}) = 0;
    // Under an exclusive lock that another process holds and renews. lease_expired if `token` does
    // not hold the lock. One process at a time may write under one token.
    virtual std::unique_ptr<WriteHold> resume(const DataId& id, Token token) = 0;
    virtual LockStatus look(const DataId& id) = 0;

    // Where the newest versions are. Unknown and lost data are left out.
    virtual std::vector<DatumLocation> locate(const std::vector<DataId>& ids) = 0;

    // Whether this host has a provider now.
    virtual bool has_local_provider() = 0;
};

}  // namespace juxta::data
