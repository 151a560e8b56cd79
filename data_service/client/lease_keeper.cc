#include "data_service/client/lease_keeper.h"

#include <algorithm>
#include <map>

#include "common/base/in_parallel.h"

namespace juxta::data {
namespace {

constexpr auto tick = std::chrono::milliseconds(100);
constexpr auto housekeeping_every = std::chrono::milliseconds(500);

}  // namespace

LeaseKeeper::LeaseKeeper(Port port) : port_(std::move(port)) {
    thread_ = std::thread([this] { run(); });
}

LeaseKeeper::~LeaseKeeper() {
    state_.change([](State& s) { s.stopping = true; });
    thread_.join();
}

void LeaseKeeper::keep(const std::shared_ptr<Lease>& lease) {
    state_.with([&](State& s) { s.entries.push_back({lease, Clock::now() + lease->every()}); });
}

void LeaseKeeper::drop(const std::shared_ptr<Lease>& lease) {
    state_.with([&](State& s) {
        std::erase_if(s.entries, [&](const Entry& entry) { return entry.lease == lease; });
    });
}

void LeaseKeeper::run() {
    auto next_housekeeping = Clock::now();
    for (;;) {
        const bool stopping =
            state_.wait_until(Clock::now() + tick, [](State& s) { return s.stopping; });
        if (stopping) return;
        const auto now = Clock::now();
        const auto due = state_.with([&](State& s) {
            std::vector<std::shared_ptr<Lease>> leases;
            for (Entry& entry : s.entries) {
                if (entry.due > now || entry.lease->lost) continue;
                entry.due = now + entry.lease->every();
                leases.push_back(entry.lease);
            }
            return leases;
        });
        renew(due);
        if (now >= next_housekeeping) {
            next_housekeeping = now + housekeeping_every;
            port_.housekeeping();
        }
    }
}

void LeaseKeeper::renew(const std::vector<std::shared_ptr<Lease>>& due) {
    std::map<std::string, std::vector<std::shared_ptr<Lease>>> by_address;
    for (const auto& lease : due) by_address[port_.address_of(*lease)].push_back(lease);
    std::vector<const std::vector<std::shared_ptr<Lease>>*> lanes;
    for (const auto& [address, leases] : by_address) lanes.push_back(&leases);
    in_parallel(lanes.size(), [&](std::size_t i) {
        for (const auto& lease : *lanes[i]) {
            if (port_.renew(*lease)) continue;
            state_.with([&](State& s) {
                for (Entry& entry : s.entries) {
                    if (entry.lease == lease) entry.due = Clock::now() + tick;
                }
            });
        }
    });
}

}  // namespace juxta::data
