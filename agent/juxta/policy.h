// A scheduling policy of one's own: a shared object that ranks the servers for every call, loaded
// and replaced while the platform runs (`juxta policy load FILE`).
//
//     #include <juxta/policy.h>
//     using namespace juxta::policy;
//
//     extern "C" JUXTA_EXPORT void juxta_policy(Registry& registry) {
//         registry.score([](const Request&, const Candidate& each) {
//             return each.transfer_s + each.backlog_s;
//         });
//     }
//
// The lowest score is called first. Candidates come in the order of the platform's own policy, and
// equal scores keep it. Every candidate is there that can take the call: none is cut before.
//
// The policy runs in a process of its own beside the master agent, on one thread, and may remember
// what it likes. One that throws, ends, takes longer than half a second or returns what is no
// ranking is disabled: `juxta policy` says why, and the platform's own policy goes on.
//
// Times in seconds, sizes in bytes. Self-contained; links with nothing.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#ifndef JUXTA_EXPORT
#define JUXTA_EXPORT __attribute__((visibility("default")))
#endif

namespace juxta::policy {

struct Request {
    std::string id;                  // "r:..."
    std::string service;             // "linalg/matmul"
    std::uint64_t inline_bytes = 0;  // that come with the call, wherever it goes
};

// One argument that is a datum, as this candidate sees it.
struct Argument {
    std::string name;
    std::uint64_t bytes = 0;
    std::uint64_t bytes_here = 0;     // already on its host
    std::uint64_t bytes_cluster = 0;  // not there, but in its cluster
    std::uint64_t bytes_to_move = 0;
    double transfer_s = 0;  // to move them, by the measured rate of that link
};

struct Candidate {
    std::string sed, host, cluster;
    std::uint32_t slots = 1, running = 0, queued = 0;
    double free_memory = 0;
    double free_cores = 0;
    double speed = 0;           // of one core: 1e9 multiply-adds a second; 0: not known
    double expected_run_s = 0;  // of this service there; 0: it never ran
    double backlog_s = 0;       // expected work before this call, of all slots
    double since_last_s = 0;    // since a call was last accepted
    std::uint64_t bytes_here = 0, bytes_cluster = 0, bytes_to_move = 0;  // of all arguments
    double transfer_s = 0;                                               // of all arguments
    std::vector<Argument> arguments;
    std::map<std::string, double> metrics;  // what modules report of it (service.h, metric)

    double metric(const std::string& name, double otherwise = 0) const {
        const auto found = metrics.find(name);
        return found == metrics.end() ? otherwise : found->second;
    }
};

// The indices of `candidates`, best first, each once.
using Ranking =
    std::function<std::vector<std::size_t>(const Request&, const std::vector<Candidate>&)>;
using Score = std::function<double(const Request&, const Candidate&)>;

// What the entry of a policy fills in: one of both, once.
class Registry {
public:
    // Of what is above; a policy compiled against another one is refused.
    static constexpr int kVersion = 1;

    void rank(Ranking ranking) {
        version_ = kVersion;
        ranking_ = std::move(ranking);
    }

    void score(Score score) {
        rank([score = std::move(score)](const Request& request,
                                        const std::vector<Candidate>& candidates) {
            std::vector<double> scores;
            for (const Candidate& each : candidates) scores.push_back(score(request, each));
            if (std::any_of(scores.begin(), scores.end(), [](double s) { return std::isnan(s); })) {
                throw std::runtime_error("a score is not a number");
            }
            std::vector<std::size_t> order(candidates.size());
            std::iota(order.begin(), order.end(), std::size_t{0});
            std::stable_sort(order.begin(), order.end(),
                             [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
            return order;
        });
    }

    // For whoever loads it.
    int version() const { return version_; }
    const Ranking& ranking() const { return ranking_; }

private:
    int version_ = 0;
    Ranking ranking_;
};

}  // namespace juxta::policy
