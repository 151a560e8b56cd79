// many_blocks --blocks N --copies N [--bytes N]: allocates and writes that many data of one block
// each and watches their copies, at the word of a test. One JSON object a line on standard output:
// {"seconds"} when all are written, then for each line of standard input
//
//     look            {"data", "short"}: remembers who holds what
//     watch S P...    {"seconds", "short", "lost", "lost_expected", "wrong"}: until every block
//     that
//                     can has its copies, or S seconds; the providers P died after `look`
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <iostream>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "data_service/core/data_access.h"
#include "juxta/client.h"

namespace {

using namespace juxta;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point begun) {
    return std::chrono::duration<double>(Clock::now() - begun).count();
}

class ManyBlocks {
public:
    ManyBlocks(std::size_t blocks, std::uint16_t copies, std::size_t bytes)
        : copies_(copies), bytes_(bytes), ids_(blocks) {}

    void write(unsigned threads) {
        std::atomic<std::size_t> next{0};
        std::vector<std::thread> hands;
        for (unsigned t = 0; t < threads; ++t) {
            hands.emplace_back([&] {
                const Client client = Client::connect();
                for (std::size_t i = next++; i < ids_.size(); i = next++) put(client, i);
            });
        }
        for (std::thread& hand : hands) hand.join();
    }

    // All blocks, short of copies.
    std::size_t look() {
        holders_.clear();
        std::size_t few = 0;
        for (const data::DatumDescription& datum : list()) {
            std::vector<std::string>& names = holders_[datum.id];
            for (const data::CopyStatus& copy : datum.blocks.front().copies) {
                if (copy.state == "full") names.push_back(copy.provider);
            }
            few += names.size() < copies_;
        }
        return few;
    }
    std::size_t size() const { return holders_.size(); }

    struct Watched {
        double seconds = 0;
        std::size_t few = 0, lost = 0, lost_expected = 0, wrong = 0;
    };
    Watched watch(double patience, const std::set<std::string>& dead) {
        const auto begun = Clock::now();
        Watched result;
        std::vector<DataId> living;
        for (const auto& [id, names] : holders_) {
            const bool gone =
                std::ranges::all_of(names, [&](const auto& n) { return dead.contains(n); });
            result.lost_expected += gone;
            if (!gone) living.push_back(id);
        }
        std::shuffle(living.begin(), living.end(), std::mt19937_64(1));
        // A few are asked often, all of them once those are well: asking is work for the manager.
        std::size_t sampled = std::min<std::size_t>(living.size(), 200);
        do {
            while (
                since(begun) < patience &&
                !all_well({living.begin(), living.begin() + static_cast<std::ptrdiff_t>(sampled)}))
                std::this_thread::sleep_for(std::chrono::milliseconds(500));
            result.few = result.lost = 0;
            result.seconds = since(begun);
            for (const data::DatumDescription& datum : list()) {
                result.lost += datum.lost;
                result.few += !datum.lost && full(datum) < copies_;
            }
        } while (result.few + (result.lost != result.lost_expected) > 0 && since(begun) < patience);
        for (std::size_t i = 0; i < sampled; ++i) result.wrong += !reads_well(living[i]);
        return result;
    }

private:
    void put(const Client& client, std::size_t i) {
        DataSpec spec;
        spec.type = {ElementType::char8, {bytes_}};
        spec.copies = copies_;
        data::DataAccess& access = client.data_access();
        ids_[i] = access.allocate(spec, RequestId::make()).id;
        const auto hold = access.acquire(ids_[i], Clock::now() + std::chrono::seconds(60));
        std::vector<std::byte> content(bytes_);
        std::memcpy(content.data(), &ids_[i], sizeof ids_[i]);
        hold->write(0, content);
        hold->release();
    }

    std::vector<data::DatumDescription> list() {
        std::vector<data::DatumDescription> all = client_.data_access().list();
        const std::set<DataId> mine(ids_.begin(), ids_.end());
        std::erase_if(all, [&](const auto& datum) { return !mine.contains(datum.id); });
        return all;
    }

    std::size_t full(const data::DatumDescription& datum) const {
        return static_cast<std::size_t>(std::ranges::count(
            datum.blocks.front().copies, std::string("full"), &data::CopyStatus::state));
    }

    bool all_well(const std::vector<DataId>& some) {
        return std::ranges::all_of(some, [&](const DataId& id) {
            try {
                const auto datum = client_.data_access().describe(id);
                return datum.lost || full(datum) >= copies_;
            } catch (const Error&) {
                return false;
            }
        });
    }

    bool reads_well(const DataId& id) {
        try {
            std::vector<std::byte> content(bytes_);
            client_.data_access().acquire_read(id)->read(0, content);
            return std::memcmp(content.data(), &id, sizeof id) == 0;
        } catch (const Error& e) {
            fmt::print(stderr, "many_blocks: {}\n", e.what());
            return false;
        }
    }

    const Client client_ = Client::connect();
    const std::uint16_t copies_;
    const std::size_t bytes_;
    std::vector<DataId> ids_;
    std::map<DataId, std::vector<std::string>> holders_;
};

}  // namespace

int main(int argc, char** argv) {
    std::size_t blocks = 1000, bytes = 1024;
    std::uint16_t copies = 2;
    unsigned threads = 8;
    CLI::App app("many small data");
    app.add_option("--blocks", blocks);
    app.add_option("--copies", copies);
    app.add_option("--bytes", bytes);
    app.add_option("--threads", threads);
    CLI11_PARSE(app, argc, argv);
    try {
        const auto begun = Clock::now();
        ManyBlocks all(blocks, copies, bytes);
        all.write(threads);
        fmt::print("{{\"seconds\": {:.3f}}}\n", since(begun));
        std::fflush(stdout);
        for (std::string line; std::getline(std::cin, line);) {
            std::istringstream words(line);
            std::string command;
            words >> command;
            if (command == "look") {
                const std::size_t few = all.look();
                fmt::print("{{\"data\": {}, \"short\": {}}}\n", all.size(), few);
            } else if (command == "watch") {
                double patience = 60;
                words >> patience;
                std::set<std::string> dead;
                for (std::string name; words >> name;) dead.insert(name);
                const auto w = all.watch(patience, dead);
                fmt::print(
                    "{{\"seconds\": {:.3f}, \"short\": {}, \"lost\": {}, \"lost_expected\": "
                    "{}, \"wrong\": {}}}\n",
                    w.seconds, w.few, w.lost, w.lost_expected, w.wrong);
            }
            std::fflush(stdout);
        }
        return 0;
    } catch (const std::exception& e) {
        fmt::print(stderr, "many_blocks: {}\n", e.what());
        return 1;
    }
}
