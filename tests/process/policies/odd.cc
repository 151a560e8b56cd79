// A policy that does something else for every service: names a favourite, throws, hangs, dies,
// returns no ranking.
#include <juxta/policy.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <thread>

using namespace juxta::policy;

namespace {

std::vector<std::size_t> odd(const Request& request, const std::vector<Candidate>& candidates) {
    std::vector<std::size_t> order(candidates.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (request.service == "testing/echo") {
        std::ranges::sort(order, {}, [&](std::size_t i) { return candidates[i].sed != "s2"; });
    } else if (request.service == "testing/SUCC") {
        throw std::runtime_error("no policy for SUCC");
    } else if (request.service == "testing/sleep") {
        std::this_thread::sleep_for(std::chrono::hours(1));
    } else if (request.service == "testing/spin") {
        std::fprintf(stderr, "this policy gives up\n");
        std::abort();
    } else {
        order.assign(candidates.size(), 0);
        order.push_back(candidates.size());
    }
    return order;
}

}  // namespace

extern "C" JUXTA_EXPORT void juxta_policy(Registry& registry) { registry.rank(odd); }
