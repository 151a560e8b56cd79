// data_group_simulation [SEEDS [FIRST_SEED [WEAKENING]]] or with options, see usage(): plays
// histories of the data group protocol and prints the seeds that fail, the first of them again at
// the end. With a weakening it stops at the first seed that catches it, and fails if none does.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/simulation/world.h"

namespace {

using namespace juxta::data::simulation;

struct Options {
    std::uint64_t seeds = 100;
    std::uint64_t first = 1;
    std::uint64_t jobs = 1;
    Weakening weakening = Weakening::none;
};

int usage() {
    std::fprintf(stderr,
                 "usage: data_group_simulation [--seeds N] [--first SEED] [--weakening NAME] "
                 "[--jobs N]\n   or: data_group_simulation [SEEDS [FIRST_SEED [WEAKENING]]]\n"
                 "weakenings:");
    for (const auto& [weakening, name] : kWeakenings) std::fprintf(stderr, " %s", name.data());
    std::fprintf(stderr, "\n");
    return 2;
}

bool read_number(const std::string& text, std::uint64_t& number) {
    char* end = nullptr;
    number = std::strtoull(text.c_str(), &end, 10);
    return !text.empty() && *end == '\0' && number > 0;
}

bool read(int argc, char** argv, Options& options) {
    const std::vector<std::string> positions{"--seeds", "--first", "--weakening"};
    std::size_t position = 0;
    for (int i = 1; i < argc; ++i) {
        std::string name = argv[i];
        std::string value = name;
        if (name.starts_with("--")) {
            if (++i == argc) return false;
            value = argv[i];
        } else {
            if (position == positions.size()) return false;
            name = positions[position++];
        }
        if (name == "--weakening") {
            const auto weakening = parse_weakening(value);
            if (!weakening) return false;
            options.weakening = *weakening;
            continue;
        }
        std::uint64_t* number = name == "--seeds"   ? &options.seeds
                                : name == "--first" ? &options.first
                                : name == "--jobs"  ? &options.jobs
                                                    : nullptr;
        if (number == nullptr || !read_number(value, *number)) return false;
    }
    return true;
}

// What all jobs share.
class Campaign {
public:
    explicit Campaign(const Options& options) : options_(options) {}

    void play() {
        for (;;) {
            const std::uint64_t next = played_++;
            if (next >= options_.seeds || (weakened() && caught_)) return;
            const std::uint64_t seed = options_.first + next;
            World world(seed, options_.weakening);
            note(seed, world.play(), world.figures());
        }
    }

    bool weakened() const { return options_.weakening != Weakening::none; }

    int report() const {
        std::printf("seeds %llu, failing %zu; %s\n", static_cast<unsigned long long>(finished_),
                    failures_.size(), total_.text().c_str());
        if (!failures_.empty()) {
            std::printf("first failing seed %llu: %s\n",
                        static_cast<unsigned long long>(failures_.begin()->first),
                        failures_.begin()->second.c_str());
        }
        return failures_.empty() == weakened() ? 1 : 0;
    }

private:
    void note(std::uint64_t seed, const std::string& failure, const Figures& figures) {
        const std::lock_guard lock(mutex_);
        finished_ += 1;
        total_.add(figures);
        if (failure.empty()) return;
        caught_ = true;
        failures_[seed] = failure;
        std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), failure.c_str());
        std::fflush(stdout);
    }

    const Options options_;
    std::atomic<std::uint64_t> played_ = 0;
    std::atomic<bool> caught_ = false;
    std::mutex mutex_;
    std::uint64_t finished_ = 0;
    Figures total_;
    std::map<std::uint64_t, std::string> failures_;
};

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (!read(argc, argv, options)) return usage();
    Campaign campaign(options);
    std::vector<std::thread> jobs;
    for (std::uint64_t job = 1; job < options.jobs; ++job) {
        jobs.emplace_back([&] { campaign.play(); });
    }
    campaign.play();
    for (std::thread& job : jobs) job.join();
    return campaign.report();
}
