// Real managers and providers of two clusters under client sessions, for the tests of the data
// service: p1 on h1 and p2 on h2 in c1, p3 on h3 in c2.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <numeric>

#include "common/base/error.h"
#include "common/base/random.h"
#include "common/orb/node.h"
#include "data_service/client/data_session.h"
#include "tests/integration/processes.h"
#include "tests/refusal.h"

namespace juxta::data {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

// One ORB a process, for all tests.
inline orb::Node& node() {
    static auto* client = [] {
        orb::NodeSettings settings;
        settings.serves = false;
        return new orb::Node(settings);
    }();
    return *client;
}

inline std::vector<std::byte> pattern(std::size_t bytes, unsigned seed) {
    std::vector<std::byte> content(bytes);
    std::uint32_t x = seed * 2654435761u + 1;
    for (std::byte& byte : content) {
        x = x * 1664525u + 1013904223u;
        byte = static_cast<std::byte>(x >> 24);
    }
    return content;
}

inline std::uint64_t total(const std::vector<Movement>& moved) {
    std::uint64_t sum = 0;
    for (const Movement& movement : moved) sum += movement.bytes;
    return sum;
}

class DataServiceTest : public testing::Test {
protected:
    struct Element {
        std::vector<std::string> words;
        Process process;
    };

    void SetUp() override {
        char name[] = "/tmp/juxta-data-XXXXXX";
        folder_ = ::mkdtemp(name);
        for (const std::string cluster : {"c1", "c2"}) {
            managers_.addresses[cluster] = {"127.0.0.1:" + std::to_string(free_port())};
        }
        for (const auto& [cluster, addresses] : managers_.addresses) {
            const std::string port = addresses.front().substr(addresses.front().find(':') + 1);
            std::vector<std::string> words{JUXTA_MANAGER, "--cluster", cluster, "--port",
                                           port,          "--host",    "hm",    "--detection-ms",
                                           "500"};
            name_managers(words);
            define("m-" + cluster, words);
        }
        define_provider("p1", "h1", "c1");
        define_provider("p2", "h2", "c1");
        define_provider("p3", "h3", "c2");
        for (const auto& [element, unused] : elements_) start(element);
        for (const std::string host : {"h1", "h2"}) wait_for_provider({host, "c1"});
        wait_for_provider({"h3", "c2"});
    }
    void TearDown() override {
        sessions_.clear();
        elements_.clear();
        fs::remove_all(folder_);
    }

    void define(const std::string& name, std::vector<std::string> words) {
        words.insert(words.end(), {"--name", name, "--state-dir", (folder_ / name).string()});
        elements_[name].words = words;
    }
    void define_provider(const std::string& name, const std::string& host,
                         const std::string& cluster) {
        std::vector<std::string> words{JUXTA_PROVIDER,
                                       "--cluster",
                                       cluster,
                                       "--host",
                                       host,
                                       "--port",
                                       std::to_string(free_port()),
                                       "--memory",
                                       std::to_string(256 << 20),
                                       "--socket",
                                       folder_ / (name + ".sock")};
        name_managers(words);
        define(name, words);
    }
    void name_managers(std::vector<std::string>& words) const {
        for (const auto& [cluster, addresses] : managers_.addresses) {
            words.push_back("--manager");
            words.push_back(cluster + "=" + addresses.front());
        }
    }
    void start(const std::string& name) {
        elements_.at(name).process = Process(elements_.at(name).words, folder_ / (name + ".log"));
    }
    void kill(const std::string& name) { elements_.at(name).process.kill(); }

    DataSession& session(const std::string& host, const std::string& cluster,
                         SessionOptions options = {}) {
        sessions_.push_back(std::make_unique<DataSession>(
            node(), Place{host, cluster}, ClientId{secure_random()}, managers_, options));
        return *sessions_.back();
    }
    void wait_for_provider(const Place& place) {
        ASSERT_TRUE(eventually([&] {
            DataSession probe(node(), place, ClientId{secure_random()}, managers_);
            return probe.has_local_provider();
        })) << place.host;
    }

    static DataSpec spec(std::uint64_t bytes, std::uint16_t copies = 1,
                         const std::string& host = "") {
        DataSpec spec;
        spec.type = {ElementType::char8, {bytes}};
        spec.copies = copies;
        spec.preferred_host = host;
        return spec;
    }
    static auto in_5s() { return DataAccess::Clock::now() + seconds(5); }

    static DataId put(DataSession& at, const DataSpec& spec,
                      const std::vector<std::byte>& content) {
        const DataId id = at.allocate(spec, RequestId::make()).id;
        rewrite(at, id, content);
        return id;
    }
    static Version rewrite(DataSession& at, const DataId& id,
                           const std::vector<std::byte>& content) {
        auto hold = at.acquire(id, in_5s());
        hold->write(0, content);
        return hold->release();
    }
    static std::vector<std::byte> get(DataSession& at, const DataId& id) {
        auto hold = at.acquire_read(id);
        std::vector<std::byte> content(hold->datum().bytes);
        hold->read(0, content);
        return content;
    }

    fs::path folder_;
    ClusterManagers managers_;
    std::map<std::string, Element> elements_;
    std::vector<std::unique_ptr<DataSession>> sessions_;
};

}  // namespace juxta::data
