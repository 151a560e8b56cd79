// What clients and schedulers ask of the manager. Allocation: cluster_manager_allocation.cc.
#include <algorithm>

#include "common/base/error.h"
#include "common/base/in_parallel.h"
#include "common/log/log.h"
#include "data_service/core/cluster_manager.h"

namespace juxta::data {
namespace {

constexpr std::size_t most_told_at_once = 16;

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorCode::invalid_argument, why + "; nothing was changed");
}

}  // namespace

// Who cannot be told now, or is one of very many, is told by its mail.
void ClusterManager::deliver_now(const std::vector<Letter>& letters) {
    std::vector<char> told(letters.size(), 0);
    const auto tell = [&](std::size_t i) {
        const Letter& letter = letters[i];
        std::optional<ProviderContact> contact = letter.foreign;
        std::optional<GroupView> view;
        state_.with([&](State& s) {
            if (!contact) contact = contact_of(s.directory, letter.to);
            if (const auto record = s.directory.find(letter.group)) {
                view = {letter.group, record->view};
            }
        });
        if (!contact || !view) return;
        try {
            calls_.adopt(*contact, {*view}, milliseconds(settings_.provider_deadline));
            told[i] = 1;
            state_.with([&](State& s) {
                if (s.leading) note_told(s, letter.to, {*view});
            });
        } catch (const Error&) {
            state_.with([&](State& s) {
                if (s.leading && !letter.foreign) s.leading->overseer.suspect(letter.to);
            });
        }
    };
    if (letters.size() <= most_told_at_once) in_parallel(letters.size(), tell);
    std::vector<Letter> rest;
    for (std::size_t i = 0; i < letters.size(); ++i) {
        if (!told[i]) rest.push_back(letters[i]);
    }
    start_couriers(state_.with([&](State& s) { return post(s, rest); }));
}

DatumInfo ClusterManager::find(const DataId& id) const {
    const auto look = [&](const State& s) -> std::optional<DatumInfo> {
        leading(s);
        if (const auto record = record_of(s, id)) {
            return describe(s, settings_.cluster, id, *record);
        }
        return std::nullopt;
    };
    auto found = state_.with(look);
    if (found) return *found;
    // A new leader does not know yet what only providers know.
    const Duration grace = state_.with([&](const State& s) {
        const bool is_known = s.directory.block_count(id) > 0;
        const Time until = leading(s).started + 2 * settings_.durations.detection;
        return is_known || s.leading->not_told.empty() ? 0 : until - monotonic_now();
    });
    if (grace > 0) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(grace);
        state_.wait_until(deadline, [&](const State& s) {
            return !s.leading || s.leading->not_told.empty() ||
                   s.leading->volatile_data.find(id) != nullptr;
        });
        found = state_.with(look);
        if (found) return *found;
    }
    throw Error(ErrorCode::not_found, "cluster " + settings_.cluster + " has no datum " +
                                          to_string(id) + " (never allocated, or freed)");
}

DatumInfo ClusterManager::find_by_name(const std::string& name) {
    const auto look = [&] {
        return state_.with([&](const State& s) {
            leading(s);
            return s.directory.named(name);
        });
    };
    auto id = look();
    if (!id) {
        // A replica that was stopped may lead no longer without knowing it. What changes nothing
        // and is agreed on proves that nothing was missed.
        propose(ForgetName{});
        id = look();
    }
    if (!id) {
        throw Error(ErrorCode::not_found,
                    "cluster " + settings_.cluster + " has no datum named '" + name + "'");
    }
    return find(*id);
}

std::vector<DatumInfo> ClusterManager::list(const DataId& after, std::size_t most) const {
    constexpr std::size_t most_at_once = 1000;
    most = std::min(most, most_at_once);
    return state_.with([&](const State& s) {
        std::vector<DataId> ids;
        const Directory::Data data = s.directory.data();
        for (auto at = data.after(after); at != data.end() && ids.size() < most; ++at) {
            if (!at.is_freed()) ids.push_back(at.id());
        }
        const auto& held = leading(s).volatile_data.all();
        std::size_t taken = 0;
        for (auto at = held.upper_bound(after); at != held.end() && taken < most; ++at, ++taken) {
            ids.push_back(at->first);
        }
        std::ranges::sort(ids);
        if (ids.size() > most) ids.resize(most);
        std::vector<DatumInfo> some;
        for (const DataId& id : ids) {
            some.push_back(describe(s, settings_.cluster, id, *record_of(s, id)));
        }
        return some;
    });
}

DatumInfo ClusterManager::change(const ChangeDatum& change) {
    const DatumInfo before = find(change.id);
    if (change.name) {
        const std::string why = why_no_name(*change.name);
        if (!why.empty()) refuse(why);
    }
    if (change.copies == std::uint16_t{0}) refuse("a datum has at least one copy");
    if (change.clusters == std::uint16_t{0}) refuse("a datum is kept in at least one cluster");
    if (change.lease_ms == std::uint64_t{0}) refuse("a lease lasts at least 1 ms");
    const Persistence mode = change.persistence.value_or(before.spec.persistence);
    if (before.spec.durable && change.persistence && is_fleeting(mode)) {
        refuse(to_string(change.id) + " is durable, it outlives everybody; " +
               std::string(name_of(mode)) + " data do not");
    }
    if (mode == Persistence::unique_sticky &&
        (change.copies.value_or(1) > 1 || change.clusters.value_or(1) > 1)) {
        refuse("unique_sticky data have exactly one copy");
    }
    if (before.lost) {
        throw Error(ErrorCode::data_lost, to_string(change.id) +
                                              " is lost: nothing of it can be changed but that "
                                              "it is freed");
    }
    make_known({change.id});
    propose(change);
    state_.with([&](State& s) {
        if (!s.leading) return;
        if (const auto head = s.directory.find_head(change.id)) {
            if (head->spec.lifetime != Lifetime::lease) s.leading->leases.erase(change.id);
            note_life(*s.leading, change.id, head->spec);
        }
    });
    wake();
    return find(change.id);
}

void ClusterManager::renew_datum(const DataId& id) {
    const DatumInfo info = find(id);
    state_.with([&](State& s) { note_life(leading(s), id, info.spec); });
}

bool ClusterManager::free_volatile(const DataId& id) {
    std::optional<ProviderContact> provider;
    View freed;
    std::uint64_t bytes = 0;
    const bool known = state_.with([&](State& s) {
        VolatileShelf& shelf = leading(s).volatile_data;
        const DatumRecord* record = shelf.find(id);
        if (record == nullptr) return false;
        freed = record->blocks[0].view;
        bytes = record->block_bytes(0);
        provider = contact_of(s.directory, freed.members.front());
        shelf.erase(id);
        s.leading->newest.erase(id);
        s.leading->caches.erase(id);
        s.leading->leases.erase(id);
        return true;
    });
    if (!known || !provider) return known;
    freed.epoch += 1;
    freed.freed = true;
    if (tell_freed(*provider, id, freed)) {
        state_.with([&](State& s) {
            if (s.leading) note_room(*s.leading, provider->self.provider, bytes, false);
        });
    }
    return true;
}

// Once: it tells of what it has again, in its turn, and hears then that nobody knows of it.
bool ClusterManager::tell_freed(const ProviderContact& provider, const DataId& id,
                                const View& freed) {
    try {
        calls_.adopt(provider, {{{id, 0}, freed}}, milliseconds(settings_.provider_deadline));
        return true;
    } catch (const Error& e) {
        log::debug("provider {} was not told that {} is freed: {}", provider.name, to_string(id),
                   e.what());
        return false;
    }
}

void ClusterManager::free_datum(const DataId& id) {
    if (free_volatile(id)) return;
    const bool known = state_.with([&](State& s) {
        leading(s);
        return s.directory.block_count(id) > 0 && !s.directory.is_freed(id);
    });
    // Told before the answer, so that nobody who asks afterwards is served.
    if (known) deliver_now(decide({FreeDatum{id}}, true).letters);
}

void ClusterManager::forget_name(const std::string& name, const DataId& unless) {
    const auto holder = state_.with([&](State& s) {
        leading(s);
        return s.directory.named(name);
    });
    if (holder && *holder != unless) propose(ForgetName{name, unless});
}

void ClusterManager::renew_client(ClientId client, Duration lease) {
    state_.with([&](State& s) { leading(s).clients.set(client, monotonic_now() + lease); });
}

void ClusterManager::end_client(ClientId client) {
    std::vector<DataId> ended;
    const bool has_data = state_.with([&](State& s) {
        leading(s).clients.erase(client);
        ended = s.leading->volatile_data.data_of(client);
        return !s.directory.data_of(client).empty();
    });
    in_parallel(ended.size(), [&](std::size_t i) {
        try {
            free_volatile(ended[i]);
        } catch (const Error&) {
            // Leads no longer: the next one gives the client a last lease.
        }
    });
    if (has_data) propose(EndClient{client});
}

std::vector<DatumLocation> ClusterManager::locate(const std::vector<DataId>& ids) const {
    return state_.with([&](const State& s) {
        leading(s);
        std::vector<DatumLocation> found;
        for (const DataId& id : ids) {
            const auto record = record_of(s, id);
            if (!record || record->lost) continue;
            found.push_back(data::locate(s, id, *record));
        }
        return found;
    });
}

}  // namespace juxta::data
