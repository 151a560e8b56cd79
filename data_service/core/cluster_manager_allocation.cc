// Allocation: room is reserved first, in parallel, then the datum is decided, then its members are
// told.
#include <algorithm>
#include <limits>

#include "common/base/error.h"
#include "common/base/in_parallel.h"
#include "common/base/random.h"
#include "data_service/core/cluster_manager.h"
#include "data_service/core/consistency.h"
#include "data_service/distribution/stored_layout.h"

namespace juxta::data {
namespace {

constexpr unsigned most_attempts = 3;
constexpr unsigned most_rounds = 16;
constexpr std::size_t most_blocks = 65536;
// Of a guest that has not told yet: it refuses itself what it has no room for.

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorCode::invalid_argument, why + "; nothing was allocated");
}

std::uint64_t bytes_of_block(const DataSpec& spec, BlockNumber block) {
    return spec.block_bytes.empty() ? bytes_of(spec.type).value_or(0) : spec.block_bytes[block];
}

void check_blocks(const DataSpec& spec, std::uint64_t bytes) {
    if (spec.block_bytes.empty()) return;
    if (spec.block_bytes.size() > most_blocks) {
        refuse("a datum has at most " + std::to_string(most_blocks) + " blocks; " +
               std::to_string(spec.block_bytes.size()) + " were asked for");
    }
    std::uint64_t sum = 0;
    for (std::uint64_t block : spec.block_bytes) {
        if (block > bytes - sum) sum = std::numeric_limits<std::uint64_t>::max();
        if (sum > bytes) break;
        sum += block;
    }
    if (sum != bytes) {
        refuse("the blocks of a datum have to make its " + std::to_string(bytes) +
               " bytes together, neither more nor less");
    }
}

}  // namespace

std::uint64_t ClusterManager::checked_size(const DataId& id, const DataSpec& spec) const {
    if (id.is_nil() || id.birth_tag() != cluster_tag(settings_.cluster)) {
        refuse(to_string(id) + " is no id for a datum of cluster " + settings_.cluster);
    }
    const std::string no_name = why_no_name(spec.name);
    if (!no_name.empty()) refuse(no_name);
    if (spec.copies == 0) refuse("a datum has at least one copy; 0 were asked for");
    if (spec.clusters == 0) refuse("a datum is kept in at least one cluster; 0 were asked for");
    if (find_consistency(spec.protocol) == nullptr) {
        refuse("there is no consistency protocol '" + spec.protocol +
               "' here; there are: " + consistency_names_text());
    }
    if (spec.lifetime == Lifetime::lease && spec.lease_ms == 0) {
        refuse("a datum that lives by a lease needs one of at least 1 ms");
    }
    const auto bytes = bytes_of(spec.type);
    if (!bytes) {
        refuse("a datum of type " + to_string(spec.type) + " would have 2^63 bytes or more");
    }
    check_blocks(spec, *bytes);
    const std::string no_layout = distribution::layout_objection(spec);
    if (!no_layout.empty()) refuse(no_layout);
    return *bytes;
}

Reservation ClusterManager::reservation(const RequestId& request, const DataId& id,
                                        const DataSpec& spec, BlockNumber block) const {
    return {.group = {id, block},
            .request = request,
            .spec = spec,
            .bytes = bytes_of_block(spec, block),
            .hold = settings_.hold,
            .owner = settings_.cluster};
}

// A new leader waits for the providers it knows before it says that there is no room, and a moment
// before it does with fewer copies.
void ClusterManager::await_candidates(const DataSpec& spec) {
    std::uint64_t largest = 0;
    for (BlockNumber block = 0; block < spec.block_count(); ++block) {
        largest = std::max(largest, bytes_of_block(spec, block));
    }
    const auto has = [&](State& s, std::size_t copies) {
        if (!s.leading) return true;
        const Overseer::Wanted wanted = wanted_here(spec, largest);
        const auto found =
            s.leading->overseer.candidates(s.directory, wanted, copies, monotonic_now());
        return found.size() >= copies;
    };
    const Time started = state_.with([&](State& s) { return leading(s).started; });
    const auto wait = [&](Duration at_most, std::size_t copies) {
        const Duration left = std::max<Duration>(0, started + at_most - monotonic_now());
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(left);
        state_.wait_until(deadline, [&](State& s) {
            const bool nobody_else =
                s.leading && s.leading->not_registered.empty() && !s.directory.providers().empty();
            return nobody_else || has(s, copies);
        });
    };
    wait(settings_.durations.detection, spec.copies);
    wait(2 * settings_.durations.detection, 1);
}

std::vector<ClusterManager::Asked> ClusterManager::choose(
    const DataSpec& spec, const std::vector<std::vector<ProviderContact>>& had,
    std::vector<std::set<ProviderId>>& asked) {
    return state_.with([&](State& s) {
        Leadership& now_leading = leading(s);
        std::vector<Asked> all;
        for (BlockNumber block = 0; block < had.size(); ++block) {
            if (had[block].size() >= spec.copies) continue;
            Overseer::Wanted wanted = wanted_here(spec, bytes_of_block(spec, block));
            if (block == 0) wanted.host = spec.preferred_host;
            wanted.avoid = asked[block];
            for (const Member& member : now_leading.overseer.candidates(
                     s.directory, wanted, spec.copies - had[block].size(), monotonic_now())) {
                const auto contact = contact_of(s.directory, member);
                if (!contact) continue;
                asked[block].insert(member.provider);
                all.push_back({*contact, block});
                // So that the next block goes elsewhere.
                now_leading.overseer.expect(member.provider, wanted.bytes);
            }
        }
        return all;
    });
}

// Empty texts: reserved.
std::vector<std::string> ClusterManager::reserve_at(const RequestId& request, const DataId& id,
                                                    const DataSpec& spec,
                                                    const std::vector<Asked>& asked) {
    std::vector<std::string> failures(asked.size());
    in_parallel(asked.size(), [&](std::size_t i) {
        const ProviderContact& provider = asked[i].provider;
        try {
            calls_.reserve(provider, {reservation(request, id, spec, asked[i].block)},
                           milliseconds(settings_.provider_deadline));
        } catch (const Error& e) {
            failures[i] = provider.name + ": " + e.what();
            const bool absent =
                e.code() == ErrorCode::peer_unreachable || e.code() == ErrorCode::deadline_exceeded;
            if (absent && provider.place.cluster == settings_.cluster) suspect(provider.self);
        }
    });
    return failures;
}

std::vector<std::vector<ProviderContact>> ClusterManager::reserve_copies(const RequestId& request,
                                                                         const DataId& id,
                                                                         const DataSpec& spec) {
    await_candidates(spec);
    std::vector<std::vector<ProviderContact>> blocks(spec.block_count());
    std::vector<std::set<ProviderId>> tried(blocks.size());
    std::vector<std::string> why;
    for (unsigned round = 0; round < most_rounds; ++round) {
        const std::vector<Asked> asked = choose(spec, blocks, tried);
        if (asked.empty()) break;
        const std::vector<std::string> failures = reserve_at(request, id, spec, asked);
        state_.with([&](State& s) {
            Leadership& now_leading = leading(s);
            for (std::size_t i = 0; i < asked.size(); ++i) {
                const ProviderId provider = asked[i].provider.self.provider;
                const std::uint64_t bytes = bytes_of_block(spec, asked[i].block);
                now_leading.overseer.unexpect(provider, bytes);
                if (!failures[i].empty()) {
                    why.push_back(failures[i]);
                    continue;
                }
                blocks[asked[i].block].push_back(asked[i].provider);
                if (spec.durable) now_leading.rooms[provider].disk_used_bytes += bytes;
                note_room(now_leading, provider, bytes, true);
            }
        });
    }
    for (BlockNumber block = 0; block < blocks.size(); ++block) {
        if (blocks[block].empty()) refuse_for_space(spec, bytes_of_block(spec, block), why);
    }
    if (spec.clusters > 1) reserve_guests(request, id, spec, blocks);
    return blocks;
}

Overseer::Wanted ClusterManager::wanted_here(const DataSpec& spec, std::uint64_t bytes) const {
    Overseer::Wanted wanted;
    wanted.bytes = bytes;
    wanted.durable = spec.durable;
    wanted.cluster = settings_.cluster;
    wanted.any_cluster = false;
    return wanted;
}

// In any order: so they are used alike.
std::vector<ProviderContact> ClusterManager::guests_of(const std::string& cluster) {
    auto there = others_->providers(cluster, milliseconds(settings_.provider_deadline));
    std::erase_if(there, [](const ProviderContact& contact) { return contact.cache_only; });
    for (std::size_t i = there.size(); i > 1; --i) {
        std::swap(there[i - 1], there[secure_random() % i]);
    }
    return there;
}

// As many copies in other clusters, as far as they can be reached; the rest is made up later.
void ClusterManager::reserve_guests(const RequestId& request, const DataId& id,
                                    const DataSpec& spec,
                                    std::vector<std::vector<ProviderContact>>& blocks) {
    if (others_ == nullptr) return;
    unsigned missing = spec.clusters - 1u;
    for (const std::string& cluster : others_->names()) {
        if (missing == 0) break;
        std::vector<ProviderContact> there;
        try {
            there = guests_of(cluster);
        } catch (const Error&) {
            continue;  // cut off: another one, or later
        }
        std::vector<std::size_t> next(blocks.size(), 0);
        std::vector<std::size_t> made(blocks.size(), 0);
        for (unsigned round = 0; round < most_rounds; ++round) {
            std::vector<Asked> asked;
            for (BlockNumber block = 0; block < blocks.size(); ++block) {
                for (std::size_t lack = spec.copies - made[block];
                     lack > 0 && next[block] < there.size(); --lack) {
                    asked.push_back({there[(block + next[block]++) % there.size()], block});
                }
            }
            if (asked.empty()) break;
            const std::vector<std::string> failures = reserve_at(request, id, spec, asked);
            for (std::size_t i = 0; i < asked.size(); ++i) {
                if (!failures[i].empty()) continue;
                blocks[asked[i].block].push_back(asked[i].provider);
                made[asked[i].block] += 1;
            }
        }
        if (std::ranges::all_of(made, [](std::size_t copies) { return copies > 0; })) --missing;
    }
}

void ClusterManager::refuse_for_space(const DataSpec& spec, std::uint64_t bytes,
                                      const std::vector<std::string>& why) const {
    std::string text = "no provider of cluster " + settings_.cluster + " can store " +
                       std::to_string(bytes) + " bytes" + (spec.durable ? " on its disk" : "") +
                       (spec.name.empty() ? "" : " for '" + spec.name + "'") + ": ";
    constexpr std::size_t most_named = 20;
    std::string list = state_.with([&](const State& s) {
        const Leadership& now_leading = leading(s);
        std::string all;
        std::size_t named = 0;
        for (const auto& [id, record] : s.directory.providers()) {
            const ProviderContact& contact = record.contact;
            if (contact.cache_only || contact.place.cluster != settings_.cluster) continue;
            if (++named > most_named) continue;
            if (!all.empty()) all += ", ";
            all += contact.name + " ";
            const auto room = now_leading.rooms.find(id);
            if (s.directory.is_dead(contact.self)) {
                all += "is dead";
            } else if (record.draining) {
                all += "is leaving";
            } else if (room == now_leading.rooms.end() ||
                       now_leading.overseer.is_silent(contact.self, monotonic_now())) {
                all += "does not answer";
            } else if (spec.durable && record.disk_bytes == 0) {
                all += "has no disk";
            } else {
                all += "has " + std::to_string(room->second.free_bytes()) + " of " +
                       std::to_string(room->second.capacity_bytes) + " bytes free";
                if (spec.durable) {
                    all += ", " + std::to_string(room->second.free_disk_bytes()) + " of " +
                           std::to_string(room->second.disk_bytes) + " on disk";
                }
            }
        }
        if (named > most_named) all += " and " + std::to_string(named - most_named) + " more";
        return all.empty() ? std::string("it has no provider") : all;
    });
    for (std::size_t i = 0; i < std::min(why.size(), most_named); ++i) list += "; " + why[i];
    throw Error(ErrorCode::out_of_space, text + list + ". Free data, or add a provider" +
                                             (spec.durable ? " with a disk" : ""));
}

void ClusterManager::note_life(Leadership& now_leading, const DataId& id,
                               const DataSpec& spec) const {
    const Time now = monotonic_now();
    if (spec.lifetime == Lifetime::client) {
        now_leading.clients.prolong(spec.client, now + settings_.first_lease);
    } else if (spec.lifetime == Lifetime::lease) {
        const auto longest = static_cast<std::uint64_t>(std::numeric_limits<Duration>::max() / 4);
        const std::uint64_t length = std::min(spec.lease_ms, longest / kMillisecond);
        now_leading.leases.set(id, now + static_cast<Duration>(length) * kMillisecond);
    }
}

DatumInfo ClusterManager::allocate(const RequestId& request, const DataId& id,
                                   const DataSpec& wanted) {
    const std::uint64_t bytes = checked_size(id, wanted);
    DataSpec spec = wanted;
    if (spec.persistence == Persistence::unique_sticky) spec.copies = spec.clusters = 1;
    const auto allocated_now = [&] {
        return state_.with([&](State& s) {
            const auto before = s.directory.allocated_by(request);
            return before ? before : leading(s).volatile_data.allocated_by(request);
        });
    };
    if (const auto known = allocated_now()) return find(*known);
    const bool taken = state_.with([&](State& s) {
        leading(s);
        return s.directory.block_count(id) > 0 || record_of(s, id);
    });
    if (taken) refuse(to_string(id) + " is allocated already");
    if (needs_no_round(spec)) {
        allocate_volatile(request, id, spec);
        return find(id);
    }
    // Refused where a provider died between its reservation and the decision: then with others.
    for (unsigned attempt = 0; attempt < most_attempts && !allocated_now(); ++attempt) {
        const auto blocks = reserve_copies(request, id, spec);
        std::vector<Command> commands;
        AllocateDatum allocation{request, id, spec, bytes, {}};
        state_.with([&](State& s) {
            leading(s);
            for (const auto& copies : blocks) {
                auto& members = allocation.members.emplace_back();
                for (const ProviderContact& contact : copies) {
                    members.push_back(contact.self);
                    if (contact.place.cluster == settings_.cluster) continue;
                    if (s.directory.is_registered(contact.self)) continue;
                    commands.push_back(registration_of_guest(contact));
                }
            }
        });
        commands.push_back(std::move(allocation));
        Decided decided = decide(std::move(commands), true);
        if (!decided.applied.back().accepted) continue;
        state_.with([&](State& s) {
            if (!s.leading) return;
            s.leading->newest.emplace(id, 0);
            note_life(*s.leading, id, spec);
            for (const auto& copies : blocks) {
                for (const ProviderContact& contact : copies) {
                    if (contact.place.cluster == settings_.cluster) continue;
                    s.leading->overseer.heard(contact.self, monotonic_now());
                }
            }
        });
        deliver_now(decided.letters);
    }
    const auto allocated = allocated_now();
    if (!allocated) {
        throw Error(ErrorCode::unavailable,
                    "providers of cluster " + settings_.cluster + " died while " + to_string(id) +
                        " was being allocated, again and again; nothing was kept, try again");
    }
    wake();
    return find(*allocated);
}

// -- data without a round -------------------------------------------------------------------------

void ClusterManager::allocate_volatile(const RequestId& request, const DataId& id,
                                       const DataSpec& spec) {
    for (unsigned attempt = 0; attempt < most_attempts; ++attempt) {
        const ProviderContact provider = reserve_copies(request, id, spec).front().front();
        View view;
        view.epoch = 1;
        view.members = {provider.self};
        view.activated = true;
        state_.with([&](State& s) {
            DatumRecord record;
            record.spec = spec;
            record.bytes = bytes_of(spec.type).value_or(0);
            record.request = request;
            record.blocks.push_back({view, view.members, {provider.self.incarnation}});
            leading(s).volatile_data.put(id, std::move(record));
            note_life(leading(s), id, spec);
        });
        try {
            calls_.adopt(provider, {{{id, 0}, view}}, milliseconds(settings_.provider_deadline));
            return;
        } catch (const Error&) {
            state_.with([&](State& s) { leading(s).volatile_data.erase(id); });
            suspect(provider.self);
        }
    }
    throw Error(ErrorCode::unavailable, "no provider of cluster " + settings_.cluster +
                                            " answered while " + to_string(id) +
                                            " was being allocated; nothing was kept, try again");
}

// From now on the managers agree on these data, as they are.
void ClusterManager::make_known(const std::vector<DataId>& volatile_data) {
    std::vector<Command> commands;
    state_.with([&](State& s) {
        for (const DataId& id : volatile_data) {
            const DatumRecord* record = leading(s).volatile_data.find(id);
            if (record == nullptr || record->lost) continue;
            commands.push_back(AllocateDatum{record->request,
                                             id,
                                             record->spec,
                                             record->bytes,
                                             {record->blocks[0].view.members}});
        }
    });
    if (commands.empty()) return;
    propose(commands);
    state_.with([&](State& s) {
        for (const DataId& id : volatile_data) {
            if (s.directory.block_count(id) > 0) leading(s).volatile_data.erase(id);
        }
    });
}

}  // namespace juxta::data
