// What the manager does by itself: reviews, probes, deliveries, invitations of joiners, the ends of
// leases and of freed data.
#include <algorithm>

#include "common/base/error.h"
#include "common/base/random.h"
#include "common/log/log.h"
#include "data_service/core/cluster_manager.h"

namespace juxta::data {
namespace {

constexpr std::size_t most_views_a_call = 2000;
// Under one lock: a lookup waits for no more than these.
constexpr std::size_t most_groups_a_step = 50;  // that changed
constexpr std::size_t most_unsettled_a_step = 32;
constexpr std::size_t most_swept_a_step = 100;  // by a new leader
constexpr auto between_steps = std::chrono::microseconds(50);
constexpr std::size_t most_freed_a_beat = 500;
constexpr std::size_t most_guests = 16;  // of a cluster
constexpr Duration retry_after = 200 * kMillisecond;
constexpr Duration guests_after = 1 * kSecond;

}  // namespace

void ClusterManager::wake() {
    state_.change([](State& s) { s.woken = true; });
}

void ClusterManager::loop() {
    const auto pause = std::chrono::microseconds(settings_.durations.heartbeat);
    auto next_beat = std::chrono::steady_clock::now();
    bool idle = true;
    for (;;) {
        const auto until =
            idle ? std::min(next_beat, next_work()) : std::chrono::steady_clock::now();
        state_.wait_until(until, [](State& s) { return s.stopping || s.woken; });
        const bool ending = state_.with([](State& s) {
            s.woken = false;
            return s.stopping;
        });
        if (ending) return;
        const bool beat = std::chrono::steady_clock::now() >= next_beat;
        if (beat) next_beat = std::chrono::steady_clock::now() + pause;
        try {
            idle = work(beat);
            if (!idle) std::this_thread::sleep_for(between_steps);  // others want the lock
        } catch (const Error& e) {
            log::warning("the manager of cluster {} could not act now: {}", settings_.cluster,
                         e.what());
            idle = true;
        }
    }
}

// When somebody will have been silent for T_d, or the next copies have their turn, should that be
// to come.
std::chrono::steady_clock::time_point ClusterManager::next_work() const {
    const Time now = monotonic_now();
    const auto at = state_.with([now](const State& s) -> std::optional<Time> {
        if (!s.leading) return std::nullopt;
        const Time turn = s.leading->overseer.next_turn();
        if (s.leading->short_of_copies.empty() || turn < now)
            return s.leading->overseer.next_silence();
        return std::min(turn, s.leading->overseer.next_silence().value_or(turn));
    });
    if (!at || *at < now) return std::chrono::steady_clock::time_point::max();
    return std::chrono::steady_clock::now() + std::chrono::microseconds(*at - now);
}

bool ClusterManager::work(bool beat) {
    const Time now = monotonic_now();
    if (beat) look_around(now);
    std::vector<Command> commands;
    std::vector<ChangeView> invitations;
    std::map<Member, std::pair<ProviderContact, std::vector<ChangeView>>> to_invite;
    std::vector<DataId> ended_volatile;
    std::size_t joins = 0;
    bool idle = true;
    state_.with([&](State& s) {
        if (!s.leading) return;
        for (ChangeView& ready : std::exchange(s.leading->ready, {})) commands.push_back(ready);
        joins = commands.size();
        std::ranges::move(s.leading->overseer.evictions(s.directory, now),
                          std::back_inserter(commands));
        if (beat) std::ranges::move(endings(s, now, ended_volatile), std::back_inserter(commands));
        std::ranges::move(look_at_groups(s, now, invitations), std::back_inserter(commands));
        for (ChangeView& change : invitations) {
            if (const auto contact = contact_of(s.directory, *change.joiner)) {
                s.leading->inviting.insert(change.group);
                auto& [joiner, changes] = to_invite[contact->self];
                joiner = *contact;
                changes.push_back(std::move(change));
            } else {
                s.leading->overseer.not_joined(change.group);
            }
        }
        idle = s.leading->attention.empty() && !s.leading->swept && s.leading->ready.empty();
    });
    for (auto& [member, invited] : to_invite) {
        crew_.run([this, invited = std::move(invited)] { invite(invited.first, invited.second); });
    }
    for (const DataId& id : ended_volatile) free_volatile(id);
    if (commands.empty()) return idle;
    const std::vector<Command> decided = commands;
    std::vector<Applied> applied;
    try {
        applied = propose(std::move(commands));
    } catch (const Error& e) {
        if (e.code() != ErrorCode::not_leader) {
            log::warning("the manager of cluster {} could not decide: {}", settings_.cluster,
                         e.what());
        }
    }
    state_.with([&](State& s) {
        if (!s.leading) return;
        for (std::size_t i = 0; i < decided.size(); ++i) {
            const bool failed = applied.size() <= i;
            if (failed) s.leading->overseer.undecided(decided[i]);
            if (i < joins) {
                const GroupId& group = std::get<ChangeView>(decided[i]).group;
                s.leading->inviting.erase(group);
                if (failed || !applied[i].accepted) s.leading->overseer.not_joined(group);
                s.leading->attention.push(s.directory, group);
            } else if (failed) {
                if (const auto* change = std::get_if<ChangeView>(&decided[i])) {
                    s.leading->unsettled.insert(change->group);
                }
            }
        }
    });
    return false;
}

// Once a beat: who is silent, who has not been told.
void ClusterManager::look_around(Time now) {
    std::vector<ProviderContact> to_probe;
    std::set<ProviderId> to_deliver;
    bool guests = false;
    state_.with([&](State& s) {
        if (!s.leading) return;
        Leadership& now_leading = *s.leading;
        to_probe = due_probes(s, now);
        for (auto& [provider, mail] : now_leading.mail) {
            if (!mail.groups.empty() && !mail.under_way && mail.not_before <= now) {
                mail.under_way = true;
                to_deliver.insert(provider);
            }
        }
        guests = others_ != nullptr && now_leading.wants_guests && now_leading.next_guests <= now;
        if (guests) {
            now_leading.wants_guests = false;
            now_leading.next_guests = now + guests_after;
        }
    });
    start_probes(to_probe);
    start_couriers(to_deliver);
    if (guests) crew_.run([this] { find_guests(); });
}

// -- what time ends -------------------------------------------------------------------------------

std::vector<Command> ClusterManager::endings(State& s, Time now,
                                             std::vector<DataId>& ended_volatile) {
    Leadership& now_leading = *s.leading;
    std::vector<Command> commands;
    for (const ClientId client : now_leading.clients.take_over(now)) {
        for (const DataId& id : now_leading.volatile_data.data_of(client)) {
            ended_volatile.push_back(id);
        }
        if (!s.directory.data_of(client).empty()) commands.push_back(EndClient{client});
    }
    for (const DataId& id : now_leading.leases.take_over(now)) {
        if (now_leading.volatile_data.find(id) != nullptr) {
            ended_volatile.push_back(id);
        } else if (s.directory.block_count(id) > 0 && !s.directory.is_freed(id)) {
            commands.push_back(FreeDatum{id});
            now_leading.leases.set(id, now + kSecond);  // again, should this fail
        }
    }
    // Freed data that everybody has been told of, or who has not is dead. A new leader does not
    // know who was told: those are forgotten as late as anybody may still tell of them.
    const std::set<DataId>& freed = s.directory.freed();
    auto at = now_leading.freed_turn ? freed.upper_bound(*now_leading.freed_turn) : freed.begin();
    for (std::size_t looked = 0; at != freed.end() && looked < most_freed_a_beat; ++looked, ++at) {
        now_leading.freed_turn = *at;
        const auto untold = now_leading.untold_freed.find(*at);
        const bool by_age = now - now_leading.started > settings_.durations.row;
        if (untold == now_leading.untold_freed.end()) {
            if (by_age) commands.push_back(ForgetDatum{*at});
            continue;
        }
        std::erase_if(untold->second, [&](const Member& m) { return s.directory.is_dead(m); });
        if (untold->second.empty()) commands.push_back(ForgetDatum{*at});
    }
    if (at == freed.end()) now_leading.freed_turn.reset();
    return commands;
}

// -- groups ---------------------------------------------------------------------------------------

void ClusterManager::look_at(State& s, const GroupId& group, Time now,
                             std::vector<Command>& commands, std::vector<ChangeView>& invitations) {
    Leadership& now_leading = *s.leading;
    if (now_leading.inviting.contains(group)) return;
    Overseer::Verdict verdict = now_leading.overseer.look_at(s.directory, group, now);
    if (!verdict.command) {
        if (verdict.settled || verdict.waits_for_turn) {
            now_leading.unsettled.erase(group);
            if (verdict.waits_for_turn) now_leading.short_of_copies.push(s.directory, group);
            return;
        }
        now_leading.unsettled.insert(group);
        const auto head = s.directory.find_head(group.datum);
        if (head && head->spec.clusters > 1) now_leading.wants_guests = true;
        return;
    }
    now_leading.unsettled.erase(group);
    auto* change = std::get_if<ChangeView>(&*verdict.command);
    const bool is_invitation = change != nullptr && change->joiner &&
                               (*s.directory.find(group)).view.joiner != change->joiner;
    if (is_invitation) {
        invitations.push_back(std::move(*change));
    } else {
        commands.push_back(std::move(*verdict.command));
    }
}

std::vector<Command> ClusterManager::look_at_groups(State& s, Time now,
                                                    std::vector<ChangeView>& invitations) {
    Leadership& now_leading = *s.leading;
    std::vector<Command> commands;
    const std::vector<GroupId> some = now_leading.attention.take(most_groups_a_step);
    for (const GroupId& group : some) look_at(s, group, now, commands, invitations);
    for (const GroupId& group :
         now_leading.short_of_copies.take(now_leading.overseer.take_turn(now)))
        look_at(s, group, now, commands, invitations);

    const std::size_t most = std::min(now_leading.unsettled.size(), most_unsettled_a_step);
    std::vector<GroupId> turn;
    auto at = now_leading.turn ? now_leading.unsettled.upper_bound(*now_leading.turn)
                               : now_leading.unsettled.begin();
    while (turn.size() < most) {
        if (at == now_leading.unsettled.end()) at = now_leading.unsettled.begin();
        turn.push_back(*at++);
    }
    if (!turn.empty()) now_leading.turn = turn.back();
    for (const GroupId& group : turn) {
        if (std::ranges::find(some, group) == some.end())
            look_at(s, group, now, commands, invitations);
    }

    if (!now_leading.swept) return commands;
    const Directory::Data data = s.directory.data();
    std::size_t looked = 0;
    auto datum = data.after(*now_leading.swept);
    for (; datum != data.end() && looked < most_swept_a_step; ++datum) {
        now_leading.swept = datum.id();
        const std::size_t blocks = datum.is_freed() ? 0 : s.directory.block_count(datum.id());
        looked += 1 + blocks;
        for (BlockNumber block = 0; block < blocks; ++block) {
            look_at(s, {datum.id(), block}, now, commands, invitations);
        }
    }
    if (datum == data.end()) now_leading.swept.reset();
    return commands;
}

// -- telling --------------------------------------------------------------------------------------

void ClusterManager::start_couriers(const std::set<ProviderId>& providers) {
    for (const ProviderId provider : providers) {
        crew_.run([this, provider] { deliver(provider); });
    }
}

void ClusterManager::deliver(ProviderId provider) {
    for (;;) {
        std::optional<ProviderContact> contact;
        const std::vector<GroupView> views = state_.with([&](State& s) {
            std::vector<GroupView> some;
            if (!s.leading) return some;
            Mail& mail = s.leading->mail[provider];
            const auto found = s.directory.providers().find(provider);
            if (found != s.directory.providers().end()) {
                contact = found->second.contact;
                if (s.directory.is_dead(contact->self)) mail.groups.clear();
            } else {
                contact = mail.foreign;
            }
            while (contact && !mail.groups.empty() && some.size() < most_views_a_call) {
                const GroupId group = mail.groups.extract(mail.groups.begin()).value();
                if (const auto record = s.directory.find(group)) {
                    some.push_back({group, record->view});
                }
            }
            if (some.empty()) s.leading->mail.erase(provider);
            return some;
        });
        if (views.empty()) return;
        bool told = true;
        try {
            calls_.adopt(*contact, views, milliseconds(settings_.provider_deadline));
        } catch (const Error& e) {
            log::debug("provider {} was not told {} views: {}", contact->name, views.size(),
                       e.what());
            told = false;
        }
        const bool again = state_.with([&](State& s) {
            if (!s.leading) return false;
            if (told) {
                note_told(s, contact->self, views);
                return true;
            }
            // One attempt for a mere cache of another cluster.
            if (!s.directory.providers().contains(provider)) {
                s.leading->mail.erase(provider);
                return false;
            }
            Mail& mail = s.leading->mail[provider];
            for (const GroupView& view : views) mail.groups.insert(view.group);
            mail.under_way = false;
            mail.not_before = monotonic_now() + retry_after;
            return false;
        });
        if (!again) return;
    }
}

std::vector<ProviderContact> ClusterManager::due_probes(State& s, Time now) {
    std::vector<ProviderContact> due;
    for (const Member& member : s.leading->overseer.to_probe(s.directory, now)) {
        const auto contact = contact_of(s.directory, member);
        if (contact && s.leading->probing.insert(member).second) due.push_back(*contact);
    }
    return due;
}

void ClusterManager::start_probes(const std::vector<ProviderContact>& providers) {
    for (const ProviderContact& provider : providers) {
        probes_.run([this, provider] { probe(provider); });
    }
}

void ClusterManager::probe(const ProviderContact& provider) {
    ProviderCalls::Seen seen;
    try {
        seen = calls_.look_at(provider, milliseconds(settings_.durations.detection));
    } catch (const Error& e) {
        log::debug("probe of {}: {}", provider.name, e.what());
    }
    const bool other =
        seen.look == ProviderCalls::Look::alive && seen.incarnation != provider.self.incarnation;
    const bool gone = other || seen.look == ProviderCalls::Look::refused;
    const auto is_over = [&](bool heard) {
        state_.change([&](State& s) {
            if (!s.leading) return;
            s.leading->probing.erase(provider.self);
            if (heard) s.leading->overseer.heard(provider.self, monotonic_now());
        });
    };
    if (!gone) return is_over(seen.look == ProviderCalls::Look::alive);
    const bool leads = state_.with([](const State& s) { return s.leading.has_value(); });
    if (!leads) return;
    log::warning("provider {} (incarnation {}) is dead: {}", provider.name,
                 provider.self.incarnation,
                 other ? "another incarnation answers there" : "its port refuses connections");
    try {
        propose(ConfirmDead{provider.self});
    } catch (const Error& e) {
        log::warning("the death of {} could not be recorded: {}", provider.name, e.what());
    }
    is_over(false);
}

// -- joiners --------------------------------------------------------------------------------------

// A joiner makes room before the views name it.
void ClusterManager::invite(const ProviderContact& joiner, const std::vector<ChangeView>& changes) {
    std::vector<Reservation> wanted;
    state_.with([&](State& s) {
        for (const ChangeView& change : changes) {
            const auto head = s.directory.find_head(change.group.datum);
            if (!head) continue;  // forgotten; the log refuses its view
            wanted.push_back(
                reservation(head->request, change.group.datum, head->spec, change.group.block));
        }
    });
    std::optional<Error> failure;
    try {
        if (!wanted.empty())
            calls_.reserve(joiner, wanted, milliseconds(settings_.provider_deadline));
    } catch (const Error& e) {
        failure = e;
        log::debug("provider {} does not take copies of {} data: {}", joiner.name, wanted.size(),
                   e.what());
    }
    state_.change([&](State& s) {
        if (!s.leading) return;
        Leadership& now_leading = *s.leading;
        s.woken = true;
        if (!failure) {
            std::ranges::copy(changes, std::back_inserter(now_leading.ready));
            return;
        }
        for (const ChangeView& change : changes) {
            now_leading.inviting.erase(change.group);
            now_leading.overseer.not_joined(change.group);
            now_leading.unsettled.insert(change.group);
        }
        if (failure->code() == ErrorCode::out_of_space) {
            // Until its next beat tells exactly.
            const Room& room = now_leading.rooms[joiner.self.provider];
            now_leading.overseer.room(joiner.self.provider, 0, room.used_bytes, 0);
        } else {
            now_leading.overseer.suspect(joiner.self);
        }
    });
}

// Providers of other clusters that copies may go to: a few of each, looked at now.
void ClusterManager::find_guests() {
    std::vector<ProviderContact> guests;
    for (const std::string& cluster : others_->names()) {
        std::vector<ProviderContact> there;
        try {
            there = guests_of(cluster);
        } catch (const Error& e) {
            log::debug("no guests of cluster {}: {}", cluster, e.what());
            continue;
        }
        if (there.size() > most_guests) there.resize(most_guests);
        guests.insert(guests.end(), there.begin(), there.end());
    }
    std::vector<ProviderContact> alive;
    for (const ProviderContact& guest : guests) {
        try {
            const auto seen = calls_.look_at(guest, milliseconds(settings_.provider_deadline));
            const bool there = seen.look == ProviderCalls::Look::alive &&
                               seen.incarnation == guest.self.incarnation;
            if (there) alive.push_back(guest);
        } catch (const Error& e) {
            log::debug("guest {} does not answer: {}", guest.name, e.what());
        }
    }
    std::vector<Command> commands;
    state_.with([&](State& s) {
        for (const ProviderContact& guest : alive) {
            if (s.directory.is_registered(guest.self)) continue;
            commands.push_back(registration_of_guest(guest));
        }
    });
    try {
        if (!commands.empty()) propose(std::move(commands));
    } catch (const Error& e) {
        log::debug("guests could not be recorded: {}", e.what());
    }
    state_.change([&](State& s) {
        if (!s.leading) return;
        for (const ProviderContact& guest : alive) {
            s.leading->overseer.heard(guest.self, monotonic_now());
        }
        s.woken = true;
    });
}

}  // namespace juxta::data
