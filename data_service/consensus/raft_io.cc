#include "data_service/consensus/raft_io.h"

#include <malloc.h>

#include <limits>

#include "common/base/error.h"
#include "common/log/log.h"
#include "data_service/consensus/snapshot_frame.h"

namespace juxta::data {
namespace {

// For answers that were on their way when a snapshot arrived.
constexpr auto kAfterSnapshot = std::chrono::seconds(1);

}  // namespace

RaftIo* RaftIo::owner(raft_io* base) { return reinterpret_cast<Base*>(base)->owner; }

RaftIo::RaftIo(EventLoop& loop, const std::filesystem::path& folder, Ports ports)
    : loop_(loop), ports_(std::move(ports)) {
    no_transport_.version = 1;
    no_transport_.init = [](raft_uv_transport*, raft_id, const char*) { return 0; };
    no_transport_.listen = [](raft_uv_transport*, raft_uv_accept_cb) { return 0; };
    no_transport_.connect = [](raft_uv_transport*, raft_uv_connect*, raft_id, const char*,
                               raft_uv_connect_cb) -> int { return RAFT_NOCONNECTION; };
    no_transport_.close = [](raft_uv_transport* transport, raft_uv_transport_close_cb done) {
        done(transport);
    };
    base_.owner = this;
    base_.io.version = 1;
    if (const int result = raft_uv_init(&base_.io, loop.get(), folder.c_str(), &no_transport_)) {
        throw Error(ErrorCode::unavailable,
                    "the log cannot be kept in " + folder.string() + ": " + raft_strerror(result));
    }
    // A damaged segment is for a person to look at, not to be put aside with what was promised.
    raft_uv_set_auto_recovery(&base_.io, false);
    io_ = base_.io;
    io_.impl = this;
    forward_disk_operations();
    replace_network_operations();
}

RaftIo::~RaftIo() { raft_uv_close(&base_.io); }

void RaftIo::forward_disk_operations() {
    io_.init = [](raft_io* io, raft_id id, const char* address) {
        self(io)->base_.io.data = io->data;
        return self(io)->base_.io.init(&self(io)->base_.io, id, address);
    };
    io_.load = [](raft_io* io, raft_term* term, raft_id* vote, raft_snapshot** snapshot,
                  raft_index* start, raft_entry** entries, std::size_t* count) {
        raft_io& base = self(io)->base_.io;
        const int result = base.load(&base, term, vote, snapshot, start, entries, count);
        if (result != 0) std::snprintf(io->errmsg, sizeof io->errmsg, "%s", base.errmsg);
        return result;
    };
    io_.bootstrap = [](raft_io* io, const raft_configuration* group) {
        return self(io)->base_.io.bootstrap(&self(io)->base_.io, group);
    };
    io_.recover = [](raft_io* io, const raft_configuration* group) {
        return self(io)->base_.io.recover(&self(io)->base_.io, group);
    };
    io_.set_term = [](raft_io* io, raft_term term) {
        return self(io)->base_.io.set_term(&self(io)->base_.io, term);
    };
    io_.set_vote = [](raft_io* io, raft_id vote) {
        return self(io)->base_.io.set_vote(&self(io)->base_.io, vote);
    };
    io_.truncate = [](raft_io* io, raft_index index) {
        return self(io)->base_.io.truncate(&self(io)->base_.io, index);
    };
    io_.snapshot_get = [](raft_io* io, raft_io_snapshot_get* request,
                          raft_io_snapshot_get_cb done) {
        return self(io)->get_snapshot(request, done);
    };
    io_.time = [](raft_io* io) { return self(io)->base_.io.time(&self(io)->base_.io); };
    io_.random = [](raft_io* io, int least, int most) {
        return self(io)->base_.io.random(&self(io)->base_.io, least, most);
    };
    io_.append = [](raft_io* io, raft_io_append* request, const raft_entry* entries, unsigned count,
                    raft_io_append_cb done) {
        return self(io)->append(request, entries, count, done);
    };
    io_.snapshot_put = [](raft_io* io, unsigned trailing, raft_io_snapshot_put* request,
                          const raft_snapshot* snapshot, raft_io_snapshot_put_cb done) {
        return self(io)->put(trailing, request, snapshot, done);
    };
}

void RaftIo::replace_network_operations() {
    io_.start = [](raft_io* io, unsigned interval_ms, raft_io_tick_cb tick, raft_io_recv_cb recv) {
        RaftIo* const me = self(io);
        me->base_.io.data = io->data;
        me->recv_ = recv;
        me->tick_ = tick;
        const auto forward = [](raft_io* base) {
            RaftIo* const it = owner(base);
            it->io_.capacity = base->capacity;
            it->tick_(&it->io_);
        };
        return me->base_.io.start(&me->base_.io, interval_ms, forward, recv);
    };
    io_.close = [](raft_io* io, raft_io_close_cb done) { self(io)->close(done); };
    io_.send = [](raft_io* io, raft_io_send* request, const raft_message* message,
                  raft_io_send_cb done) { return self(io)->send(request, message, done); };
}

// Never fails: libraft would release the request twice.
int RaftIo::send(raft_io_send* request, const raft_message* message, raft_io_send_cb done) {
    if (closing_) {
        done(request, RAFT_CANCELED);
        return 0;
    }
    OutgoingParcel parcel = to_parcel(*message);
    const raft_id to = message->server_id;
    if (is_bulk(*message)) {
        const unsigned number = ++snapshots_begun_;
        snapshots_sent_[to] = {number, Clock::time_point::max()};
        parcel.done = [this, to, number, request, done] {
            loop_.post([=, this] {
                OnItsWay& last = snapshots_sent_[to];
                if (last.number == number) last.until = Clock::now() + kAfterSnapshot;
                done(request, 0);
            });
        };
        ports_.send_bulk(to, std::move(parcel));
    } else {
        ports_.send(to, std::move(parcel));
        loop_.post([=] { done(request, 0); });
    }
    return 0;
}

int RaftIo::append(raft_io_append* request, const raft_entry entries[], unsigned count,
                   raft_io_append_cb done) {
    auto append = std::make_unique<Append>(Append{this, {}, request, done, Clock::now()});
    append->request.data = append.get();
    const int result = base_.io.append(
        &base_.io, &append->request, entries, count, [](raft_io_append* inner, int status) {
            const std::unique_ptr<Append> it(static_cast<Append*>(inner->data));
            it->io->appends_.erase(it.get());
            it->done(it->theirs, status);
        });
    if (result == 0) appends_.insert(append.release());
    return result;
}

std::chrono::milliseconds RaftIo::disk_delay() const {
    auto oldest = Clock::now();
    const auto now = oldest;
    for (const Append* append : appends_) oldest = std::min(oldest, append->since);
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - oldest);
}

int RaftIo::get_snapshot(raft_io_snapshot_get* request, raft_io_snapshot_get_cb done) {
    auto get = std::make_unique<Get>(Get{this, {}, request, done});
    get->request.data = get.get();
    const int result =
        base_.io.snapshot_get(&base_.io, &get->request,
                              [](raft_io_snapshot_get* inner, raft_snapshot* snapshot, int status) {
                                  const std::unique_ptr<Get> it(static_cast<Get*>(inner->data));
                                  --it->io->snapshots_read_;
                                  it->done(it->theirs, snapshot, status);
                              });
    if (result == 0) {
        get.release();
        ++snapshots_read_;
    }
    return result;
}

bool RaftIo::awaits_snapshot(raft_id replica) const {
    const auto sent = snapshots_sent_.find(replica);
    return snapshots_read_ > 0 ||
           (sent != snapshots_sent_.end() && sent->second.until > Clock::now());
}

int RaftIo::put(unsigned trailing, raft_io_snapshot_put* request, const raft_snapshot* snapshot,
                raft_io_snapshot_put_cb done) {
    const bool is_taken = taken_ && snapshot->bufs == taken_->buffers.data();
    auto put = std::make_unique<Put>(Put{this, {}, request, done, trailing, snapshot, is_taken});
    if (!is_taken) return put_now(std::move(put));
    waits_for_taken_ = std::move(put);
    ports_.make_snapshot();
    return 0;
}

int RaftIo::put_now(std::unique_ptr<Put> put) {
    put->request.data = put.get();
    if (!put->is_taken) installing_ = true;
    const int result =
        base_.io.snapshot_put(&base_.io, put->trailing, &put->request, put->snapshot,
                              [](raft_io_snapshot_put* inner, int status) {
                                  const std::unique_ptr<Put> it(static_cast<Put*>(inner->data));
                                  if (!it->is_taken) it->io->installing_ = false;
                                  it->done(it->theirs, status);
                              });
    if (result == 0) {
        put.release();
    } else if (!put->is_taken) {
        installing_ = false;
    }
    return result;
}

void RaftIo::begin_snapshot(raft_buffer*& buffers, unsigned& count) {
    taken_.emplace();
    buffers = taken_->buffers.data();
    count = static_cast<unsigned>(taken_->buffers.size());
}

void RaftIo::provide_snapshot(std::string snapshot) {
    if (!waits_for_taken_) return;  // closing
    taken_->content = std::move(snapshot);
    taken_->frame = snapshot_frame(taken_->content);
    taken_->buffers[0] = {taken_->frame.data(), taken_->frame.size()};
    taken_->buffers[1] = {taken_->content.data(), taken_->content.size()};
    auto* const request = waits_for_taken_->theirs;
    const auto done = waits_for_taken_->done;
    if (const int result = put_now(std::move(waits_for_taken_))) {
        log::error("a snapshot of the managers' log cannot be written: {}", raft_strerror(result));
        done(request, result);
    }
}

void RaftIo::end_snapshot() {
    taken_.reset();
    loop_.post([] { ::malloc_trim(0); });  // the entries before it have gone
    if (!held_back_) return;
    // Not at once: libraft is still amid the snapshot taken here.
    loop_.post([this] {
        if (held_back_) receive(std::exchange(held_back_, nullptr));
    });
}

void RaftIo::receive(std::unique_ptr<ReceivedMessage> message) {
    if (closing_ || recv_ == nullptr) return;
    if (is_bulk(message->get())) {
        if (installing_) return;  // its sender repeats it
        if (taken_) {
            held_back_ = std::move(message);
            return;
        }
        const raft_buffer& data = message->get().install_snapshot.data;
        try {
            unframed_snapshot({static_cast<const char*>(data.base), data.len});
        } catch (const Error& e) {
            log::error("from another manager: {}", e.what());
            return;
        }
    }
    raft_message* const handed = message->hand_over();
    if (handed->type == RAFT_APPEND_ENTRIES_RESULT && awaits_snapshot(handed->server_id)) {
        auto& rejected = handed->append_entries_result.rejected;
        // Still proof that it is there; of an index that was not sent, which is passed over.
        if (rejected != 0) rejected = std::numeric_limits<raft_index>::max();
    }
    recv_(&io_, handed);
}

void RaftIo::close(raft_io_close_cb done) {
    closing_ = true;
    closed_ = done;
    held_back_.reset();
    if (const auto put = std::exchange(waits_for_taken_, nullptr)) {
        put->done(put->theirs, RAFT_CANCELED);
    }
    base_.io.close(&base_.io, [](raft_io* base) {
        RaftIo* const it = owner(base);
        it->closed_(&it->io_);
    });
}

}  // namespace juxta::data
