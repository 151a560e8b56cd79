// How one cluster manager bears a million data and ten thousand providers: memory with its
// snapshot, lookups, deaths. Prints one JSON document; fails if a bar does not hold.
//
//     juxta-bench-manager-scale [--data N] [--providers N] [--copies N] [--raft FOLDER]
//
// The providers exist in this process's mind only; lookups are made by a second process, through
// the ORB, and beside that by direct calls, which show what memory costs. With --raft the log is
// the real one, of one replica, on disk under FOLDER; without, entries are applied at once and kept
// nowhere.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "bench/corba/manager_lookups.h"
#include "common/base/error.h"
#include "data_service/consensus/raft_log.h"
#include "data_service/core/cluster_manager.h"
#include "data_service/core/directory_codec.h"

namespace {

using namespace juxta;
using namespace juxta::data;
using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr double kMostBytes = 1024.0 * 1024 * 1024;
constexpr double kMostRatio = 2;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// "VmRSS", "VmHWM": bytes.
double memory(const std::string& field) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(field + ":")) return std::stod(line.substr(field.size() + 1)) * 1024;
    }
    return 0;
}

double percentile(const std::vector<double>& sorted, double part) {
    return sorted[static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * part)];
}

// Applies at once.
class ImmediateLog final : public ReplicatedLog {
public:
    void start(Machine& machine) override {
        machine_ = &machine;
        machine.role_changed(true, "here:1");
    }
    void stop() override {}
    void propose(std::string entry, Clock::time_point) override {
        std::lock_guard lock(mutex_);
        machine_->apply(entry);
    }
    Role role() const override { return {true, "here:1", 1}; }
    Machine& machine() { return *machine_; }

private:
    std::mutex mutex_;
    Machine* machine_ = nullptr;
};

class NoPeers final : public PeerTransport {
public:
    void deliver(const Replica&, std::string_view) override {}
};

class SilentProviders final : public ProviderCalls {
public:
    void reserve(const ProviderContact&, const std::vector<Reservation>&, unsigned) override {}
    void adopt(const ProviderContact&, const std::vector<GroupView>&, unsigned) override {}
    Seen look_at(const ProviderContact& provider, unsigned) override {
        return {Look::alive, provider.self.incarnation};
    }
};

struct Options {
    std::size_t data = 1'000'000;
    std::size_t providers = 10'000;
    std::size_t copies = 3;
    std::string raft;
    std::string ask;  // this is the second process
    std::string ids;
};

class Scale {
public:
    explicit Scale(const Options& options) : options_(options) {
        if (options_.raft.empty()) {
            auto immediate = std::make_unique<ImmediateLog>();
            immediate_ = immediate.get();
            log_ = std::move(immediate);
        } else {
            RaftLogSettings settings;
            settings.group = "c1";
            settings.folder = options_.raft;
            settings.self = "m1";
            settings.replicas = {{"m1", "127.0.0.1:1"}};
            log_ = std::make_unique<RaftLog>(settings, peers_);
        }
        ClusterManagerSettings settings;
        settings.cluster = "c1";
        settings.durations.detection = 5 * kSecond;
        settings.durations.heartbeat = 1 * kSecond;
        manager_ = std::make_unique<ClusterManager>(settings, *log_, calls_);
        manager_->start();
        served_ = std::make_unique<bench::ServedManager>(*manager_);
        while (!log_->role().leads) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    ~Scale() {
        over_ = true;
        if (beats_.joinable()) beats_.join();
        served_.reset();
        manager_->stop();
    }

    bool run();

private:
    void row(const std::string& what, double value, const std::string& unit) {
        Json one;
        one["case"] = what;
        one["value"] = value;
        one["unit"] = unit;
        rows_.push_back(one);
    }
    void barred(const std::string& what, double value, const std::string& unit, double bar) {
        row(what, value, unit);
        rows_.back()["bar"] = bar;
        rows_.back()["holds"] = value <= bar;
        holds_ = holds_ && value <= bar;
    }

    ProviderContact contact(std::size_t number) const {
        const std::string name = "p" + std::to_string(number);
        return {name,
                {provider_id(name), 1},
                "10.0." + std::to_string(number / 250) + "." + std::to_string(number % 250) + ":9",
                "/run/" + name,
                {"h" + std::to_string(number / 2), "c1"},
                false};
    }
    void propose(const std::vector<Command>& commands) {
        log_->propose(encode({}, commands), Clock::now() + std::chrono::seconds(60));
    }
    void join_providers();
    void allocate(std::size_t count);
    std::vector<double> lookups(std::size_t count);         // nanoseconds, sorted
    std::vector<double> remote_lookups(std::size_t count);  // the same, through the ORB
    void lookup_rows();
    void snapshot_rows();
    void death_rows();

    const Options options_;
    NoPeers peers_;
    SilentProviders calls_;
    ImmediateLog* immediate_ = nullptr;
    std::unique_ptr<ReplicatedLog> log_;
    std::unique_ptr<ClusterManager> manager_;
    std::mt19937_64 random_{1};
    std::vector<DataId> ids_;
    std::atomic<bool> over_{false};
    std::thread beats_;
    Json rows_ = Json::array();
    std::unique_ptr<bench::ServedManager> served_;
    std::vector<double> empty_;
    std::vector<double> remote_empty_;
    double most_memory_ = 0;
    bool holds_ = true;
};

void Scale::join_providers() {
    std::vector<Command> commands;
    for (std::size_t p = 0; p < options_.providers; ++p) {
        commands.push_back(RegisterProvider{contact(p), std::uint64_t{1} << 40, 0});
        if (commands.size() == 500) propose(std::exchange(commands, {}));
    }
    if (!commands.empty()) propose(commands);
    for (std::size_t p = 0; p < options_.providers; ++p) {
        manager_->register_provider(contact(p), {std::uint64_t{1} << 40, 0});
    }
    // Every provider beats once a second, with nothing new, as most beats are.
    beats_ = std::thread([this] {
        std::size_t next = 0;
        const Clock::time_point start = Clock::now();
        while (!over_) {
            const auto due = static_cast<std::size_t>(seconds_since(start) *
                                                      static_cast<double>(options_.providers));
            for (; next < due; ++next) {
                manager_->beat(
                    {contact(next % options_.providers).self, {std::uint64_t{1} << 40, 0}, {}, {}});
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    });
}

void Scale::allocate(std::size_t count) {
    std::vector<Command> commands;
    while (ids_.size() < count) {
        AllocateDatum command;
        command.id = DataId::make("c1");
        command.request = RequestId{Id128{random_(), random_()}};
        command.spec.type = {ElementType::float64, {1 + random_() % 1000, 64}};
        command.spec.copies = static_cast<std::uint16_t>(options_.copies);
        command.spec.name = "datum/" + std::to_string(ids_.size());
        command.bytes = *bytes_of(command.spec.type);
        auto& members = command.members.emplace_back();
        const std::size_t first = random_() % options_.providers;
        for (std::size_t copy = 0; copy < std::min(options_.copies, options_.providers); ++copy) {
            const std::size_t p = (first + 37 * copy) % options_.providers;
            members.push_back({provider_id("p" + std::to_string(p)), 1});
        }
        ids_.push_back(command.id);
        commands.push_back(std::move(command));
        if (commands.size() == 500) propose(std::exchange(commands, {}));
    }
    if (!commands.empty()) propose(commands);
}

std::vector<double> Scale::lookups(std::size_t count) {
    std::vector<double> took;
    took.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const DataId& id = ids_[random_() % ids_.size()];
        const auto start = Clock::now();
        const DatumInfo info = manager_->find(id);
        took.push_back(seconds_since(start) * 1e9);
        ensure(info.id == id, "a lookup finds its datum");
    }
    std::ranges::sort(took);
    return took;
}

// Another process of this program asks for some of the data, chosen here.
std::vector<double> Scale::remote_lookups(std::size_t count) {
    const std::string file =
        (std::filesystem::temp_directory_path() / ("lookups." + std::to_string(::getpid())))
            .string();
    {
        std::ofstream out(file);
        for (std::size_t i = 0; i < count; ++i) {
            out << to_string(ids_[random_() % ids_.size()]) << '\n';
        }
    }
    const std::string command = std::filesystem::read_symlink("/proc/self/exe").string() +
                                " --ask " + served_->address() + " --ids " + file;
    std::vector<double> took;
    if (FILE* answers = ::popen(command.c_str(), "r")) {
        for (double one = 0; std::fscanf(answers, "%lf", &one) == 1;) took.push_back(one * 1e9);
        ::pclose(answers);
    }
    std::filesystem::remove(file);
    ensure(took.size() == count, "every lookup was answered");
    std::ranges::sort(took);
    return took;
}

// Halves of the same run, one after the other: the machine's moods hit both.
void Scale::lookup_rows() {
    const auto say = [&](const std::string& when, const std::vector<double>& took) {
        row("lookup p50, " + when, percentile(took, 0.5) / 1000, "us");
        row("lookup p99, " + when, percentile(took, 0.99) / 1000, "us");
    };
    say("by a direct call, empty", empty_);
    say("by a direct call, full", lookups(200'000));
    const std::vector<double> full = remote_lookups(20'000);
    say("empty", remote_empty_);
    say("full", full);
    barred("lookup p99, full / empty", percentile(full, 0.99) / percentile(remote_empty_, 0.99),
           "x", kMostRatio);
}

void Scale::snapshot_rows() {
    if (immediate_ == nullptr) return;
    const auto start = Clock::now();
    std::string bytes;
    double took = 0;
    std::thread maker([&] {
        bytes = immediate_->machine().snapshot();
        took = seconds_since(start);
    });
    std::vector<double> during;
    do {
        const std::vector<double> some = lookups(1000);
        during.insert(during.end(), some.begin(), some.end());
    } while (took == 0 && seconds_since(start) < 0.2);
    maker.join();
    std::ranges::sort(during);
    row("snapshot", took, "s");
    row("snapshot", static_cast<double>(bytes.size()) / 1e6, "MB");
    row("lookup p99, by a direct call, while a snapshot is made", percentile(during, 0.99) / 1000,
        "us");
    most_memory_ = memory("VmHWM");  // before there is a second directory
    const auto back = Clock::now();
    const Directory restored = Directory::restored(bytes);
    row("restore", seconds_since(back), "s");
}

void Scale::death_rows() {
    constexpr std::size_t most_deaths = 20;
    std::vector<double> deaths, registrations;
    for (std::size_t i = 0; i < most_deaths; ++i) {
        const ProviderContact dead = contact(random_() % options_.providers);
        auto start = Clock::now();
        propose({ConfirmDead{dead.self}});
        deaths.push_back(seconds_since(start) * 1e3);
        ProviderContact again = dead;
        again.self.incarnation = 2 + i;
        start = Clock::now();
        manager_->register_provider(again, {std::uint64_t{1} << 40, 0});
        registrations.push_back(seconds_since(start) * 1e3);
    }
    std::ranges::sort(deaths);
    std::ranges::sort(registrations);
    row("a provider's death, all its views, p50", percentile(deaths, 0.5), "ms");
    row("a provider's death, all its views, most", deaths.back(), "ms");
    row("a registration, p50", percentile(registrations, 0.5), "ms");
    row("a registration, most", registrations.back(), "ms");
}

bool Scale::run() {
    const double bare = memory("VmRSS");
    join_providers();
    const double with_providers = memory("VmRSS");
    row("providers", static_cast<double>(options_.providers), "");
    row("memory a provider",
        (with_providers - bare) / static_cast<double>(std::max<std::size_t>(options_.providers, 1)),
        "bytes");
    ids_.reserve(options_.data);
    allocate(std::min<std::size_t>(options_.data, 100));
    lookups(20'000);  // warm
    empty_ = lookups(200'000);
    remote_lookups(2'000);
    remote_empty_ = remote_lookups(20'000);

    const auto start = Clock::now();
    allocate(options_.data);
    row("data", static_cast<double>(ids_.size()), "");
    row("decided a second", static_cast<double>(ids_.size()) / seconds_since(start), "data/s");
    const double own_ids = static_cast<double>(ids_.capacity() * sizeof(DataId));
    const double full = memory("VmRSS") - own_ids;
    row("memory", full / 1e6, "MB");
    row("memory a datum", (full - with_providers) / static_cast<double>(ids_.size()), "bytes");
    lookup_rows();
    snapshot_rows();
    death_rows();
    if (most_memory_ == 0) most_memory_ = memory("VmHWM");
    barred("most memory, snapshot included", (most_memory_ - own_ids) / 1e6, "MB",
           kMostBytes / 1e6);
    Json document;
    document["bench"] = "manager_scale";
    document["rows"] = rows_;
    std::puts(document.dump(2).c_str());
    return holds_;
}

// One number a line: the seconds that each lookup took.
int ask_for(const Options& options) {
    std::ifstream file(options.ids);
    std::vector<DataId> ids;
    for (std::string line; std::getline(file, line);) ids.push_back(parse_data_id(line).value());
    std::size_t next = 0;
    std::vector<double> seconds;
    bench::look_up(
        options.ask, ids.size(), [&] { return ids[next++]; },
        [&](double took) { seconds.push_back(took); });
    for (double took : seconds) std::printf("%.9f\n", took);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("a cluster manager with very many data");
    app.add_option("--data", options.data, "data")->check(CLI::PositiveNumber);
    app.add_option("--providers", options.providers, "providers")->check(CLI::PositiveNumber);
    app.add_option("--copies", options.copies, "copies of each")->check(CLI::PositiveNumber);
    app.add_option("--raft", options.raft, "folder for a real log");
    app.add_option("--ask", options.ask, "look data up at the manager at HOST:PORT");
    app.add_option("--ids", options.ids, "a file of ids, for --ask");
    CLI11_PARSE(app, argc, argv);
    try {
        if (!options.ask.empty()) return ask_for(options);
        return Scale(options).run() ? 0 : 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
