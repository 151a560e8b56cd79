// What passes between SegmentSocketClient and SegmentSocketServer: one SOCK_SEQPACKET message a
// request, one an answer, each a fixed head and at most SegmentStore::kSmall bytes behind it.
//
// Threading: functions of their arguments only.
#pragma once

#include <sys/un.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "data_service/protocol/types.h"

namespace juxta::data {

// create: the numbers (8 bytes each) of files that may be lent again stand behind the head. seal:
// `bytes` is 1 if the writer keeps its mapping. unmapped: `bytes` is the file's number; no answer.
// open_large: `bytes` SegmentNames behind the head; the answer has as many lengths (8 bytes each,
// 0: not here, or small), and a descriptor for each that is not 0.
enum class SegmentCommand : std::uint32_t {
    open = 1,
    create,
    write_small,
    seal,
    discard,
    unmapped,
    open_large
};

struct SegmentName {
    std::uint64_t datum_high = 0;
    std::uint64_t datum_low = 0;
    std::uint64_t token = 0;
    std::uint32_t block = 0;
    std::uint32_t number = 0;

    SegmentName() = default;
    explicit SegmentName(const SegmentId& segment);
    SegmentId segment() const;
};

// Both heads have no padding; both ends run the same build on one machine.
struct RequestHead {
    std::uint32_t magic = kMagic;
    SegmentCommand command = SegmentCommand::open;
    SegmentName name;
    std::uint64_t bytes = 0;

    static constexpr std::uint32_t kMagic = 0x4a585331;  // "JXS1"
};

struct AnswerHead {
    std::uint32_t magic = RequestHead::kMagic;
    std::uint32_t failure = 0;  // 0: none; else 1 + ErrorCode, and the text follows
    std::uint64_t bytes = 0;    // of the segment
};

// The largest message; a longer one is garbage.
constexpr std::size_t kLargestFrame = 64 * 1024 + 256;

// Throws Error invalid_argument if it is empty or too long for a socket.
sockaddr_un unix_address(const std::string& path);

constexpr std::size_t kMostDescriptors = 64;  // of one message

// False if the peer is gone or does not take it in time (errno says which).
bool send_frame(int socket, std::span<const std::byte> head, std::span<const std::byte> rest,
                std::span<const int> fds = {});

// The length received, into `frame`; 0 at the end of the connection or for a message that is too
// long; -1 with errno. Descriptors that came along are given out if wanted, else closed.
ssize_t receive_frame(int socket, std::span<std::byte> frame, std::vector<UniqueFd>* fds);

}  // namespace juxta::data
