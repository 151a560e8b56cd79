// Construction, decisions, and what providers ask. Allocation and the clients' side:
// cluster_manager_clients.cc; the loop: cluster_manager_loop.cc.
#include "data_service/core/cluster_manager.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/random.h"
#include "common/log/log.h"

namespace juxta::data {
namespace {

constexpr std::size_t most_couriers = 16;
constexpr auto patience = std::chrono::seconds(30);  // with the log's disk

ClusterManagerState fresh_state(const Durations& durations) {
    return ClusterManagerState(
        Overseer(durations, [](std::uint64_t n) { return secure_random() % n; }));
}

}  // namespace

ClusterManager::ClusterManager(ClusterManagerSettings settings, ProviderCalls& calls)
    : settings_(std::move(settings)),
      calls_(calls),
      state_(fresh_state(settings_.durations)),
      crew_(most_couriers) {
    Directory directory;
    log_ = std::make_unique<CommandLog>(settings_.folder, directory);
    const Time now = monotonic_now();
    state_.with([&](State& s) {
        s.started = now;
        for (const auto& [id, record] : directory.data()) {
            if (record.freed) s.freed.insert(id);
            if (record.spec.lifetime == Lifetime::client && !record.freed) {
                s.leases[record.spec.client] = now + settings_.first_lease;
            }
        }
        s.directory = std::move(directory);
    });
}

ClusterManager::~ClusterManager() { stop(); }

ClusterManager::Decided ClusterManager::decide(std::vector<Command> commands) {
    if (commands.empty()) return {};
    auto mine = std::make_shared<Proposal>();
    mine->commands = std::move(commands);
    state_.with([&](State& s) { s.proposals.push_back(mine); });
    for (;;) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        // Either it has been written by somebody, or it is this thread's turn to write all.
        auto batch = state_.wait_until(
            deadline, [&](State& s) { return mine->done || !s.writing; },
            [&](State& s) {
                if (mine->done) return std::vector<std::shared_ptr<Proposal>>{};
                s.writing = true;
                return std::exchange(s.proposals, {});
            });
        if (!batch) {
            throw Error(ErrorCode::unavailable,
                        "the disk of cluster " + settings_.cluster +
                            "'s manager does not answer; whether the change was made is not known");
        }
        if (batch->empty()) break;
        write_batch(*batch);
    }
    if (mine->failure) throw *mine->failure;
    return {std::move(mine->applied), std::move(mine->letters)};
}

void ClusterManager::write_batch(const std::vector<std::shared_ptr<Proposal>>& batch) {
    std::vector<Command> all;
    for (const auto& proposal : batch) {
        all.insert(all.end(), proposal->commands.begin(), proposal->commands.end());
    }
    std::optional<Error> failure;
    try {
        log_->append(all);
        commits_ += all.size();
    } catch (const Error& e) {
        log::error("{}", e.what());
        failure = e;
    } catch (const std::exception& e) {
        log::error("the log could not be written: {}", e.what());
        failure = Error(ErrorCode::internal, e.what());
    }
    std::optional<Directory> long_one;
    state_.change([&](State& s) {
        for (const auto& proposal : batch) {
            proposal->failure = failure;
            if (!failure) {
                for (const Command& command : proposal->commands) {
                    proposal->applied.push_back(apply_and_address(s, command, proposal->letters));
                }
            }
            proposal->done = true;
        }
        if (!failure && log_->is_long()) {
            long_one = s.directory;  // `writing` stays: nothing is decided meanwhile
        } else {
            s.writing = false;
        }
    });
    if (!long_one) return;
    log_->compact(*long_one);
    state_.change([](State& s) { s.writing = false; });
}

std::vector<Applied> ClusterManager::propose(std::vector<Command> commands) {
    Decided decided = decide(std::move(commands));
    post(decided.letters);
    return std::move(decided.applied);
}

Applied ClusterManager::propose(Command command) {
    return propose(std::vector<Command>{std::move(command)}).front();
}

Durations ClusterManager::register_provider(const ProviderContact& newcomer, const Room& room) {
    if (newcomer.name.empty() || newcomer.self.provider != provider_id(newcomer.name)) {
        throw Error(ErrorCode::invalid_argument,
                    "provider '" + newcomer.name + "' came with an id that is not its name's");
    }
    if (newcomer.place.cluster != settings_.cluster) {
        throw Error(ErrorCode::invalid_argument,
                    "provider " + newcomer.name + " says it belongs to cluster " +
                        newcomer.place.cluster + "; this is the manager of " + settings_.cluster);
    }
    const bool new_to_log = state_.with([&](State& s) {
        const auto found = s.directory.providers().find(newcomer.self.provider);
        if (found == s.directory.providers().end()) return true;
        const ProviderRecord& known = found->second;
        if (known.contact.name != newcomer.name) {
            throw Error(ErrorCode::invalid_argument,
                        "the names of the providers " + known.contact.name + " and " +
                            newcomer.name + " have one hash; rename one of them");
        }
        if (newcomer.self.incarnation < known.contact.self.incarnation ||
            newcomer.self.incarnation <= known.dead_up_to) {
            throw Error(ErrorCode::stale_version, "incarnation " +
                                                      std::to_string(newcomer.self.incarnation) +
                                                      " of provider " + newcomer.name +
                                                      " is known to be dead; it has to start anew");
        }
        return known.contact != newcomer || known.capacity_bytes != room.capacity_bytes;
    });
    if (new_to_log) propose(RegisterProvider{newcomer, room.capacity_bytes});

    std::vector<Letter> letters;
    state_.change([&](State& s) {
        s.registered.insert(newcomer.self);
        s.rooms[newcomer.self.provider] = room;
        s.overseer.heard(newcomer.self, monotonic_now());
        s.overseer.room(newcomer.self.provider, room.free_bytes(), room.used_bytes);
        // It may have missed views while nobody could tell it.
        for (const auto& [id, record] : s.directory.data()) {
            for (BlockNumber block = 0; block < record.blocks.size(); ++block) {
                if (concerned(s.directory, {id, block}).contains(newcomer.self)) {
                    letters.push_back(
                        {newcomer.self, {{id, block}, record.blocks[block].view}, {}});
                }
            }
        }
    });
    post(letters);
    wake_for_all();
    log::info("provider {} registered as incarnation {} at {}, {} bytes", newcomer.name,
              newcomer.self.incarnation, newcomer.address, room.capacity_bytes);
    return settings_.durations;
}

BeatAnswer ClusterManager::beat(const Beat& beat) {
    return state_.with([&](State& s) {
        BeatAnswer answer;
        const auto found = s.directory.providers().find(beat.self.provider);
        if (found == s.directory.providers().end() || found->second.contact.self != beat.self ||
            s.directory.is_dead(beat.self) || !s.registered.contains(beat.self)) {
            return answer;
        }
        answer.known = true;
        s.overseer.heard(beat.self, monotonic_now());
        s.overseer.room(beat.self.provider, beat.room.free_bytes(), beat.room.used_bytes);
        s.rooms[beat.self.provider] = beat.room;
        for (const auto& [id, version] : beat.versions) {
            if (s.directory.find(id) == nullptr) continue;
            Version& newest = s.newest[id];
            newest = std::max(newest, version);
        }
        answer.views = news_for(s.directory, beat.self, beat.epochs);
        answer.draining = found->second.draining;
        answer.may_end = answer.draining && !is_needed(s.directory, beat.self.provider);
        return answer;
    });
}

bool ClusterManager::activated(const Member& self, const GroupId& group, Epoch epoch) {
    enum class Found { recorded, to_record, stale };
    const auto look = [&] {
        return state_.with([&](State& s) {
            const GroupRecord* record = s.directory.find(group);
            if (record == nullptr || record->view.epoch != epoch || record->view.members.empty() ||
                record->view.members.front() != self) {
                return Found::stale;
            }
            return record->view.activated ? Found::recorded : Found::to_record;
        });
    };
    Found found = look();
    if (found == Found::to_record) {
        propose(RecordActivated{group, epoch, self});
        wake({group});
        found = look();
    }
    return found == Found::recorded;
}

void ClusterManager::full(const Member& self, const GroupId& group, Epoch epoch,
                          const Member& joiner) {
    const bool current = state_.with([&](State& s) {
        const GroupRecord* record = s.directory.find(group);
        return record != nullptr && record->view.epoch == epoch && record->view.joiner == joiner &&
               !record->view.members.empty() && record->view.members.front() == self;
    });
    if (!current) return;
    propose(RecordFull{group, epoch, joiner});
    wake({group});
}

void ClusterManager::suspect(const Member& who) {
    state_.with([&](State& s) {
        if (contact_of(s.directory, who) && !s.directory.is_dead(who)) s.overseer.suspect(who);
    });
    wake({});
}

void ClusterManager::cached(const ProviderContact& holder, const DataId& id, Version version,
                            bool held) {
    state_.with([&](State& s) {
        const DatumRecord* record = s.directory.find(id);
        auto& copies = s.caches[id];
        if (held && record != nullptr && !record->freed) {
            copies[holder.self.provider] = {holder, version};
            Version& newest = s.newest[id];
            newest = std::max(newest, version);  // what is cached was committed
        } else {
            const auto found = copies.find(holder.self.provider);
            if (found != copies.end() && found->second.version <= version) copies.erase(found);
        }
        if (copies.empty()) s.caches.erase(id);
    });
}

std::vector<ProviderContact> ClusterManager::providers() const {
    return state_.with([](const State& s) {
        std::vector<ProviderContact> all;
        for (const auto& [id, record] : s.directory.providers()) {
            if (!s.directory.is_dead(record.contact.self)) all.push_back(record.contact);
        }
        return all;
    });
}

void ClusterManager::drain(const std::string& provider, bool leaving) {
    const ProviderId id = provider_id(provider);
    state_.with([&](State& s) {
        if (!s.directory.providers().contains(id)) {
            throw Error(ErrorCode::not_found,
                        "cluster " + settings_.cluster + " has no provider " + provider);
        }
    });
    propose(DrainProvider{id, leaving});
    wake_for_all();
}

std::uint64_t ClusterManager::consensus_commits() const { return commits_; }

}  // namespace juxta::data
