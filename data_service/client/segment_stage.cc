#include "data_service/client/segment_stage.h"

#include <algorithm>
#include <cstring>
#include <thread>

#include "common/orb/model_wire.h"
#include "data_service/corba/group_wire.h"

namespace juxta::data {
namespace {

constexpr unsigned attempt_ms = 5000;
constexpr auto seal_patience = std::chrono::seconds(2);  // for a writer's mapping to go

// Time to replicate: 20 MB/s beyond the usual.
unsigned stage_ms(std::uint64_t bytes) {
    return static_cast<unsigned>(std::min<std::uint64_t>(attempt_ms + bytes / 20000, 3600000));
}

}  // namespace

bool SegmentStage::is_local(const ProviderContact& provider) {
    const auto local = core_.local().contact();
    return local && local->self == provider.self;
}

void SegmentStage::seal(const SegmentId& segment, bool kept_by_writer) {
    const auto until = SessionCore::Clock::now() + seal_patience;
    for (;;) {
        try {
            return core_.local().with_socket(
                [&](SegmentSocketClient& socket) { socket.seal(segment, kept_by_writer); });
        } catch (const Error& e) {
            if (e.code() != ErrorCode::unavailable || SessionCore::Clock::now() >= until) throw;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

void SegmentStage::put_locally(const SegmentId& segment, std::span<const std::byte> content) {
    const bool small = content.size() <= SegmentStore::kSmall;
    core_.local().with_socket([&](SegmentSocketClient& socket) {
        if (small) return socket.write_small(segment, content);
        const auto fd = socket.create(segment, content.size());
        Mapping memory = Mapping::writable(fd->get(), content.size());
        std::memcpy(memory.bytes().data(), content.data(), content.size());
    });
    seal(segment);
}

void SegmentStage::put(const SegmentId& segment, std::span<const std::byte> content,
                       const std::optional<MadeHere>& made, const Progress& listener) {
    std::optional<Member> has_it;  // whole, as far as known
    const std::uint64_t rid = core_.next_rid();
    const unsigned time_ms = stage_ms(content.size());
    core_.at_primary(
        {segment.datum, segment.block},
        core_.control_deadline() + std::chrono::milliseconds(time_ms),
        AttemptTimes::always(time_ms),
        [&](Wire::Provider_ptr remote, const ProviderContact& primary, const InfoPtr&) {
            check_();
            if (has_it != primary.self) {
                ProgressCount progress(listener, content.size());
                if (made && made->at == primary.self) {
                    seal(segment, made->kept_by_writer);
                } else if (is_local(primary)) {
                    put_locally(segment, content);
                    progress.add(content.size());
                } else {
                    SegmentTransfer(core_, tally_).push(primary, segment, content, progress);
                }
                has_it = primary.self;
            }
            try {
                remote->stage({client_.value, rid}, to_wire(segment), content.size());
            } catch (...) {
                // Repeated from the start if it may pass: a provider may have dropped the bytes.
                if (!made || made->at != primary.self) has_it.reset();
                throw;
            }
        });
}

}  // namespace juxta::data
