// What clients and schedulers ask of the manager.
#include <algorithm>

#include "common/base/error.h"
#include "common/base/in_parallel.h"
#include "common/log/log.h"
#include "data_service/core/cluster_manager.h"

namespace juxta::data {
namespace {

constexpr std::size_t most_told_at_once = 16;
constexpr unsigned most_allocation_attempts = 3;

unsigned milliseconds(Duration duration) { return static_cast<unsigned>(duration / kMillisecond); }

void expect_name(const std::string& name) {
    const std::string why = why_no_name(name);
    if (!why.empty()) throw Error(ErrorCode::invalid_argument, why + "; nothing was changed");
}

}  // namespace

std::uint64_t ClusterManager::checked_size(const DataId& id, const DataSpec& spec) const {
    if (id.is_nil() || id.birth_tag() != cluster_tag(settings_.cluster)) {
        throw Error(ErrorCode::invalid_argument,
                    to_string(id) + " is no id for a datum of cluster " + settings_.cluster);
    }
    expect_name(spec.name);
    if (spec.copies == 0) {
        throw Error(ErrorCode::invalid_argument, "a datum has at least one copy; 0 were asked for");
    }
    if (spec.protocol != "sequential") {
        throw Error(
            ErrorCode::invalid_argument,
            "there is no consistency protocol '" + spec.protocol + "' here; there is: sequential");
    }
    const auto bytes = bytes_of(spec.type);
    if (!bytes) {
        throw Error(ErrorCode::invalid_argument,
                    "a datum of type " + to_string(spec.type) + " would have 2^63 bytes or more");
    }
    return *bytes;
}

std::vector<Member> ClusterManager::candidates_for(const DataSpec& spec, std::uint64_t bytes) {
    // After its own start a manager waits for the beats of the providers it knows, before it says
    // that there is no room.
    const auto ask = [&](State& s) {
        return s.overseer.candidates(s.directory, bytes, s.directory.providers().size(),
                                     spec.preferred_host, monotonic_now());
    };
    const auto may_still_come = [](State& s) {
        bool any = false;
        for (const auto& [id, record] : s.directory.providers()) {
            const Member& self = record.contact.self;
            if (s.directory.is_dead(self)) continue;
            if (!s.registered.contains(self)) return true;
            any = true;
        }
        return !any;
    };
    const Time started = state_.with([](State& s) { return s.started; });
    const Duration grace = started + 2 * settings_.durations.detection - monotonic_now();
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::microseconds(std::max<Duration>(0, grace));
    state_.wait_until(deadline, [&](State& s) { return !ask(s).empty() || !may_still_come(s); });
    return state_.with(ask);
}

std::vector<std::string> ClusterManager::reserve_at(const std::vector<ProviderContact>& providers,
                                                    const GroupId& group, std::uint64_t bytes) {
    std::vector<std::string> failures(providers.size());
    in_parallel(providers.size(), [&](std::size_t i) {
        try {
            calls_.reserve(providers[i], group, bytes, 1, milliseconds(settings_.hold),
                           milliseconds(settings_.provider_deadline));
        } catch (const Error& e) {
            failures[i] = providers[i].name + ": " + e.what();
            if (e.code() != ErrorCode::out_of_space) suspect(providers[i].self);
        }
    });
    return failures;
}

std::vector<Member> ClusterManager::reserve_copies(const DataId& id, const DataSpec& spec,
                                                   std::uint64_t bytes) {
    const std::vector<Member> candidates = candidates_for(spec, bytes);
    std::vector<Member> reserved;
    std::vector<std::string> why;
    std::size_t next = 0;
    while (reserved.size() < spec.copies && next < candidates.size()) {
        std::vector<ProviderContact> asked;
        state_.with([&](State& s) {
            while (next < candidates.size() && reserved.size() + asked.size() < spec.copies) {
                if (const auto contact = contact_of(s.directory, candidates[next++])) {
                    asked.push_back(*contact);
                }
            }
        });
        const std::vector<std::string> failures = reserve_at(asked, {id, 0}, bytes);
        state_.with([&](State& s) {
            for (std::size_t i = 0; i < asked.size(); ++i) {
                if (!failures[i].empty()) {
                    why.push_back(failures[i]);
                    continue;
                }
                reserved.push_back(asked[i].self);
                // Until its next beat tells exactly.
                Room& room = s.rooms[asked[i].self.provider];
                room.used_bytes += bytes;
                s.overseer.room(asked[i].self.provider, room.free_bytes(), room.used_bytes);
            }
        });
    }
    if (reserved.empty()) refuse_for_space(spec, bytes, why);
    return reserved;
}

void ClusterManager::refuse_for_space(const DataSpec& spec, std::uint64_t bytes,
                                      const std::vector<std::string>& why) const {
    std::string text = "no provider of cluster " + settings_.cluster + " can store " +
                       std::to_string(bytes) + " bytes" +
                       (spec.name.empty() ? "" : " for '" + spec.name + "'") + ": ";
    std::string list = state_.with([&](const State& s) {
        std::string all;
        for (const auto& [id, record] : s.directory.providers()) {
            const ProviderContact& contact = record.contact;
            if (contact.cache_only) continue;
            if (!all.empty()) all += ", ";
            all += contact.name + " ";
            const auto room = s.rooms.find(id);
            if (s.directory.is_dead(contact.self)) {
                all += "is dead";
            } else if (record.draining) {
                all += "is leaving";
            } else if (room == s.rooms.end() ||
                       s.overseer.is_silent(contact.self, monotonic_now())) {
                all += "does not answer";
            } else {
                all += "has " + std::to_string(room->second.free_bytes()) + " of " +
                       std::to_string(room->second.capacity_bytes) + " bytes free";
            }
        }
        return all.empty() ? std::string("it has no provider") : all;
    });
    for (const std::string& reason : why) list += "; " + reason;
    throw Error(ErrorCode::out_of_space, text + list + ". Free data, or add a provider");
}

DatumInfo ClusterManager::allocate(const RequestId& request, const DataId& id,
                                   const DataSpec& wanted) {
    const std::uint64_t bytes = checked_size(id, wanted);
    DataSpec spec = wanted;
    if (spec.persistence == Persistence::unique_sticky) spec.copies = 1;
    const auto known = state_.with([&](State& s) {
        const auto before = s.directory.allocated_by(request);
        const bool taken = !before && s.directory.find(id) != nullptr;
        if (taken) {
            throw Error(ErrorCode::invalid_argument, to_string(id) + " is allocated already");
        }
        return before;
    });
    if (known) return find(*known);

    const auto allocated_now = [&] {
        return state_.with([&](State& s) { return s.directory.allocated_by(request); });
    };
    // Refused where a provider died between its reservation and the decision: then with others.
    for (unsigned attempt = 0; attempt < most_allocation_attempts && !allocated_now(); ++attempt) {
        const std::vector<Member> members = reserve_copies(id, spec, bytes);
        Decided decided = decide({AllocateDatum{request, id, spec, bytes, {members}}});
        if (!decided.applied.front().accepted) continue;
        state_.with([&](State& s) {
            s.newest.emplace(id, 0);
            if (spec.lifetime != Lifetime::client) return;
            Time& lease = s.leases[spec.client];
            lease = std::max(lease, monotonic_now() + settings_.first_lease);
        });
        deliver_now(decided.letters);
    }
    const auto allocated = allocated_now();
    if (!allocated) {
        throw Error(ErrorCode::unavailable,
                    "providers of cluster " + settings_.cluster + " died while " + to_string(id) +
                        " was being allocated, again and again; nothing was kept, try again");
    }
    wake({{*allocated, 0}});
    return find(*allocated);
}

// Who cannot be told now, or is one of very many, is told by its mail.
void ClusterManager::deliver_now(const std::vector<Letter>& letters) {
    if (letters.size() > most_told_at_once) return post(letters);
    std::vector<char> told(letters.size(), 0);
    in_parallel(letters.size(), [&](std::size_t i) {
        const Letter& letter = letters[i];
        const auto contact = state_.with([&](State& s) {
            return letter.foreign ? letter.foreign : contact_of(s.directory, letter.to);
        });
        if (!contact) return;
        try {
            calls_.adopt(*contact, {letter.content}, milliseconds(settings_.provider_deadline));
            told[i] = 1;
            state_.with([&](State& s) { note_told(s, letter.to, {letter.content}); });
        } catch (const Error&) {
            suspect(letter.to);
        }
    });
    std::vector<Letter> rest;
    for (std::size_t i = 0; i < letters.size(); ++i) {
        if (!told[i]) rest.push_back(letters[i]);
    }
    post(rest);
}

DatumInfo ClusterManager::find(const DataId& id) const {
    return state_.with([&](const State& s) {
        const DatumRecord* record = s.directory.find(id);
        if (record == nullptr || record->freed) {
            throw Error(ErrorCode::not_found, "cluster " + settings_.cluster + " has no datum " +
                                                  to_string(id) + " (never allocated, or freed)");
        }
        return describe(s, settings_.cluster, id, *record);
    });
}

DatumInfo ClusterManager::find_by_name(const std::string& name) const {
    const auto id = state_.with([&](const State& s) { return s.directory.named(name); });
    if (!id) {
        throw Error(ErrorCode::not_found,
                    "cluster " + settings_.cluster + " has no datum named '" + name + "'");
    }
    return find(*id);
}

std::vector<DatumInfo> ClusterManager::list() const {
    return state_.with([&](const State& s) {
        std::vector<DatumInfo> all;
        for (const auto& [id, record] : s.directory.data()) {
            if (!record.freed) all.push_back(describe(s, settings_.cluster, id, record));
        }
        return all;
    });
}

DatumInfo ClusterManager::change(const ChangeDatum& change) {
    const DatumInfo before = find(change.id);
    if (change.name) expect_name(*change.name);
    if (change.copies == std::uint16_t{0}) {
        throw Error(ErrorCode::invalid_argument, "a datum has at least one copy; 0 were asked for");
    }
    const Persistence mode = change.persistence.value_or(before.spec.persistence);
    if (mode == Persistence::unique_sticky && change.copies.value_or(1) > 1) {
        throw Error(ErrorCode::invalid_argument, "unique_sticky data have exactly one copy, not " +
                                                     std::to_string(*change.copies));
    }
    propose(change);
    wake_for_all();
    return find(change.id);
}

void ClusterManager::free_datum(const DataId& id) {
    const bool known = state_.with([&](State& s) {
        const DatumRecord* record = s.directory.find(id);
        return record != nullptr && !record->freed;
    });
    // Told before the answer, so that nobody who asks afterwards is served.
    if (known) deliver_now(decide({FreeDatum{id}}).letters);
}

void ClusterManager::forget_name(const std::string& name, const DataId& unless) {
    const auto holder = state_.with([&](State& s) { return s.directory.named(name); });
    if (holder && *holder != unless) propose(ForgetName{name, unless});
}

void ClusterManager::renew_client(ClientId client, Duration lease) {
    state_.with([&](State& s) { s.leases[client] = monotonic_now() + lease; });
}

void ClusterManager::end_client(ClientId client) {
    const bool has_data = state_.with([&](State& s) {
        s.leases.erase(client);
        return std::ranges::any_of(s.directory.data(), [&](const auto& datum) {
            const DatumRecord& record = datum.second;
            return record.spec.lifetime == Lifetime::client && record.spec.client == client &&
                   !record.freed;
        });
    });
    if (has_data) propose(EndClient{client});
}

std::vector<DatumLocation> ClusterManager::locate(const std::vector<DataId>& ids) const {
    return state_.with([&](const State& s) {
        std::vector<DatumLocation> found;
        for (const DataId& id : ids) {
            const DatumRecord* record = s.directory.find(id);
            if (record == nullptr || record->freed || record->lost) continue;
            found.push_back(data::locate(s, id, *record));
        }
        return found;
    });
}

}  // namespace juxta::data
