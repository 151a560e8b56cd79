// Groups: their events, and what comes of them.
#include "data_service/core/provider.h"

#include <algorithm>
#include <chrono>

#include "common/log/log.h"
#include "data_service/store/disk_store.h"

namespace juxta::data {
namespace {

constexpr std::size_t kFetchThreads = 6;
constexpr std::size_t kManagerThreads = 3;
constexpr std::size_t kRecordedAtOnce = 1000;
constexpr std::chrono::seconds kSavingTime{5};  // that a delivery waits for the disk

}  // namespace

Provider::Provider(ProviderSettings settings, SegmentStore& store, ManagerLink& manager,
                   PeerLink& peers, PieceReader& reader, ContactBook& contacts, DiskStore* disk)
    : settings_(std::move(settings)),
      store_(store),
      manager_(manager),
      peers_(peers),
      contacts_(contacts),
      disk_(disk),
      fetcher_(store, reader, counters_.bytes_in),
      fetch_crew_(kFetchThreads),
      manager_crew_(kManagerThreads) {
    state_.with([&](State& s) {
        s.self = settings_.self.self;
        s.own_cluster = settings_.self.place.cluster;
        s.ties[s.own_cluster];
    });
    store_.on_eviction([this](const std::vector<SegmentId>& segments) { evicted(segments); });
    peers_.on_answers(
        [this](const std::vector<PeerMessage>& messages) { receive_all(messages, nullptr); });
}

Provider::~Provider() { stop(); }

void Provider::start(std::function<void()> ended, std::function<void(const std::string&)> failed) {
    ended_ = std::move(ended);
    failed_ = std::move(failed);
    if (disk_ != nullptr) {
        restore();
        scrub_ = std::thread([this] { run_scrub(); });
    }
    timer_ = std::thread([this] { run_timer(); });
    for (const std::string& cluster : state_.with([](const State& s) {
             std::vector<std::string> all;
             for (const auto& [name, tie] : s.ties) all.push_back(name);
             return all;
         })) {
        begin_to_beat(cluster);
    }
}

void Provider::stop() {
    auto waiting = state_.change([](State& s) {
        s.stopping = true;
        return std::exchange(s.waiting, {});
    });
    for (auto& [ticket, one] : waiting) one.outcome.set_value(std::nullopt);
    fetcher_.stop();
    if (timer_.joinable()) timer_.join();
    if (scrub_.joinable()) scrub_.join();
    auto beats = beats_.with([](auto& running) { return std::exchange(running, {}); });
    for (auto& [cluster, beat] : beats) beat.join();
    fetch_crew_.stop();
    manager_crew_.stop();
}

bool Provider::decide(State& s, const GroupId& group, const Event& event, Beside& beside) {
    ProviderGroup* here = s.find(group);
    if (here == nullptr || (here->settings.durable && s.disk_failed)) return false;
    const State::Before before = s.before(*here);
    const Time now = monotonic_now();
    Carried work;
    event(here->member, now, work.out);
    work.segments = std::move(beside.segments);
    if (Replies* replies = beside.replies.get()) {
        const auto to_them = [&](const PeerMessage& message) { return message.to == replies->to; };
        auto& messages = work.out.to_members;
        if (here->settings.durable) {
            if (std::ranges::any_of(messages, to_them)) work.replies = beside.replies;
            replies->steps_to_save += work.replies ? 1 : 0;
        } else {
            std::ranges::copy_if(messages, std::back_inserter(replies->messages), to_them);
            std::erase_if(messages, to_them);
        }
    }
    return s.settle(group, before, std::move(work), now);
}

void Provider::step(const GroupId& group, const Event& event, Beside beside) {
    bool durable = false;
    const bool any = state_.with([&](State& s) {
        if (!decide(s, group, event, beside)) return false;
        durable = s.find(group)->settings.durable;
        return true;
    });
    if (any) carry_out(durable ? 1 : 0, beside.waits);
}

// Whoever comes while another carries out leaves his to that one: so the order stays that of the
// events, and nobody waits. A failed disk keeps its lane shut for ever.
void Provider::carry_out(std::size_t lane, bool waits) {
    const auto take = [&](State& s) { return std::exchange(s.lanes[lane].outbox, {}); };
    auto work = state_.with([&](State& s) {
        if (s.lanes[lane].carrying || s.lanes[lane].outbox.empty()) return std::deque<Carried>();
        s.lanes[lane].carrying = true;
        return take(s);
    });
    std::vector<Member> posted;
    while (!work.empty()) {
        peers_.serve(std::exchange(posted, {}), false);
        if (lane == 1 && !save(work)) return;
        for (Carried& one : work) perform(one, posted);
        work = state_.with([&](State& s) {
            s.lanes[lane].carrying = !s.lanes[lane].outbox.empty();
            return take(s);
        });
    }
    peers_.serve(posted, waits && lane == 0);  // disks are better asked at the same time
}

// C10, J1: bytes of small segments travel with the entry that names them, and with a ledger.
void Provider::fill_in_contents(std::vector<PeerMessage>& messages) const {
    std::erase_if(messages, [&](PeerMessage& message) {
        auto* fill = std::get_if<Fill>(&message.body);
        if (fill != nullptr && fill->contents.empty()) {
            std::erase_if(fill->carried, [&](const CarriedSegment& carried) {
                const auto content = store_.open(carried.segment);
                const bool is_there = content && content->small;
                if (is_there) fill->contents.push_back(content->small);
                return !is_there;  // it is offered by and by
            });
        }
        auto* replicate = std::get_if<Replicate>(&message.body);
        if (replicate == nullptr || !replicate->contents.empty()) return false;
        for (const CarriedSegment& carried : replicate->entry.carried) {
            const auto content = store_.open(carried.segment);
            if (!content || !content->small) return true;  // it has been retired meanwhile
            replicate->contents.push_back(content->small);
        }
        return false;
    });
}

void Provider::perform(Carried& work, std::vector<Member>& posted) {
    // They were stored before the event; a discard of an event before this one may have waited.
    for (const SmallContent& one : work.segments) {
        if (std::ranges::find(work.out.discard, one.segment) == work.out.discard.end())
            store_.put_small(one.segment, *one.content, true);
    }
    for (auto& [promise, outcome] : work.outcomes) promise.set_value(std::move(outcome));
    auto& messages = work.out.to_members;
    fill_in_contents(messages);
    if (work.replies) {
        const Member to = work.replies->to;
        const auto others = std::stable_partition(messages.begin(), messages.end(),
                                                  [&](const auto& one) { return one.to == to; });
        work.replies->saved.change([&](Replies::Saved& saved) {
            std::move(messages.begin(), others, std::back_inserter(saved.messages));
            saved.steps += 1;
        });
        messages.erase(messages.begin(), others);
    }
    if (!messages.empty()) {
        const auto served = peers_.post(std::move(messages));
        posted.insert(posted.end(), served.begin(), served.end());
    }
    for (const ManagerMessage& message : work.out.to_manager) tell_manager(message);
    for (const SegmentId& segment : work.out.discard) store_.drop(segment);
    if (work.out.wiped) store_.cancel_reservation(work.group);
    for (const FetchOrder& order : work.out.fetch) {
        const bool is_new = state_.with(
            [&](State& s) { return !s.stopping && s.fetching.insert(order.segment).second; });
        if (is_new) fetch_crew_.run([this, order] { fetch_for_group(order); });
    }
}

std::string Provider::owner_of(const GroupId& group) const {
    const auto known = state_.with([&](const State& s) -> std::optional<std::string> {
        const auto found = s.groups.find(group);
        if (found == s.groups.end()) return std::nullopt;
        return found->second.owner;
    });
    return known ? *known : manager_.owner_of(group.datum);
}

void Provider::fetch_for_group(const FetchOrder& order) {
    const GroupId group{order.segment.datum, order.segment.block};
    Beside beside;
    bool arrived = false;
    try {
        if (!store_.has_as_far_as(order.segment, order.bytes)) {
            const auto source = contacts_.find(order.source, owner_of(group));
            if (!source || source->self != order.source) {
                throw Error(ErrorCode::peer_unreachable,
                            "the provider that offers it is not known");
            }
            fetcher_.fetch({order.segment, order.bytes, {{source->address, source->name}}}, false);
        } else {
            store_.set_cached(order.segment, false);
        }
        if (is_durable(group)) beside.segments = to_disk(order.segment);
        arrived = true;
    } catch (const std::exception& error) {  // it is ordered again while it is still wanted
        log::warning("could not copy a segment of {} ({} bytes): {}",
                     to_string(order.segment.datum), order.bytes, error.what());
    }
    state_.with([&](State& s) { s.fetching.erase(order.segment); });
    if (!arrived) return;
    step(
        group,
        [&](GroupMember& member, Time now, Outputs& out) {
            member.segment_stored(order.segment, order.bytes, now, out);
        },
        std::move(beside));
}

// Each is repeated by the machine until it is answered: what waits already is enough.
void Provider::tell_manager(const ManagerMessage& message) {
    if (const auto* where = std::get_if<WhereAre>(&message)) return ask_where(where->datum);
    const auto* activated = std::get_if<Activated>(&message);
    const auto* full = std::get_if<Full>(&message);
    const GroupId group = activated != nullptr ? activated->group : full->group;
    const std::string cluster = owner_of(group);
    const bool begins = state_.with([&](State& s) {
        ClusterTie& tie = s.ties[cluster];
        if (activated != nullptr) tie.activated[group] = *activated;
        if (full != nullptr) tie.full[group] = *full;
        return !s.stopping && !std::exchange(tie.recording, true);
    });
    if (begins) manager_crew_.run([this, cluster] { record_all(cluster); });
}

void Provider::record_all(const std::string& cluster) {
    for (;;) {
        std::vector<Activated> activated;
        std::vector<Full> full;
        const bool any = state_.with([&](State& s) {
            ClusterTie& tie = s.ties[cluster];
            const auto take = [&](auto& from, auto& into) {
                while (!from.empty() && activated.size() + full.size() < kRecordedAtOnce) {
                    into.push_back(from.begin()->second);
                    from.erase(from.begin());
                }
            };
            take(tie.activated, activated);
            take(tie.full, full);
            tie.recording = !s.stopping && (!activated.empty() || !full.empty());
            return tie.recording;
        });
        if (!any) return;
        try {
            for (const Activated& one :
                 manager_.record(cluster, settings_.self.self, activated, full)) {
                step(one.group, [&](GroupMember& member, Time now, Outputs& out) {
                    member.activation_recorded(one.epoch, now, out);
                });
            }
        } catch (const std::exception& error) {
            log::debug("the manager of cluster {} did not record {} views: {}", cluster,
                       activated.size() + full.size(), error.what());
        }
    }
}

void Provider::ask_where(const DataId& datum) {
    const bool is_new =
        state_.with([&](State& s) { return !s.stopping && s.asking_where.insert(datum).second; });
    if (!is_new) return;
    manager_crew_.run([this, datum] {
        try {
            const std::vector<View> views = manager_.views_of(datum);
            step({datum, 0}, [&](GroupMember& member, Time now, Outputs& out) {
                member.others_are(views, now, out);
            });
        } catch (const std::exception& error) {
            log::debug("the manager did not tell where {} is: {}", to_string(datum), error.what());
        }
        state_.with([&](State& s) { s.asking_where.erase(datum); });
    });
}

// -- what managers and members say ----------------------------------------------------------------

void Provider::adopt(const std::vector<GroupView>& views) {
    for (const auto& [group, view] : views) {
        if (view.freed || view.lost) drop_cached(group.datum);
        if (view.epoch == 0) continue;  // of a cached version only: it is in no view
        step(group,
             [&](GroupMember& member, Time now, Outputs& out) { member.adopt(view, now, out); });
    }
}

// Its primary's first word tells a joiner what it has to know; before that there is nothing to be.
void Provider::begin_to_join(const PeerMessage& message, const Fill& fill) {
    const bool named = fill.view.joiner == settings_.self.self;
    const bool is_here =
        state_.with([&](const State& s) { return s.groups.contains(message.group); });
    if (is_here || !named || fill.view.lost || fill.view.freed) return;
    if (fill.settings.durable && disk_ == nullptr) {
        log::warning("a copy of {} is to be made here, which is durable; this provider has no disk",
                     to_string(message.group.datum));
        return;
    }
    const std::string owner = manager_.owner_of(message.group.datum);
    state_.with([&](State& s) {
        if (s.find(message.group) != nullptr) return;
        s.add(message.group, {.member = GroupMember::absent(message.group, s.self, fill.settings,
                                                            s.durations_of(owner)),
                              .settings = fill.settings,
                              .owner = owner});
    });
    begin_to_beat(owner);
}

// Bytes that come with a message; of a durable group they go to disk with what it decides.
std::vector<SmallContent> Provider::take_in(const PeerMessage& message) {
    std::vector<SmallContent> taken;
    const auto* replicate = std::get_if<Replicate>(&message.body);
    const auto* fill = std::get_if<Fill>(&message.body);
    if (replicate == nullptr && fill == nullptr) return taken;
    const auto& carried = replicate != nullptr ? replicate->entry.carried : fill->carried;
    const Contents& contents = replicate != nullptr ? replicate->contents : fill->contents;
    for (std::size_t i = 0; i < std::min(carried.size(), contents.size()); ++i) {
        const auto& content = contents[i];
        if (content->size() > SegmentStore::kSmall) continue;
        store_.put_small(carried[i].segment, *content, true);
        taken.push_back({carried[i].segment, content});
    }
    return taken;
}

void Provider::receive_all(const std::vector<PeerMessage>& messages,
                           const std::shared_ptr<Replies>& replies) {
    for (const PeerMessage& message : messages) {
        const auto* fill = std::get_if<Fill>(&message.body);
        if (fill != nullptr && message.to == settings_.self.self) begin_to_join(message, *fill);
    }
    for (const PeerMessage& message : messages) {
        if (message.to != settings_.self.self) continue;  // for an incarnation before this one
        const bool is_here =
            state_.with([&](const State& s) { return s.groups.contains(message.group); });
        if (!is_here) continue;
        Beside beside;
        beside.segments = take_in(message);
        if (replies && replies->to == message.from) beside.replies = replies;
        step(
            message.group,
            [&](GroupMember& member, Time now, Outputs& out) { member.receive(message, now, out); },
            std::move(beside));
    }
}

std::vector<PeerMessage> Provider::deliver(const std::vector<PeerMessage>& messages) {
    if (messages.empty()) return {};
    const auto replies = std::make_shared<Replies>();
    replies->to = messages.front().from;
    receive_all(messages, replies);
    fill_in_contents(replies->messages);
    if (replies->steps_to_save > 0) {
        replies->saved.wait_until(
            std::chrono::steady_clock::now() + kSavingTime,
            [&](const Replies::Saved& saved) { return saved.steps == replies->steps_to_save; },
            [&](Replies::Saved& saved) {
                std::ranges::move(saved.messages, std::back_inserter(replies->messages));
                return true;
            });
    }
    return std::move(replies->messages);
}

ElementStatus Provider::status() const {
    ElementStatus status;
    status.kind = ElementKind::provider;
    status.name = settings_.self.name;
    status.place = settings_.self.place;
    status.incarnation = settings_.self.self.incarnation;
    status.state = state_.with([](const State& s) {
        if (!s.own().ever_registered) return ElementState::joining;
        return s.draining ? ElementState::draining : ElementState::up;
    });
    status.capacity = store_.capacity_bytes();
    status.used = store_.used_bytes();
    status.counters.data_bytes_in = counters_.bytes_in;
    status.counters.data_bytes_out = counters_.bytes_out;
    status.counters.data_bytes_mapped = counters_.bytes_mapped;
    return status;
}

}  // namespace juxta::data
