// What the manager does by itself: reviews, probes, deliveries, the ends of leases and of freed
// data.
#include <algorithm>

#include "common/base/error.h"
#include "common/log/log.h"
#include "data_service/core/cluster_manager.h"

namespace juxta::data {
namespace {

constexpr std::size_t most_views_a_call = 2000;
constexpr Duration retry_after = 200 * kMillisecond;

unsigned milliseconds(Duration duration) { return static_cast<unsigned>(duration / kMillisecond); }

// A freed datum that everybody has been told of, or who has not is dead.
bool is_forgettable(const ClusterManagerState& s, const DataId& id, const DatumRecord& record) {
    const auto told = s.told_freed.find(id);
    for (BlockNumber block = 0; block < record.blocks.size(); ++block) {
        for (const Member& member : concerned(s.directory, {id, block})) {
            const bool has_heard = told != s.told_freed.end() && told->second.contains(member);
            if (!has_heard && !s.directory.is_dead(member)) return false;
        }
    }
    return true;
}

}  // namespace

void ClusterManager::start() {
    loop_ = std::thread([this] { loop(); });
}

void ClusterManager::stop() {
    state_.change([](State& s) { s.stopping = true; });
    if (loop_.joinable()) loop_.join();
    crew_.stop();
}

void ClusterManager::wake(const std::vector<GroupId>& groups) {
    state_.change([&](State& s) {
        s.to_review.insert(s.to_review.end(), groups.begin(), groups.end());
        s.woken = true;
    });
}

void ClusterManager::wake_for_all() {
    state_.change([](State& s) {
        s.review_all = true;
        s.woken = true;
    });
}

void ClusterManager::loop() {
    const auto pause = std::chrono::microseconds(settings_.durations.heartbeat);
    auto next_full = std::chrono::steady_clock::now();
    for (;;) {
        const bool woken =
            state_.wait_until(next_full, [](State& s) { return s.stopping || s.woken; });
        const bool ending = state_.with([&](State& s) {
            s.woken = false;
            if (!woken) s.review_all = true;
            return s.stopping;
        });
        if (ending) return;
        if (!woken) next_full = std::chrono::steady_clock::now() + pause;
        try {
            tick(monotonic_now());
        } catch (const Error& e) {
            log::warning("the manager could not act now: {}", e.what());
        }
    }
}

void ClusterManager::tick(Time now) {
    std::vector<ProviderContact> to_probe;
    std::vector<ProviderId> to_deliver;
    std::vector<Command> commands = state_.with([&](State& s) {
        for (const Member& member : s.overseer.to_probe(s.directory, now)) {
            const auto contact = contact_of(s.directory, member);
            if (contact && s.probing.insert(member).second) to_probe.push_back(*contact);
        }
        for (auto& [provider, mail] : s.mail) {
            if (!mail.views.empty() && !mail.under_way && mail.not_before <= now) {
                mail.under_way = true;
                to_deliver.push_back(provider);
            }
        }
        return due(s, now);
    });
    for (const ProviderContact& provider : to_probe) {
        crew_.run([this, provider] { probe(provider); });
    }
    for (const ProviderId provider : to_deliver) {
        crew_.run([this, provider] { deliver(provider); });
    }
    propose(std::move(commands));
}

std::vector<Command> ClusterManager::due(State& s, Time now) {
    std::vector<Command> commands;
    const bool all = std::exchange(s.review_all, false);
    const std::vector<GroupId> groups = std::exchange(s.to_review, {});
    if (all || !groups.empty()) {
        commands = s.overseer.review(s.directory, now, all ? std::vector<GroupId>{} : groups);
    }
    if (!all) return commands;

    std::set<ClientId> ended;
    std::erase_if(s.leases, [&](const auto& lease) {
        return lease.second <= now && ended.insert(lease.first).second;
    });
    std::set<ClientId> with_data;
    if (!ended.empty()) {
        for (const auto& [id, record] : s.directory.data()) {
            if (record.spec.lifetime == Lifetime::client && !record.freed &&
                ended.contains(record.spec.client)) {
                with_data.insert(record.spec.client);
            }
        }
    }
    for (const ClientId client : with_data) commands.push_back(EndClient{client});

    for (const DataId& id : s.freed) {
        const DatumRecord* record = s.directory.find(id);
        if (record != nullptr && is_forgettable(s, id, *record))
            commands.push_back(ForgetDatum{id});
    }
    return commands;
}

void ClusterManager::post(const std::vector<Letter>& letters) {
    if (letters.empty()) return;
    std::set<ProviderId> to_deliver;
    state_.with([&](State& s) {
        if (s.stopping) return;
        for (const Letter& letter : letters) {
            if (!letter.foreign && s.directory.is_dead(letter.to)) continue;
            Mail& mail = s.mail[letter.to.provider];
            mail.foreign = letter.foreign;
            View& kept = mail.views[letter.content.group];
            if (letter.content.view.epoch >= kept.epoch) kept = letter.content.view;
            if (!mail.under_way) {
                mail.under_way = true;
                to_deliver.insert(letter.to.provider);
            }
        }
    });
    for (const ProviderId provider : to_deliver) {
        crew_.run([this, provider] { deliver(provider); });
    }
}

void ClusterManager::deliver(ProviderId provider) {
    for (;;) {
        std::optional<ProviderContact> contact;
        const std::vector<GroupView> views = state_.with([&](State& s) {
            Mail& mail = s.mail[provider];
            const auto found = s.directory.providers().find(provider);
            if (found != s.directory.providers().end()) {
                contact = found->second.contact;
                if (s.directory.is_dead(contact->self)) mail.views.clear();
            } else {
                contact = mail.foreign;
            }
            std::vector<GroupView> some;
            while (contact && !mail.views.empty() && some.size() < most_views_a_call) {
                auto first = mail.views.extract(mail.views.begin());
                some.push_back({first.key(), first.mapped()});
            }
            if (some.empty()) s.mail.erase(provider);
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
            Mail& mail = s.mail[provider];
            if (told) {
                note_told(s, contact->self, views);
                return true;
            }
            for (const GroupView& view : views) {
                View& kept = mail.views[view.group];
                if (view.view.epoch > kept.epoch) kept = view.view;
            }
            const bool foreign = !s.directory.providers().contains(provider);
            if (foreign) mail.views.clear();  // one attempt: it is a mere cache
            mail.under_way = false;
            mail.not_before = monotonic_now() + retry_after;
            return false;
        });
        if (!again) return;
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
    state_.with([&](State& s) {
        s.probing.erase(provider.self);
        if (!gone && seen.look == ProviderCalls::Look::alive) {
            s.overseer.heard(provider.self, monotonic_now());
        }
    });
    if (!gone) return;
    log::warning("provider {} (incarnation {}) is dead: {}", provider.name,
                 provider.self.incarnation,
                 other ? "another incarnation answers there" : "its port refuses connections");
    try {
        propose(ConfirmDead{provider.self});
    } catch (const Error& e) {
        log::warning("the death of {} could not be recorded: {}", provider.name, e.what());
    }
    wake_for_all();
}

}  // namespace juxta::data
