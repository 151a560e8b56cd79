// Makes, mends, shows and ends platforms: all processes in parallel, ready or nothing.
//
// It decides what to start, when an element is ready, when to give up, and how to end. It does not
// start or signal processes (launcher.h), wait for them (roster.h) or know a descriptor's form
// (platform_xml.h). Commands on one platform exclude one another by its lock; status() and stop()
// need none, and start() holds it only until the process is made: elements that need each other
// may be started in any order.
//
// Threading: one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "deploy/launcher.h"
#include "deploy/plan.h"
#include "deploy/platform.h"
#include "deploy/roster.h"
#include "deploy/state.h"

namespace juxta::deploy {

struct PlatformView {
    std::string platform;
    std::vector<ElementView> elements;  // as in the descriptor: the tree, then cluster by cluster
};

class Deployer {
public:
    // `programs`: the folder of juxta-agent and the others. `say` takes progress lines. The
    // references outlive the deployer.
    Deployer(std::filesystem::path state_root, std::filesystem::path programs, Launcher& launcher,
             ElementPort& elements, std::function<void(const std::string&)> say,
             Patience patience = {});

    // Starts what is not running and returns when all of it is up. Throws Error, with everything
    // that this call started ended again: a port is taken, an element ended early (with its last
    // log line) or was not up in time, or another platform of that name is running.
    void deploy(const Platform& platform);

    // Ends every process; nothing of them is left. Chosen ports, logs and stores stay, and nothing
    // with `purge`. A platform that is not running is cleaned up all the same. not_found if
    // there is none.
    void down(const std::string& platform, bool purge);

    // Starts a dead element again: same name and port. invalid_argument if it runs.
    void start(const std::string& platform, const std::string& element);

    // Drains and ends an element. deadline_exceeded if it has not ended in time; it goes on
    // draining then. invalid_argument if it does not run.
    void stop(const std::string& platform, const std::string& element);

    PlatformView status(const std::string& platform);

private:
    void purge_storages(const PlatformState& state);
    PlatformState known_platform(const std::string& name) const;
    Ports choose_ports(const Platform& platform, const PlatformState& state,
                       const std::vector<ElementRecord>& records) const;
    bool is_running(const std::vector<ElementRecord>& records) const;
    std::vector<ElementRecord> running_elements(const PlatformState& state) const;
    std::vector<Process> leftovers(const PlatformState& state) const;
    void launch(const PlatformState& state, ElementRecord& record);
    ElementRecord launch_again(PlatformState& state, const std::string& element);
    void end_failed(const PlatformState& state, const ElementRecord& record);
    Error report(const PlatformState& state, const std::vector<ElementRecord>& failed,
                 const std::string& why);

    std::filesystem::path root_;
    std::filesystem::path programs_;
    Launcher& launcher_;
    Patience patience_;
    Roster roster_;
    std::function<void(const std::string&)> say_;
};

}  // namespace juxta::deploy
