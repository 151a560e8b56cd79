// Construction, the log's side, and decisions. What providers ask: cluster_manager_providers.cc;
// what clients ask: cluster_manager_clients.cc; allocation: cluster_manager_allocation.cc; what it
// does by itself: cluster_manager_loop.cc.
#include "data_service/core/cluster_manager.h"

#include <algorithm>
#include <exception>

#include "common/base/error.h"
#include "common/base/random.h"
#include "common/log/log.h"
#include "data_service/core/directory_codec.h"

namespace juxta::data {
namespace {

constexpr std::size_t most_couriers = 16;
constexpr std::size_t most_probes = 8;               // at a time
constexpr std::size_t most_entry_bytes = 256 << 10;  // of several commands

}  // namespace

ClusterManager::ClusterManager(ClusterManagerSettings settings, ReplicatedLog& log,
                               ProviderCalls& calls, OtherClusters* others)
    : settings_(std::move(settings)),
      log_(log),
      calls_(calls),
      others_(others),
      replica_(secure_random()),
      crew_(most_couriers),
      probes_(most_probes) {}

ClusterManager::~ClusterManager() { stop(); }

void ClusterManager::start() {
    log_.start(*this);
    started_ = true;
    loop_ = std::thread([this] { loop(); });
}

void ClusterManager::stop() {
    state_.change([](State& s) { s.stopping = true; });
    if (started_.exchange(false)) log_.stop();
    if (loop_.joinable()) loop_.join();
    crew_.stop();
    probes_.stop();
}

std::uint64_t ClusterManager::consensus_commits() const { return commits_; }

// -- the log's side -------------------------------------------------------------------------------

void ClusterManager::apply(std::string_view bytes) {
    LogEntry entry;
    try {
        entry = decode_entry(bytes);
    } catch (const std::exception& e) {
        log::error("an entry of the log of cluster {} cannot be read: {}", settings_.cluster,
                   e.what());
        ensure(false, "entries of the log are commands");
    }
    std::set<ProviderId> to_deliver;
    state_.change([&](State& s) {
        std::shared_ptr<PendingDecision> mine;
        const auto found = s.in_flight.find(entry.origin.proposal);
        if (entry.origin.replica == replica_ && found != s.in_flight.end()) mine = found->second;
        std::vector<Letter> letters;
        for (const Command& command : entry.commands) {
            Applied applied = s.directory.apply(command);
            if (s.leading) {
                for (Letter& letter : note(s, command, applied)) {
                    letters.push_back(std::move(letter));
                }
            }
            if (mine) mine->applied.push_back(std::move(applied));
        }
        if (!s.leading) letters.clear();
        if (mine && mine->tells_itself) {
            mine->letters = std::move(letters);
        } else {
            to_deliver = post(s, letters);
        }
        if (mine) mine->done = true;
        s.woken = true;
    });
    start_couriers(to_deliver);
}

// Only this thread, the log's, changes the directory: it is read without the lock, so that nobody
// waits for the snapshot of a million data.
std::string ClusterManager::snapshot() {
    const Directory* directory = state_.with([](State& s) { return &s.directory; });
    return directory->snapshot();
}

void ClusterManager::restore(std::string_view snapshot) {
    Directory directory;
    try {
        directory = Directory::restored(snapshot);
    } catch (const std::exception& e) {
        log::error("the snapshot of cluster {} cannot be read: {}", settings_.cluster, e.what());
        ensure(false, "a snapshot is a directory");
    }
    state_.change([&](State& s) { std::swap(s.directory, directory); });
}

void ClusterManager::role_changed(bool leads, const std::string& leader_address) {
    const Time now = monotonic_now();
    state_.change([&](State& s) {
        s.leader = leader_address;
        s.woken = true;
        if (!leads) return s.leading.reset();
        if (s.leading) return;
        Overseer overseer(
            settings_.durations, [](std::uint64_t n) { return secure_random() % n; },
            settings_.cluster);
        Leadership& leading = s.leading.emplace(std::move(overseer), now);
        for (const auto& [id, provider] : s.directory.providers()) {
            if (s.directory.is_dead(provider.contact.self)) continue;
            if (provider.contact.place.cluster != settings_.cluster) continue;
            leading.not_registered.insert(id);
            leading.not_told.insert(id);
        }
        for (const ClientId client : s.directory.clients()) {
            leading.clients.set(client, now + settings_.first_lease);
        }
        for (const DataId& id : s.directory.leased()) {
            note_life(leading, id, (*s.directory.find_head(id)).spec);
        }
    });
    if (leads) log::info("this replica leads cluster {} now", settings_.cluster);
}

void ClusterManager::refuse_to_follow(const State& s) const {
    throw Error(ErrorCode::not_leader,
                "this manager of cluster " + settings_.cluster + " does not lead; " +
                    (s.leader.empty() ? "who does is not known yet, ask again"
                                      : "ask the one at " + s.leader),
                s.leader);
}

Leadership& ClusterManager::leading(State& s) const {
    if (!s.leading) refuse_to_follow(s);
    return *s.leading;
}

const Leadership& ClusterManager::leading(const State& s) const {
    if (!s.leading) refuse_to_follow(s);
    return *s.leading;
}

// -- decisions ------------------------------------------------------------------------------------

ClusterManager::Decided ClusterManager::decide(std::vector<Command> commands, bool tells_itself) {
    auto mine = std::make_shared<PendingDecision>();
    mine->commands = std::move(commands);
    mine->tells_itself = tells_itself;
    const std::uint64_t number = state_.with([&](State& s) {
        leading(s);
        s.in_flight[++s.last_proposal] = mine;
        return s.last_proposal;
    });
    const auto settle = [&] {
        return state_.with([&](State& s) {
            s.in_flight.erase(number);
            return mine->done;
        });
    };
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::microseconds(settings_.log_deadline);
    try {
        log_.propose(encode({replica_, number}, mine->commands), deadline);
    } catch (const Error& e) {
        if (!settle()) {
            if (e.code() != ErrorCode::unavailable) throw;
            throw Error(ErrorCode::unavailable,
                        "the managers of cluster " + settings_.cluster +
                            " could not agree in time (" + e.what() +
                            "); whether the change was made is not known: ask again, a repeat does "
                            "nothing twice");
        }
    } catch (...) {
        settle();
        throw;
    }
    ensure(settle() || mine->done, "what the log has kept was applied");
    commits_ += mine->commands.size();
    return {std::move(mine->applied), std::move(mine->letters)};
}

std::vector<Applied> ClusterManager::propose(std::vector<Command> commands) {
    std::vector<Applied> all;
    std::vector<Command> some;
    std::size_t bytes = 0;
    const auto send = [&] {
        if (some.empty()) return;
        Decided decided = decide(std::exchange(some, {}), false);
        std::ranges::move(decided.applied, std::back_inserter(all));
        bytes = 0;
    };
    for (Command& command : commands) {
        bytes += encoded_bytes(command);
        if (bytes > most_entry_bytes) send();
        some.push_back(std::move(command));
    }
    send();
    return all;
}

Applied ClusterManager::propose(Command command) {
    return propose(std::vector<Command>{std::move(command)}).front();
}

}  // namespace juxta::data
