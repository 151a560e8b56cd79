// Start, end, and what any thread may call. What happens on the loop's thread: raft_core_loop.cc.
#include "data_service/consensus/raft_core.h"

#include <algorithm>
#include <set>

#include "common/log/log.h"
#include "data_service/consensus/log_folder.h"
#include "data_service/consensus/open_segments.h"

namespace juxta::data {
namespace {

constexpr std::uint64_t kMostSnapshotBytes = 4ULL << 30;
constexpr std::size_t kMostArriving = 512 << 20;
constexpr unsigned kInstallMs = 60'000;
constexpr unsigned kMostUnconfirmed =
    16;  // entries on their way to a follower: it must go on beating
constexpr auto kPatience = std::chrono::seconds(60);  // with the Machine

raft_id id_of(const std::string& name) { return raft_digest(name.c_str(), 0); }

RaftLogSettings checked(RaftLogSettings settings) {
    std::set<raft_id> ids;
    bool has_self = false;
    for (const Replica& replica : settings.replicas) {
        has_self = has_self || replica.name == settings.self;
        if (!ids.insert(id_of(replica.name)).second || id_of(replica.name) == 0) {
            throw Error(ErrorCode::invalid_argument,
                        "replica " + replica.name + " of " + settings.group + " is named twice");
        }
    }
    if (!has_self) {
        throw Error(ErrorCode::invalid_argument,
                    "'" + settings.self + "' is none of the replicas of " + settings.group);
    }
    if (settings.heartbeat_ms == 0 || settings.heartbeat_ms >= settings.election_ms) {
        throw Error(ErrorCode::invalid_argument,
                    "replicas must beat more often than elections are held");
    }
    return settings;
}

}  // namespace

RaftLog::Core::Core(RaftLogSettings settings, PeerTransport& transport)
    : settings_(checked(std::move(settings))),
      transport_(transport),
      group_(id_of(settings_.group)),
      self_(id_of(settings_.self)) {
    for (const Replica& replica : settings_.replicas) {
        names_[id_of(replica.name)] = replica.name;
        addresses_[id_of(replica.name)] = replica.address;
    }
}

RaftLog::Core::~Core() { stop(); }

void RaftLog::Core::start(Machine& machine) {
    ensure(!machine_, "a log is started once");
    lock_ = lock_log_folder(settings_.folder);
    check_open_segments(settings_.folder);
    machine_ = &machine;
    loop_ = std::make_unique<EventLoop>();
    make_senders();
    try {
        open();
        check_group();
    } catch (...) {
        close();
        throw;
    }
    // What the snapshot held is in the Machine when this returns.
    const auto restored = std::make_shared<Guarded<bool>>(false);
    on_machine_thread([restored] { restored->change([](bool& done) { done = true; }); });
    restored->wait_until(std::chrono::steady_clock::now() + kPatience,
                         [](bool done) { return done; });
    takes_part_ = true;
    loop_->before_waiting([this] { observe(); });
    loop_->start();
}

void RaftLog::Core::make_senders() {
    for (const Replica& replica : settings_.replicas) {
        const raft_id id = id_of(replica.name);
        if (id == self_) continue;
        const Envelope envelope{group_, self_, id};
        senders_[id] = std::make_unique<PeerSender>(replica, envelope, transport_);
    }
}

void RaftLog::Core::open() {
    io_ = std::make_unique<RaftIo>(
        *loop_, settings_.folder,
        RaftIo::Ports{.send =
                          [this](raft_id to, OutgoingParcel parcel) {
                              const auto sender = senders_.find(to);
                              if (sender != senders_.end()) sender->second->send(std::move(parcel));
                          },
                      .send_bulk =
                          [this](raft_id to, OutgoingParcel parcel) {
                              const auto sender = senders_.find(to);
                              if (sender != senders_.end())
                                  sender->second->send_bulk(std::move(parcel));
                              else
                                  parcel.done();
                          },
                      .make_snapshot =
                          [this] {
                              on_machine_thread([this] {
                                  const auto made =
                                      std::make_shared<std::string>(machine_->snapshot());
                                  loop_->post([this, made] {
                                      snapshot_bytes_ = made->size();
                                      io_->provide_snapshot(std::move(*made));
                                  });
                              });
                          }});
    connect_machine();
    if (const int result = raft_init(&raft_, io_->get(), &fsm_, self_, settings_.self.c_str())) {
        const std::string text = io_->get()->errmsg;
        io_.reset();
        throw Error(ErrorCode::unavailable, "the log cannot be kept in " +
                                                settings_.folder.string() + ": " +
                                                raft_strerror(result) + " " + text);
    }
    raft_.data = this;
    raft_set_election_timeout(&raft_, settings_.election_ms);
    raft_set_heartbeat_timeout(&raft_, settings_.heartbeat_ms);
    raft_set_install_snapshot_timeout(&raft_, kInstallMs);
    raft_set_pre_vote(&raft_, true);
    raft_set_max_inflight_entries(&raft_, kMostUnconfirmed);
    plan_snapshot();
    bootstrap();
    if (const int result = raft_start(&raft_)) refuse_to_open(result);
}

// Every replica begins an empty folder with the same group, as Raft's first entry.
void RaftLog::Core::bootstrap() {
    raft_configuration group;
    raft_configuration_init(&group);
    int result = 0;
    for (const auto& [id, name] : names_) {
        if (result == 0) result = raft_configuration_add(&group, id, name.c_str(), RAFT_VOTER);
    }
    if (result == 0) result = raft_bootstrap(&raft_, &group);
    raft_configuration_close(&group);
    if (result != 0 && result != RAFT_CANTBOOTSTRAP) refuse_to_open(result);
}

void RaftLog::Core::refuse_to_open(int result) const {
    const std::string folder = settings_.folder.string();
    std::string why = raft_errmsg(const_cast<raft*>(&raft_));
    if (why.empty()) why = raft_strerror(result);
    if (result == RAFT_NOSPACE || result == RAFT_NOMEM || result == RAFT_TOOMANY) {
        throw Error(ErrorCode::unavailable, "the log in " + folder + " cannot be opened: " + why +
                                                "; nothing was changed, start again when there is "
                                                "room");
    }
    throw Error(ErrorCode::internal,
                "the log in " + folder + " is damaged (" + why +
                    "); it is not used, for what was promised would be forgotten. Restore the "
                    "folder, or, while all other replicas run, start with an empty one");
}

void RaftLog::Core::check_group() const {
    std::string stored;
    bool same = raft_.configuration.n == names_.size();
    for (unsigned i = 0; i < raft_.configuration.n; ++i) {
        const raft_server& server = raft_.configuration.servers[i];
        stored += (stored.empty() ? "" : ", ") + std::string(server.address);
        same = same && names_.contains(server.id);
    }
    if (same) return;
    std::string wanted;
    for (const auto& [id, name] : names_) wanted += (wanted.empty() ? "" : ", ") + name;
    throw Error(ErrorCode::invalid_argument,
                "the log in " + settings_.folder.string() + " is that of the replicas " + stored +
                    ", not of " + wanted + "; start it with those, or purge the platform's stores");
}

void RaftLog::Core::stop() {
    if (!loop_) return;
    takes_part_ = false;
    close();
}

void RaftLog::Core::close() {
    for (const auto& [id, sender] : senders_) sender->stop();
    const auto close_raft = [this] {
        closing_ = true;
        pump();
        if (!io_) return loop_->end();
        raft_close(&raft_, [](raft* it) { static_cast<Core*>(it->data)->loop_->end(); });
    };
    if (takes_part_.exchange(false) || loop_->is_running()) {
        loop_->post(close_raft);
    } else {
        close_raft();
    }
    loop_->join();
    // The Machine has what was committed until now, and everybody their answer.
    const auto done = std::make_shared<Guarded<bool>>(false);
    on_machine_thread([done] { done->change([](bool& flag) { flag = true; }); });
    done->wait_until(std::chrono::steady_clock::now() + kPatience, [](bool flag) { return flag; });
    machine_thread_.stop();
    io_.reset();
    loop_.reset();
    lock_.reset();
}

void RaftLog::Core::propose(std::string entry, std::chrono::steady_clock::time_point deadline) {
    if (entry.size() > kLargestEntry) {
        throw Error(ErrorCode::invalid_argument,
                    "a change of " + std::to_string(entry.size()) +
                        " bytes is more than the managers agree on at once (" +
                        std::to_string(kLargestEntry) + ")");
    }
    if (!takes_part_) throw unavailable("this replica is not running; the change was not made");
    if (!role().leads) throw not_leader();
    const auto proposal = std::make_shared<Proposal>(std::move(entry), deadline);
    queue_.add(proposal);
    loop_->post([this] { pump(); });
    if (proposal->wait()) return;
    const auto delay_ms = disk_delay_ms_.load();
    std::string why = "no majority of the managers answered in time";
    if (delay_ms > 1000) {
        why += "; this one's disk (" + settings_.folder.string() + ") has taken nothing for " +
               std::to_string(delay_ms / 1000) + " s: it may be full";
    }
    if (queue_.remove(proposal)) throw unavailable(why + "; the change was not made");
    throw unavailable(why + "; whether the change was made is not known");
}

ReplicatedLog::Role RaftLog::Core::role() const {
    return role_.with([](const KnownRole& known) { return known.role; });
}

void RaftLog::Core::receive(std::string_view message) {
    const Piece piece = decode_piece(message);
    const auto& [group, from, to] = piece.envelope;
    if (group != group_ || to != self_ || from == self_ || !names_.contains(from)) {
        throw Error(ErrorCode::invalid_argument,
                    "a message between managers came to replica " + settings_.self + " of " +
                        settings_.group +
                        " which is not for it, or from none of its group; check the addresses of "
                        "the replicas");
    }
    if (!takes_part_ || arriving_bytes_ > kMostArriving) {
        throw unavailable("this replica takes no messages now");
    }
    auto parcel = assemblers_.with([&](auto& assemblers) {
        return assemblers.try_emplace(from, kMostSnapshotBytes).first->second.add(piece);
    });
    if (!parcel) return;
    const std::size_t bytes = parcel->body.size() + parcel->head.size();
    arriving_bytes_ += bytes;
    const auto arrived = std::make_shared<Parcel>(std::move(*parcel));
    loop_->post([this, from = from, arrived, bytes] {
        arriving_bytes_ -= bytes;
        take_in(from, std::move(*arrived));
    });
}

void RaftLog::Core::on_machine_thread(std::function<void()> task) {
    machine_thread_.run([this, task = std::move(task)] {
        try {
            task();
        } catch (const std::exception& e) {
            give_up(e.what());
        }
    });
}

void RaftLog::Core::give_up(const std::string& why) {
    if (!takes_part_.exchange(false)) return;
    role_.with([](KnownRole& known) {
        known.role = {};
        ++known.changes;
    });
    const std::string text =
        "replica " + settings_.self + " of " + settings_.group + " takes part no longer: " + why;
    log::error("{}", text);
    if (settings_.on_failure) settings_.on_failure(text);
}

std::string RaftLog::Core::address_of(raft_id id) const {
    const auto found = addresses_.find(id);
    return found == addresses_.end() ? std::string() : found->second;
}

Error RaftLog::Core::not_leader() const {
    const std::string leader = role().leader;
    return {ErrorCode::not_leader,
            "manager " + settings_.self + " of " + settings_.group + " does not lead; " +
                (leader.empty() ? "nobody is known to" : "the one at " + leader + " does"),
            leader};
}

Error RaftLog::Core::unavailable(const std::string& why) const {
    return {ErrorCode::unavailable, settings_.group + ": " + why};
}

}  // namespace juxta::data
