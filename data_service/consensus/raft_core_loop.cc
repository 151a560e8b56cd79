// What happens on the loop's thread: entries in and out, snapshots, roles.
#include <limits>

#include "common/log/log.h"
#include "data_service/consensus/raft_core.h"
#include "data_service/consensus/snapshot_frame.h"

namespace juxta::data {
namespace {

constexpr unsigned kMostInFlight = 4;   // entries of ours: what comes meanwhile shares the next
constexpr unsigned kLeastEntries = 64;  // between snapshots
constexpr std::uint64_t kLeastTrailing = 256;
constexpr std::uint64_t kTypicalEntry = 512;  // bytes
constexpr std::uint64_t kEntryOverhead = 64;
constexpr auto kSlowDisk = std::chrono::seconds(3);
constexpr auto kBetweenComplaints = std::chrono::seconds(10);

}  // namespace

void RaftLog::Core::connect_machine() {
    fsm_.version = 2;
    fsm_.data = this;
    fsm_.apply = [](raft_fsm* machine, const raft_buffer* buffer, void** result) {
        *result = nullptr;
        self(machine)->entry_committed(*buffer);
        return 0;
    };
    fsm_.snapshot = [](raft_fsm* machine, raft_buffer** buffers, unsigned* count) {
        self(machine)->bytes_since_snapshot_ = 0;
        self(machine)->plan_snapshot();
        self(machine)->io_->begin_snapshot(*buffers, *count);
        return 0;
    };
    fsm_.snapshot_finalize = [](raft_fsm* machine, raft_buffer** buffers, unsigned* count) {
        *buffers = nullptr;
        *count = 0;
        self(machine)->io_->end_snapshot();
        return 0;
    };
    fsm_.restore = [](raft_fsm* machine, raft_buffer* buffer) {
        return self(machine)->snapshot_arrived(*buffer);
    };
}

void RaftLog::Core::entry_committed(const raft_buffer& buffer) {
    bytes_since_snapshot_ += buffer.len + kEntryOverhead;
    plan_snapshot();
    auto entry =
        std::make_shared<const std::string>(static_cast<const char*>(buffer.base), buffer.len);
    on_machine_thread([this, entry] {
        for_each_proposal(*entry, [&](std::string_view proposal) { machine_->apply(proposal); });
    });
}

int RaftLog::Core::snapshot_arrived(const raft_buffer& buffer) {
    std::string_view snapshot;
    try {
        snapshot = unframed_snapshot({static_cast<const char*>(buffer.base), buffer.len});
    } catch (const Error& e) {
        std::snprintf(raft_.errmsg, sizeof raft_.errmsg, "%s", e.what());
        return RAFT_CORRUPT;  // the buffer stays libraft's
    }
    bytes_since_snapshot_ = 0;
    snapshot_bytes_ = snapshot.size();
    plan_snapshot();
    const std::shared_ptr<void> memory(buffer.base, raft_free);
    on_machine_thread([this, memory, snapshot] { machine_->restore(snapshot); });
    return 0;
}

// The log is cut by what it weighs beside the snapshot, not by the number of its entries: a large
// snapshot is not worth writing for a few of them.
void RaftLog::Core::plan_snapshot() {
    const bool is_due =
        bytes_since_snapshot_ >= std::max(settings_.snapshot_after_bytes, snapshot_bytes_ / 2);
    raft_set_snapshot_threshold(&raft_,
                                is_due ? kLeastEntries : std::numeric_limits<unsigned>::max());
    const std::uint64_t as_heavy = std::max(snapshot_bytes_ / kTypicalEntry, kLeastTrailing);
    raft_set_snapshot_trailing(&raft_, static_cast<unsigned>(std::min<std::uint64_t>(
                                           as_heavy, settings_.trailing_entries)));
}

void RaftLog::Core::observe() {
    if (closing_) return;
    const auto state = raft_state(&raft_);
    const raft_term term = raft_current_term(&raft_);
    if (state == RAFT_UNAVAILABLE) give_up(raft_errmsg(&raft_));
    if (state == RAFT_LEADER && asked_in_ != term) find_out_whether_it_leads(term);
    Standing now{state == RAFT_LEADER && leads_in_ == term, 0, term};
    const char* name = nullptr;
    raft_leader(&raft_, &now.leader, &name);
    if (now != standing_) publish(now);
    watch_disk();
}

// It leads once all that former leaders committed has come to the Machine's thread.
void RaftLog::Core::find_out_whether_it_leads(raft_term term) {
    auto barrier = std::make_unique<Barrier>(Barrier{{}, this, term});
    barrier->request.data = barrier.get();
    const int result =
        raft_barrier(&raft_, &barrier->request, [](struct raft_barrier* request, int status) {
            const std::unique_ptr<Barrier> it(static_cast<Barrier*>(request->data));
            if (status != 0) return;
            it->core->leads_in_ = it->term;
            it->core->observe();
        });
    if (result != 0) return;  // asked again at the next look
    barrier.release();
    asked_in_ = term;
}

void RaftLog::Core::publish(const Standing& standing) {
    const bool did_lead = std::exchange(standing_, standing).leads;
    const std::string leader = address_of(standing.leader);
    const auto change = role_.with([&](KnownRole& known) {
        // A new leader is one when its Machine knows.
        if (!standing.leads) known.role = {false, leader, standing.term};
        return ++known.changes;
    });
    if (standing.leads && !did_lead) {
        log::info("leads {} in term {}", settings_.group, standing.term);
    } else if (!standing.leads && standing.leader != 0 && standing.leader != self_) {
        log::info("follows {} in term {}", names_[standing.leader], standing.term);
    }
    on_machine_thread([this, standing, leader, change] {
        role_.with([&](KnownRole& known) {
            if (known.changes == change) known.role = {standing.leads, leader, standing.term};
        });
        machine_->role_changed(standing.leads, leader);
    });
    if (!standing.leads) pump();
}

void RaftLog::Core::watch_disk() {
    const auto delay = io_->disk_delay();
    disk_delay_ms_ = delay.count();
    if (delay < kSlowDisk) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - complained_at_ < kBetweenComplaints) return;
    complained_at_ = now;
    log::error(
        "the disk has taken nothing into {} for {} s (is it full?); this replica confirms "
        "no change until it does",
        settings_.folder.string(), delay.count() / 1000);
}

void RaftLog::Core::pump() {
    while (!standing_.leads || closing_) {
        const Batch refused = queue_.take();
        if (refused.empty()) return;
        const Error why =
            closing_ ? unavailable("this replica ends; the change was not made") : not_leader();
        for (const auto& proposal : refused) proposal->fail(why);
    }
    while (in_flight_ < kMostInFlight) {
        Batch batch = queue_.take();
        if (batch.empty()) return;
        submit(std::move(batch));
    }
}

void RaftLog::Core::submit(Batch batch) {
    const std::string entry = entry_of(batch, raft_commit_index(&raft_));
    raft_buffer buffer{raft_malloc(entry.size()), entry.size()};
    ensure(buffer.base != nullptr, "there is memory for an entry");
    entry.copy(static_cast<char*>(buffer.base), entry.size());
    auto submission = std::make_unique<Submission>(Submission{{}, this, std::move(batch)});
    submission->request.data = submission.get();
    // libraft takes a follower that said nothing for a moment for unreachable, and then sends to it
    // with its beats only: what comes after a pause would wait for the next one, up to 60 ms. As
    // long as a beat is always due, it goes at once.
    raft_set_heartbeat_timeout(&raft_, 0);
    const int result = raft_apply(
        &raft_, &submission->request, &buffer, 1,
        [](struct raft_apply* request, int status, void*) {
            const std::unique_ptr<Submission> it(static_cast<Submission*>(request->data));
            it->core->submitted(std::move(it->batch), status);
        });
    raft_set_heartbeat_timeout(&raft_, settings_.heartbeat_ms);
    if (result == 0) {
        ++in_flight_;
        submission.release();
        return;
    }
    raft_free(buffer.base);
    const Error why = result == RAFT_NOTLEADER
                          ? not_leader()
                          : unavailable(std::string(raft_strerror(result)) + " (" +
                                        settings_.folder.string() + "); the change was not made");
    for (const auto& proposal : submission->batch) proposal->fail(why);
}

void RaftLog::Core::submitted(Batch batch, int status) {
    if (status != 0) {
        --in_flight_;
        const Error why =
            unavailable("this replica ceased to lead (" + std::string(raft_strerror(status)) +
                        "); whether the change was made is not known");
        for (const auto& proposal : batch) proposal->fail(why);
        return;
    }
    on_machine_thread([this, batch = std::move(batch)] {
        for (const auto& proposal : batch) proposal->succeed();
        loop_->post([this] {
            --in_flight_;
            pump();
        });
    });
}

void RaftLog::Core::take_in(raft_id from, Parcel parcel) {
    try {
        io_->receive(std::make_unique<ReceivedMessage>(from, names_, std::move(parcel)));
    } catch (const Error& e) {
        log::warning("from replica {}: {}", names_[from], e.what());
    }
}

}  // namespace juxta::data
