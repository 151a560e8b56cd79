#include "data_service/client/local_provider.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/log/log.h"

namespace juxta::data {
namespace {

// What a process may keep of segments that it does not use: they are the provider's memory.
constexpr std::size_t most_kept = 64;
constexpr std::uint64_t most_kept_bytes = std::uint64_t{1} << 30;
constexpr auto kept_for = std::chrono::seconds(10);
constexpr auto ask_again = std::chrono::seconds(1);
constexpr std::size_t most_idle = 8;

}  // namespace

LocalProvider::LocalProvider(std::function<std::optional<ProviderContact>()> look_up)
    : look_up_(std::move(look_up)) {}

// Only the very first question is waited for: managers may be away, and reads and writes of what
// is reached without them go on.
std::optional<ProviderContact> LocalProvider::contact() {
    const auto now = Clock::now();
    bool first = false;
    const bool ask = state_.with([&](State& s) {
        first = !s.asked;
        const bool wanted =
            first || ((s.distrusted || !s.contact) && now - s.asked_at >= ask_again && !s.asking);
        if (wanted) {
            s.asked = s.asking = true;
            s.asked_at = now;
        }
        return wanted;
    });
    if (first) {
        ask_now();
    } else if (ask) {
        asker_.run([this] { ask_now(); });
    }
    return state_.with([](State& s) { return s.contact; });
}

void LocalProvider::ask_now() {
    try {
        const std::optional<ProviderContact> found = look_up_();
        state_.with([&](State& s) {
            s.contact = found;
            s.distrusted = false;
        });
    } catch (const Error& e) {
        log::debug("this host's provider cannot be looked up now: {}", e.what());
        state_.with([](State& s) { s.distrusted = true; });
    }
    state_.with([](State& s) {
        s.asking = false;
        s.asked_at = Clock::now();
    });
}

void LocalProvider::distrust() {
    state_.with([](State& s) { s.distrusted = true; });
}

LocalProvider::Lent::Lent(LocalProvider& lender) : from(lender) {
    const auto contact = from.contact();
    if (!contact) throw Error(ErrorCode::unavailable, "this host has no provider");
    path = contact->socket_path;
    from.state_.with([&](State& s) {
        if (s.idle_path != path) s.idle.clear();
        s.idle_path = path;
        if (s.idle.empty()) return;
        socket = std::move(s.idle.back());
        s.idle.pop_back();
    });
    if (!socket) socket = std::make_unique<SegmentSocketClient>(path);
}

LocalProvider::Lent::~Lent() {
    from.state_.with([&](State& s) {
        if (s.idle_path == path && s.idle.size() < most_idle) s.idle.push_back(std::move(socket));
    });
}

void LocalProvider::keep(State& s, const SegmentId& id,
                         std::shared_ptr<const LocalSegment> segment) {
    const std::uint64_t bytes = segment->bytes().size();
    if (bytes > most_kept_bytes) return;
    while (!s.kept.empty() &&
           (s.kept.size() >= most_kept || s.kept_bytes + bytes > most_kept_bytes)) {
        const auto oldest = std::ranges::min_element(
            s.kept, {}, [](const auto& entry) { return entry.second.used; });
        s.kept_bytes -= oldest->second.segment->bytes().size();
        s.kept.erase(oldest);
    }
    if (s.kept.emplace(id, Kept{std::move(segment), Clock::now()}).second) s.kept_bytes += bytes;
}

std::shared_ptr<const LocalSegment> LocalProvider::kept(const SegmentId& id) {
    return state_.with([&](State& s) -> std::shared_ptr<const LocalSegment> {
        const auto found = s.kept.find(id);
        if (found == s.kept.end()) return nullptr;
        found->second.used = Clock::now();
        return found->second.segment;
    });
}

std::shared_ptr<const LocalSegment> LocalProvider::take_in(const SegmentId& id,
                                                           SegmentContent content) {
    auto segment = std::make_shared<LocalSegment>();
    segment->content = std::move(content);
    if (segment->content.fd) {
        segment->mapping = Mapping::readable(segment->content.fd->get(), segment->content.bytes);
    }
    state_.with([&](State& s) { keep(s, id, segment); });
    return segment;
}

std::shared_ptr<const LocalSegment> LocalProvider::find(const SegmentId& id) {
    if (auto known = kept(id)) return known;
    if (!contact()) return nullptr;
    try {
        return take_in(id,
                       with_socket([&](SegmentSocketClient& socket) { return socket.open(id); }));
    } catch (const Error& e) {
        if (e.code() != ErrorCode::not_found) distrust();
        return nullptr;
    }
}

std::vector<std::shared_ptr<const LocalSegment>> LocalProvider::find_all(
    std::span<const SegmentId> segments) {
    std::vector<std::shared_ptr<const LocalSegment>> found;
    std::vector<SegmentId> unknown;
    for (const SegmentId& id : segments) {
        found.push_back(kept(id));
        if (!found.back()) unknown.push_back(id);
    }
    if (unknown.size() > 1 && contact()) {
        try {
            auto contents = with_socket(
                [&](SegmentSocketClient& socket) { return socket.open_large(unknown); });
            std::size_t next = 0;
            for (std::size_t i = 0; i < found.size(); ++i) {
                if (found[i]) continue;
                SegmentContent& content = contents[next++];
                if (content.fd) found[i] = take_in(segments[i], std::move(content));
            }
        } catch (const Error& e) {
            distrust();
        }
    }
    for (std::size_t i = 0; i < found.size(); ++i)
        if (!found[i]) found[i] = find(segments[i]);
    return found;
}

void LocalProvider::forget(const DataId& id) {
    state_.with([&](State& s) {
        std::erase_if(s.kept, [&](const auto& entry) {
            if (entry.first.datum != id) return false;
            s.kept_bytes -= entry.second.segment->bytes().size();
            return true;
        });
    });
}

void LocalProvider::forget_unused() {
    const auto before = Clock::now() - kept_for;
    state_.with([&](State& s) {
        std::erase_if(s.kept, [&](const auto& entry) {
            if (entry.second.used >= before) return false;
            s.kept_bytes -= entry.second.segment->bytes().size();
            return true;
        });
    });
}

}  // namespace juxta::data
