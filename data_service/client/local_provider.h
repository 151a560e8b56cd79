// The provider of this host, if there is one: segments mapped through its socket, mappings kept
// for a while because they are immutable.
//
// Threading: any thread.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/crew.h"
#include "common/base/guarded.h"
#include "data_service/client/mapping.h"
#include "data_service/core/directory.h"
#include "data_service/store/segment_socket.h"

namespace juxta::data {

// A sealed segment as this process sees it. Holding it keeps the memory.
struct LocalSegment {
    SegmentContent content;
    Mapping mapping;  // of content.fd, whole; empty for a small one

    std::span<const std::byte> bytes() const {
        if (content.small) return *content.small;
        return mapping.bytes();
    }
};

class LocalProvider {
public:
    using Clock = std::chrono::steady_clock;
    // `look_up`: the contact of this host's provider, asked of the managers. May throw Error.
    explicit LocalProvider(std::function<std::optional<ProviderContact>()> look_up);

    // Who it is, as far as known; asked anew, beside the caller, when something failed or there
    // was none, at most each second.
    std::optional<ProviderContact> contact();
    // Something failed there: look it up again.
    void distrust();

    // Null if there is no provider or it has no such segment.
    std::shared_ptr<const LocalSegment> find(const SegmentId& segment);

    // The same for many; large ones that are new to this process are asked for together.
    std::vector<std::shared_ptr<const LocalSegment>> find_all(std::span<const SegmentId> segments);

    // Runs use(SegmentSocketClient&) on a connection of its own. unavailable without a provider.
    template <class Use>
    auto with_socket(Use&& use) {
        Lent client(*this);
        return use(*client.socket);
    }

    void forget(const DataId& id);  // mappings of a freed datum
    void forget_unused();           // those not used for a while; call now and then

private:
    struct Kept {
        std::shared_ptr<const LocalSegment> segment;
        Clock::time_point used;
    };
    struct State {
        std::optional<ProviderContact> contact;
        bool asked = false;
        bool asking = false;
        bool distrusted = false;
        Clock::time_point asked_at;
        std::vector<std::unique_ptr<SegmentSocketClient>> idle;
        std::string idle_path;  // of the socket that the idle clients speak to
        std::map<SegmentId, Kept> kept;
        std::uint64_t kept_bytes = 0;
    };
    // A client out of `idle`, or a new one; goes back there.
    struct Lent {
        explicit Lent(LocalProvider& from);
        ~Lent();
        LocalProvider& from;
        std::string path;
        std::unique_ptr<SegmentSocketClient> socket;
    };

    static void keep(State& s, const SegmentId& id, std::shared_ptr<const LocalSegment> segment);
    std::shared_ptr<const LocalSegment> kept(const SegmentId& id);
    std::shared_ptr<const LocalSegment> take_in(const SegmentId& id, SegmentContent content);
    void ask_now();

    std::function<std::optional<ProviderContact>()> look_up_;
    Guarded<State> state_;
    Crew asker_{1};
};

}  // namespace juxta::data
