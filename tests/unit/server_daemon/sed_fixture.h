// A SeD with real workers and a data service of its own, for the tests.
#pragma once

#include <gtest/gtest.h>

#include "server_daemon/core/module_loader.h"
#include "server_daemon/core/process_pool.h"
#include "server_daemon/core/sed.h"
#include "tests/refusal.h"
#include "tests/unit/server_daemon/fake_data.h"
#include "tests/unit/server_daemon/test_modules.h"
#include "tests/unit/server_daemon/values.h"

namespace juxta::sed {

inline ServiceTable all_services(const std::vector<std::string>& modules) {
    ServiceTable table;
    for (const std::string& module : modules) load_module(module, table);
    return table;
}

struct SedUnderTest {
    explicit SedUnderTest(QueueLimits limits = {.slots = 2, .waiting = 3},
                          bool local_provider = true)
        : data(local_provider),
          pool(pool_settings(limits.slots)),
          sed({"s1", {"h1", "c1"}, limits}, services, data, pool) {}

    static std::vector<std::string> modules() {
        return {kTestingModule, kLinalgModule, test_module("kinds")};
    }
    static PoolSettings pool_settings(unsigned slots) {
        PoolSettings settings;
        settings.program.file = kSedProgram;
        settings.program.arguments = modules();
        settings.program.environment = {"OPENBLAS_NUM_THREADS=1"};
        settings.warm = slots;
        return settings;
    }

    CallResult call(const std::string& service, std::vector<Argument> arguments = {}) {
        return sed.submit(order(service, std::move(arguments)), 20'000);
    }

    ServiceTable services = all_services(modules());
    FakeData data;
    ProcessPool pool;
    Sed sed;
};

}  // namespace juxta::sed
