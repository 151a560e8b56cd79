// Groups: their events, and what comes of them.
#include "data_service/core/provider.h"

#include <algorithm>

#include "common/log/log.h"

namespace juxta::data {
namespace {

constexpr std::size_t kFetchThreads = 6;
constexpr std::size_t kManagerThreads = 3;

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

}  // namespace

Provider::Provider(ProviderSettings settings, SegmentStore& store, ManagerLink& manager,
                   PeerLink& peers, PieceReader& reader, ContactBook& contacts)
    : settings_(std::move(settings)),
      store_(store),
      manager_(manager),
      peers_(peers),
      contacts_(contacts),
      fetcher_(store, reader, counters_.bytes_in),
      fetch_crew_(kFetchThreads),
      manager_crew_(kManagerThreads) {
    state_.with([&](State& s) { s.self = settings_.self.self; });
    store_.on_eviction([this](const std::vector<SegmentId>& segments) { evicted(segments); });
}

Provider::~Provider() { stop(); }

void Provider::start(std::function<void()> ended) {
    ended_ = std::move(ended);
    timer_ = std::thread([this] { run_timer(); });
    beat_ = std::thread([this] { run_beat(); });
}

void Provider::stop() {
    auto waiting = state_.change([](State& s) {
        s.stopping = true;
        return std::exchange(s.waiting, {});
    });
    for (auto& [ticket, one] : waiting) one.outcome.set_value(std::nullopt);
    fetcher_.stop();
    if (timer_.joinable()) timer_.join();
    if (beat_.joinable()) beat_.join();
    fetch_crew_.stop();
    manager_crew_.stop();
}

void Provider::step(const GroupId& group, const Event& event) {
    state_.with([&](State& s) {
        ProviderGroup* here = s.find(group);
        if (here == nullptr) return;
        const Epoch epoch = here->member.view().epoch;
        const Version newest = here->member.newest();
        const Time now = monotonic_now();
        Outputs out;
        event(here->member, now, out);
        s.settle(group, epoch, newest, std::move(out), now);
    });
    carry_out();
}

// Whoever comes while another carries out leaves his to that one: so the order stays that of the
// events, and nobody waits.
void Provider::carry_out() {
    const auto take = [](State& s) { return std::exchange(s.outbox, {}); };
    auto work = state_.with([&](State& s) {
        if (s.carrying || s.outbox.empty()) return std::deque<Carried>();
        s.carrying = true;
        return take(s);
    });
    while (!work.empty()) {
        for (Carried& one : work) perform(one);
        work = state_.with([&](State& s) {
            s.carrying = !s.outbox.empty();
            return take(s);
        });
    }
}

void Provider::perform(Carried& work) {
    for (auto& [promise, outcome] : work.outcomes) promise.set_value(std::move(outcome));
    if (!work.out.to_members.empty()) peers_.send(std::move(work.out.to_members));
    for (const ManagerMessage& message : work.out.to_manager) send_chore(message, work.group);
    for (const SegmentId& segment : work.out.discard) store_.drop(segment);
    if (work.out.wiped) store_.cancel_reservation(work.group);
    for (const FetchOrder& order : work.out.fetch) {
        const bool is_new = state_.with(
            [&](State& s) { return !s.stopping && s.fetching.insert(order.segment).second; });
        if (is_new) fetch_crew_.run([this, order] { fetch_for_group(order); });
    }
}

void Provider::fetch_for_group(const FetchOrder& order) {
    bool arrived = false;
    try {
        if (!store_.has_as_far_as(order.segment, order.bytes)) {
            const auto source = contacts_.find(order.source);
            if (!source || source->self != order.source) {
                throw Error(ErrorCode::peer_unreachable,
                            "the provider that offers it is not known");
            }
            fetcher_.fetch({order.segment, order.bytes, {{source->address, source->name}}}, false);
        } else {
            store_.set_cached(order.segment, false);
        }
        arrived = true;
    } catch (const std::exception& error) {  // it is ordered again while it is still wanted
        log::warning("could not copy a segment of {} ({} bytes): {}",
                     to_string(order.segment.datum), order.bytes, error.what());
    }
    state_.with([&](State& s) { s.fetching.erase(order.segment); });
    if (!arrived) return;
    step({order.segment.datum, order.segment.block},
         [&](GroupMember& member, Time now, Outputs& out) {
             member.segment_stored(order.segment, order.bytes, now, out);
         });
}

// Each is repeated by the machine until it is answered: one at a time is enough.
void Provider::send_chore(const ManagerMessage& message, const GroupId& group) {
    const Epoch epoch = std::visit(
        Overloaded{[](const Activated& m) { return m.epoch; },
                   [](const Full& m) { return m.epoch; }, [](const WhereAre&) { return Epoch{0}; }},
        message);
    const auto key = std::make_tuple(message.index(), group, epoch);
    const bool is_new =
        state_.with([&](State& s) { return !s.stopping && s.chores.insert(key).second; });
    if (!is_new) return;
    manager_crew_.run([this, message, key] {
        do_chore(message);
        state_.with([&](State& s) { s.chores.erase(key); });
    });
}

void Provider::do_chore(const ManagerMessage& message) {
    const Member self = settings_.self.self;
    try {
        std::visit(Overloaded{
                       [&](const Activated& m) {
                           if (!manager_.activated(self, m)) return;
                           step(m.group, [&](GroupMember& member, Time now, Outputs& out) {
                               member.activation_recorded(m.epoch, now, out);
                           });
                       },
                       [&](const Full& m) { manager_.full(self, m); },
                       [&](const WhereAre& m) {
                           const std::vector<View> views = manager_.views_of(m.datum);
                           step({m.datum, 0}, [&](GroupMember& member, Time now, Outputs& out) {
                               member.others_are(views, now, out);
                           });
                       },
                   },
                   message);
    } catch (const std::exception& error) {
        log::debug("the manager did not take a message: {}", error.what());
    }
}

void Provider::reserve(const GroupId& group, std::uint64_t bytes, std::uint32_t block_count,
                       Duration hold) {
    if (block_count == 0 || group.block >= block_count) {
        throw Error(ErrorCode::invalid_argument,
                    to_string(group.datum) + " has no block " + std::to_string(group.block));
    }
    const bool refused =
        settings_.self.cache_only || state_.with([](const State& s) { return s.draining; });
    if (refused) {
        throw Error(ErrorCode::unavailable,
                    "provider " + settings_.self.name + " takes no copies" +
                        (settings_.self.cache_only ? ": it is a cache" : ": it leaves"));
    }
    store_.reserve(group, bytes);
    state_.with([&](State& s) {
        ProviderGroup* here = s.find(group);
        if (here != nullptr && !here->member.has_copy() && here->member.view().joiner != s.self) {
            s.erase(group);  // a former copy, wiped
            here = nullptr;
        }
        if (here == nullptr) {
            here = &s.add(group, GroupMember::reserved(group, s.self, block_count, s.durations));
        }
        here->reserved_until = monotonic_now() + hold;
    });
}

void Provider::adopt(const std::vector<GroupView>& views) {
    for (const auto& [group, view] : views) {
        const bool is_here = state_.with([&](State& s) {
            if (s.find(group) != nullptr) return true;
            const bool named = view.has(s.self) || view.joiner == s.self;
            if (named && !view.lost && !view.freed) {
                s.add(group, GroupMember::absent(group, s.self, group.block + 1, s.durations));
            }
            return s.find(group) != nullptr;
        });
        if (view.freed || view.lost) drop_cached(group.datum);
        if (!is_here) continue;
        step(group,
             [&](GroupMember& member, Time now, Outputs& out) { member.adopt(view, now, out); });
    }
}

void Provider::deliver(const std::vector<PeerMessage>& messages) {
    for (const PeerMessage& message : messages) {
        if (message.to != settings_.self.self) continue;  // for an incarnation before this one
        if (const auto* fill = std::get_if<Fill>(&message.body)) {
            adopt({{message.group, fill->view}});  // this may be the first we hear of it
        }
        step(message.group, [&](GroupMember& member, Time now, Outputs& out) {
            member.receive(message, now, out);
        });
    }
}

ElementStatus Provider::status() const {
    ElementStatus status;
    status.kind = ElementKind::provider;
    status.name = settings_.self.name;
    status.place = settings_.self.place;
    status.incarnation = settings_.self.self.incarnation;
    status.state = state_.with([](const State& s) {
        if (!s.ever_registered) return ElementState::joining;
        return s.draining ? ElementState::draining : ElementState::up;
    });
    status.capacity = store_.capacity_bytes();
    status.used = store_.used_bytes();
    status.counters.data_bytes_in = counters_.bytes_in;
    status.counters.data_bytes_out = counters_.bytes_out;
    status.counters.data_bytes_mapped = counters_.bytes_mapped;
    return status;
}

void Provider::drain() { manager_.drain(settings_.self.name, true); }

}  // namespace juxta::data
