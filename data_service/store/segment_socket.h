// How processes of one host share segments with their provider: a Unix socket, mode 0600, peers
// of the same user only (SO_PEERCRED). Descriptors pass by SCM_RIGHTS; large segments are never
// copied. One request, one answer, in order, on a SOCK_SEQPACKET connection.
//
// Works without CORBA, so that a worker process needs no ORB to map its arguments.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data_service/store/segment_store.h"

namespace juxta::data {

// The provider's end. Threads of its own. The memory of a segment that was handed out is not used
// for another before its user said that it has unmapped it, or has ended.
class SegmentSocketServer {
public:
    // Listens on `path` (an old socket file there is replaced). Throws Error invalid_argument if
    // the path is too long or cannot be bound. `store` must outlive it. `mapped(n)`: n bytes were
    // handed out as a descriptor. `admit` throws Error for a segment that nobody may make (here,
    // or any more); empty: all may be made.
    SegmentSocketServer(const std::string& path, SegmentStore& store,
                        std::function<void(std::uint64_t)> mapped,
                        std::function<void(const SegmentId&)> admit = {});
    ~SegmentSocketServer();  // ends all connections, removes the file

private:
    class Connections;
    std::unique_ptr<Connections> connections_;
};

// A user's end. Threading: one thread at a time; make one for each thread, or guard it.
// Reconnects by itself. Errors: peer_unreachable (no provider there), not_found, out_of_space,
// deadline_exceeded (5 s).
class SegmentSocketClient {
public:
    explicit SegmentSocketClient(std::string path);
    ~SegmentSocketClient();

    // The content of a sealed segment. Its memory stays as it is until its last `fd` is gone: unmap
    // it before.
    SegmentContent open(const SegmentId& segment);

    // The same for several at once; without `fd` those that are small or not here.
    std::vector<SegmentContent> open_large(std::span<const SegmentId> segments);

    // A new segment, to be written through the descriptor, or (small) null: then use write().
    // `reusable`: see SegmentStore::create; at most kMostReusable count.
    std::shared_ptr<const UniqueFd> create(const SegmentId& segment, std::uint64_t bytes,
                                           std::span<const ino_t> reusable = {});
    static constexpr std::size_t kMostReusable = 64;
    void write_small(const SegmentId& segment, std::span<const std::byte> content);

    // Seals it. Every mapping and descriptor of the writer must be gone, unless it is trusted to
    // keep them and write no more (SegmentStore::seal_kept_by_writer).
    void seal(const SegmentId& segment, bool kept_by_writer = false);

    void discard(const SegmentId& segment);

private:
    struct Call;
    struct Reply;
    Reply ask(const Call& call);
    void connect();

    std::string path_;
    std::shared_ptr<const UniqueFd> connection_;  // open as long as what was opened through it
};

}  // namespace juxta::data
