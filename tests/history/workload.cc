#include "tests/history/workload.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "juxta/client.h"
#include "tests/history/payload.h"

namespace juxta::history {
namespace {

using data::DataAccess;
constexpr auto kPauseAfterFailure = std::chrono::milliseconds(20);
constexpr double kFinalPatience = 30;  // s

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                          std::chrono::steady_clock::now().time_since_epoch())
                                          .count());
}

// Certainly without effect. Whatever else a release ends with leaves it open.
bool refused_for_good(ErrorCode code) {
    switch (code) {
        case ErrorCode::lease_expired:
        case ErrorCode::out_of_space:
        case ErrorCode::quota_exceeded:
        case ErrorCode::invalid_argument: return true;
        default: return false;
    }
}

std::string printable(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return c == '"' || c == '\\' || c < ' '; }, '\'');
    return text;
}

double part_of(std::vector<float>& sorted, double part) {
    if (sorted.empty()) return 0;
    return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

}  // namespace

// ---- One session -------------------------------------------------------------------------------

Operation Session::begin(Deed deed, std::uint32_t datum) const {
    Operation operation;
    operation.client = number_;
    operation.deed = deed;
    operation.datum = datum;
    operation.invoked = now_ns();
    return operation;
}

void Session::end(Operation& operation) {
    if (operation.returned == 0) operation.returned = now_ns();
    operations.push_back(std::move(operation));
}

void Session::failed(Operation& operation, const std::exception& error) {
    operation.returned = now_ns();
    const auto* typed = dynamic_cast<const Error*>(&error);
    operation.code = typed != nullptr ? name_of(typed->code()) : "untyped";
    const bool effect =
        operation.deed == Deed::release && (typed == nullptr || !refused_for_good(typed->code()));
    operation.outcome = effect ? Outcome::unknown : Outcome::failed;
    Failures& all = failures[operation.code];
    if (all.count++ == 0) all.first = printable(error.what());
}

void Session::read_into(Operation& operation, std::span<const std::byte> content) const {
    if (operation.version == 0) return;
    Stamp stamp;
    operation.torn = printable(read_payload(content, stamp));
    if (operation.torn.empty()) operation.stamp = stamp;
}

void Session::loop_over(std::uint32_t datum, std::uint64_t begun, const std::string& code) {
    const double ms = static_cast<double>(now_ns() - begun) / 1e6;
    if (code.empty()) loops_ms.push_back(static_cast<float>(ms));
    if (ms > shared_.stall_ms) stalls.push_back({number_, datum, begun, ms, code});
}

bool Session::snapshot(std::uint32_t datum) {
    Operation operation = begin(Deed::snapshot, datum);
    const std::uint64_t begun = operation.invoked;
    try {
        const auto hold = access_.acquire_read(shared_.data[datum]);
        buffer_.resize(shared_.bytes);
        hold->read(0, buffer_);
        operation.version = last_version_ = hold->version();
        operation.returned = now_ns();
        read_into(operation, buffer_);
    } catch (const std::exception& e) {
        failed(operation, e);
    }
    const std::string code = operation.code;
    end(operation);
    loop_over(datum, begun, code);
    return code.empty();
}

bool Session::change(std::uint32_t datum) {
    const std::uint64_t begun = now_ns();
    const bool good = change_locked(datum);
    loop_over(datum, begun, good ? "" : operations.back().code);
    return good;
}

bool Session::change_locked(std::uint32_t datum) {
    Operation acquire = begin(Deed::acquire, datum);
    std::unique_ptr<data::WriteHold> hold;
    try {
        hold = access_.acquire(shared_.data[datum], DataAccess::Clock::now() + shared_.patience);
        acquire.token = hold->token();
        acquire.version = hold->base();
    } catch (const std::exception& e) {
        failed(acquire, e);
    }
    end(acquire);
    if (!hold) return false;

    Operation read = begin(Deed::read, datum);
    read.token = hold->token();
    read.version = hold->base();
    try {
        buffer_.resize(shared_.bytes);
        hold->read(0, buffer_);
        read.returned = now_ns();
        // Read without the lock it proves nothing.
        if (hold->lost()) throw Error(ErrorCode::lease_expired, "the lock was lost while reading");
        read_into(read, buffer_);
    } catch (const std::exception& e) {
        failed(read, e);
    }
    const bool was_read = read.outcome == Outcome::ok;
    end(read);
    return was_read && commit(*hold, datum);
}

bool Session::commit(data::WriteHold& hold, std::uint32_t datum) {
    const Stamp stamp{number_, ++seq_, hold.token()};
    fill_payload(stamp, buffer_);
    Operation release = begin(Deed::release, datum);
    release.token = hold.token();
    release.base = hold.base();
    release.stamp = stamp;
    bool written = false;
    try {
        hold.write(0, buffer_);
        written = true;
        release.version = hold.release();
        std::atomic<std::uint64_t>& newest = shared_.acknowledged[datum];
        for (std::uint64_t seen = newest.load();
             seen < release.version && !newest.compare_exchange_weak(seen, release.version);) {
        }
    } catch (const std::exception& e) {
        failed(release, e);
        if (!written) release.outcome = Outcome::failed;
    }
    const bool good = release.outcome == Outcome::ok;
    end(release);
    return good;
}

// ---- All of them -------------------------------------------------------------------------------

struct Workload::Worker {
    Worker(const WorkloadOptions& options, Session::Shared& shared, std::uint64_t index)
        : client(Client::connect(options.config)),
          session(client.data_access(), shared,
                  (static_cast<std::uint64_t>(::getpid()) << 16) + index) {}

    Client client;
    Session session;
    std::thread thread;
};

Workload::Workload(const WorkloadOptions& options) : options_(options) {
    shared_.bytes = options.bytes;
    shared_.stall_ms = static_cast<double>(options.stall_ms);
    shared_.patience = std::chrono::milliseconds(options.patience_ms);
    shared_.acknowledged = std::make_unique<std::atomic<std::uint64_t>[]>(options.data);
    keeper_ = std::make_unique<Worker>(options, shared_, options.clients);
    DataSpec spec;
    spec.type = {ElementType::char8, {options.bytes}};
    spec.copies = static_cast<std::uint16_t>(options.copies);
    spec.clusters = static_cast<std::uint16_t>(options.clusters);
    spec.durable = options.durable;
    spec.protocol = options.protocol;
    for (std::uint64_t left = options.bytes, n = options.blocks; options.blocks > 1 && n > 0; --n) {
        spec.block_bytes.push_back(left / n);
        left -= left / n;
    }
    for (std::uint32_t i = 0; i < options.data; ++i) {
        spec.name = options.prefix + std::to_string(i);
        DataAccess& access = keeper_->client.data_access();
        shared_.data.push_back(access.allocate(spec, RequestId::make(), options.owner).id);
        if (!keeper_->session.change(i)) {
            const auto& [code, failure] = *keeper_->session.failures.begin();
            throw Error(ErrorCode::internal, "the first write of " + spec.name +
                                                 " failed: " + code + ": " + failure.first);
        }
    }
    for (std::uint64_t i = 0; i < options.clients; ++i)
        workers_.push_back(std::make_unique<Worker>(options, shared_, i));
}

Workload::~Workload() { stop(); }

void Workload::start() {
    for (std::size_t i = 0; i < workers_.size(); ++i)
        workers_[i]->thread = std::thread([this, i] { run(*workers_[i], i); });
}

void Workload::stop() {
    stopping_ = true;
    for (const auto& worker : workers_) {
        if (worker->thread.joinable()) worker->thread.join();
    }
}

void Workload::run(Worker& worker, std::size_t index) {
    std::mt19937_64 dice(options_.seed * 1000 + index);
    std::uniform_real_distribution<double> part(0, 1);
    while (!stopping_) {
        if (paused_) {
            std::this_thread::sleep_for(kPauseAfterFailure);
            continue;
        }
        const auto datum = static_cast<std::uint32_t>(dice() % options_.data);
        const bool good = part(dice) < options_.snapshots ? worker.session.snapshot(datum)
                                                          : worker.session.change(datum);
        if (!good) std::this_thread::sleep_for(kPauseAfterFailure);
        if (options_.pause_us > 0)
            std::this_thread::sleep_for(std::chrono::microseconds(options_.pause_us));
    }
}

nlohmann::json Workload::probe(double seconds) {
    const auto begun = std::chrono::steady_clock::now();
    const auto taken = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    };
    nlohmann::json unreadable = nlohmann::json::array(), stale = nlohmann::json::array();
    std::vector<std::uint64_t> known(options_.data);
    for (std::uint32_t i = 0; i < options_.data; ++i) known[i] = shared_.acknowledged[i];
    for (std::uint32_t i = 0; i < options_.data; ++i) {
        bool good = false;
        while (!(good = keeper_->session.snapshot(i)) && taken() < seconds)
            std::this_thread::sleep_for(kPauseAfterFailure);
        const std::string name = options_.prefix + std::to_string(i);
        if (!good) unreadable.push_back({name, keeper_->session.operations.back().code});
        if (good && keeper_->session.last_version() < known[i])
            stale.push_back({name, keeper_->session.last_version(), known[i]});
    }
    return {{"seconds", taken()}, {"unreadable", unreadable}, {"stale", stale}};
}

std::vector<const Session*> Workload::sessions() const {
    std::vector<const Session*> all{&keeper_->session};
    for (const auto& worker : workers_) all.push_back(&worker->session);
    return all;
}

nlohmann::json Workload::summary() {
    nlohmann::json last = probe(kFinalPatience);
    std::map<std::string, Session::Failures> failures;
    std::vector<float> loops;
    nlohmann::json stalls = nlohmann::json::array();
    std::uint64_t operations = 0, releases = 0, unknown = 0;
    for (const Session* session : sessions()) {
        for (const auto& [code, of_code] : session->failures) {
            Session::Failures& all = failures[code];
            if (all.count == 0) all.first = of_code.first;
            all.count += of_code.count;
        }
        loops.insert(loops.end(), session->loops_ms.begin(), session->loops_ms.end());
        for (const Stall& stall : session->stalls) {
            stalls.push_back({{"client", stall.client},
                              {"datum", options_.prefix + std::to_string(stall.datum)},
                              {"begun", stall.begun},
                              {"ms", stall.ms},
                              {"code", stall.code}});
        }
        operations += session->operations.size();
        for (const Operation& operation : session->operations) {
            releases += operation.deed == Deed::release && operation.outcome == Outcome::ok;
            unknown += operation.outcome == Outcome::unknown;
        }
    }
    nlohmann::json errors = nlohmann::json::object();
    for (const auto& [code, of_code] : failures)
        errors[code] = {{"count", of_code.count}, {"first", of_code.first}};
    std::ranges::sort(loops);
    return {
        {"operations", operations},
        {"releases", releases},
        {"unknown", unknown},
        {"loops", loops.size()},
        {"loop_ms",
         {{"p50", part_of(loops, 0.5)}, {"p99", part_of(loops, 0.99)}, {"max", part_of(loops, 1)}}},
        {"stalls", stalls},
        {"errors", errors},
        {"lost_acknowledged", last["stale"].size()},
        {"final", last}};
}

void Workload::write_history(const std::string& file) const {
    std::ofstream out(file, std::ios::binary);
    for (const Session* session : sessions()) {
        for (const Operation& operation : session->operations)
            out << print(operation, options_.prefix + std::to_string(operation.datum));
    }
    if (!out.flush()) throw Error(ErrorCode::internal, "cannot write the history to " + file);
}

}  // namespace juxta::history
