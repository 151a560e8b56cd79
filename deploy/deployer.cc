#include "deploy/deployer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>

#include "common/base/error.h"
#include "deploy/platform_xml.h"
#include "deploy/ports.h"

namespace juxta::deploy {
namespace {

namespace fs = std::filesystem;

constexpr std::streamoff kTailBytes = 4096;

// The mark of an element's processes (launcher.h).
std::string mark_of(const PlatformState& state, const std::string& element) {
    return state.folder().string() + '#' + element;
}

std::string last_line_of(const fs::path& log) {
    std::ifstream in(log, std::ios::binary | std::ios::ate);
    const std::streamoff size = in.tellg();
    if (size <= 0) return {};
    in.seekg(std::max<std::streamoff>(0, size - kTailBytes));
    std::string last;
    for (std::string line; std::getline(in, line);) {
        if (!line.empty()) last = line;
    }
    return last;
}

std::vector<ElementRecord>::iterator find(std::vector<ElementRecord>& records,
                                          const std::string& element) {
    return std::find_if(records.begin(), records.end(),
                        [&](const auto& each) { return each.element.name == element; });
}

std::vector<ElementRecord>::iterator require(std::vector<ElementRecord>& records,
                                             const std::string& platform,
                                             const std::string& element) {
    const auto found = find(records, element);
    if (found != records.end()) return found;
    throw Error(ErrorCode::not_found, "platform '" + platform + "' has no element '" + element +
                                          "'; `juxta status` lists them");
}

std::string describe(const Element& element) {
    return fmt::format("{} ({} on host {})", element.name, name_of(element.kind), element.host);
}

}  // namespace

Deployer::Deployer(fs::path state_root, fs::path programs, Launcher& launcher,
                   ElementPort& elements, std::function<void(const std::string&)> say,
                   Patience patience)
    : root_(std::move(state_root)),
      programs_(std::move(programs)),
      launcher_(launcher),
      patience_(patience),
      roster_(launcher, elements, patience),
      say_(std::move(say)) {}

bool Deployer::is_running(const std::vector<ElementRecord>& records) const {
    return std::any_of(records.begin(), records.end(),
                       [&](const auto& each) { return launcher_.alive(each.process); });
}

PlatformState Deployer::known_platform(const std::string& name) const {
    PlatformState state(root_, name);
    if (state.exists()) return state;
    throw Error(ErrorCode::not_found, "there is no platform '" + name + "' in " + root_.string() +
                                          "; `juxta up` or `juxta deploy` makes one");
}

std::vector<ElementRecord> Deployer::running_elements(const PlatformState& state) const {
    auto records = state.elements();
    if (!records.empty()) return records;
    throw Error(
        ErrorCode::unavailable,
        "platform '" + state.name() + "' is not running; `juxta up` or `juxta deploy` starts it");
}

Ports Deployer::choose_ports(const Platform& platform, const PlatformState& state,
                             const std::vector<ElementRecord>& records) const {
    std::set<std::string> living;
    for (const ElementRecord& each : records) {
        if (launcher_.alive(each.process)) living.insert(each.element.name);
    }
    const Ports kept = state.ports();
    const auto others = ports_in_use(root_, platform.name);
    std::set<std::uint16_t> taken(others.begin(), others.end());
    const auto all = listening_of(platform);
    for (const Listening& each : all) taken.insert(each.port);

    Ports ports;
    const auto settle = [&](const Listening& each, std::uint16_t port, bool must) {
        const auto why =
            living.contains(each.element) ? std::nullopt : why_not_free(each.address, port);
        if (why && must) {
            throw Error(
                ErrorCode::invalid_argument,
                fmt::format("{} cannot listen on port {} of {}: {}; end what listens there or "
                            "choose another port; nothing was started",
                            each.element, port, each.address, *why));
        }
        if (!why) ports[each.element] = port;
        return !why;
    };
    for (const Listening& each : all) {
        if (each.port != 0) settle(each, each.port, true);
    }
    for (const Listening& each : all) {
        if (each.port != 0) continue;
        // What was chosen stays, but in a platform of which nothing runs nobody relies on it.
        const auto before = kept.find(each.element);
        const bool usable =
            before != kept.end() && (!living.empty() || !taken.contains(before->second));
        if (!usable || !settle(each, before->second, !living.empty())) {
            ports[each.element] = choose_port(each.address, taken);
        }
        taken.insert(ports[each.element]);
    }
    return ports;
}

void Deployer::launch(const PlatformState& state, ElementRecord& record) {
    const std::string& name = record.element.name;
    record.process = launcher_.start({record.element.argv, state.log(name), mark_of(state, name)});
}

Error Deployer::report(const PlatformState& state, const std::vector<ElementRecord>& failed,
                       const std::string& why) {
    const Element& first = failed.front().element;
    const fs::path log = state.log(first.name);
    std::string text = describe(first) + ' ' + why;
    if (const std::string last = last_line_of(log); !last.empty())
        text += "; its last line: " + last;
    if (failed.size() > 1) text += fmt::format("; {} others failed too", failed.size() - 1);
    return {ErrorCode::unavailable,
            text + "; what was started has been ended; log: " + log.string()};
}

void Deployer::deploy(const Platform& platform) {
    const auto begin = std::chrono::steady_clock::now();
    PlatformState state(root_, platform.name);
    const UniqueFd lock = state.lock(patience_.lock / 1000);
    auto before = state.elements();
    roster_.adopt_strays(before);
    const bool running = is_running(before);
    if (running && read_platform(state.descriptor()) != platform) {
        throw Error(ErrorCode::invalid_argument,
                    "a different platform '" + platform.name +
                        "' is running; `juxta down --platform " + platform.name +
                        "` first, or give this one another name; nothing was changed");
    }

    state.prepare();
    const Ports ports = choose_ports(platform, state, before);
    const fs::path sockets = socket_folder(platform, state.folder(), ::getuid());
    make_private_folder(sockets);
    std::vector<ElementRecord> records;
    for (Element& element : plan(platform, ports, {programs_, state.folder(), sockets})) {
        const auto old = find(before, element.name);
        const bool lives = old != before.end() && launcher_.alive(old->process);
        records.push_back(lives ? *old : ElementRecord{std::move(element), {}});
        fs::create_directories(state.store(records.back().element.name));
    }
    std::vector<Process> dead;
    for (const ElementRecord& each : before) {
        if (!launcher_.alive(each.process)) dead.push_back(each.process);
    }
    launcher_.kill_all_of(dead);  // workers that outlived their element

    state.save_ports(ports);
    state.save_descriptor(write_platform(platform));
    const ElementRecord& master = records.front();
    state.save_client_config(master.element.endpoint());
    std::vector<ElementRecord> started;
    try {
        for (ElementRecord& each : records) {
            if (launcher_.alive(each.process)) continue;
            launch(state, each);
            started.push_back(each);
        }
        state.save_elements(records);
        const Attendance attendance = roster_.wait_until_up(started, say_);
        if (!attendance.ended.empty()) {
            throw report(state, attendance.ended,
                         "ended (" + launcher_.how_it_ended(attendance.ended.front().process) +
                             ") before it was up");
        }
        if (!attendance.silent.empty()) {
            throw report(state, attendance.silent,
                         fmt::format("was not up after {} s: {}", patience_.ready / 1000,
                                     attendance.why_silent));
        }
    } catch (const std::exception&) {
        roster_.end(started, {}, true);
        roster_.wait_until_gone(started);
        if (!running) state.clear_after_end();
        throw;
    }
    remember_last(root_, platform.name);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (started.empty()) {
        say_(fmt::format("platform '{}': all {} elements are running already", platform.name,
                         records.size()));
    } else {
        say_(fmt::format("platform '{}': {} of {} elements up in {:.1f} s", platform.name,
                         records.size(), records.size(), took.count()));
    }
}

// Processes of the platform that elements.json might not know of.
std::vector<Process> Deployer::leftovers(const PlatformState& state) const {
    std::vector<Process> all;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(state.folder() / "store", ignored)) {
        all.push_back({0, {}, mark_of(state, entry.path().filename())});
    }
    return all;
}

// What providers keep outside the platform's folder; nothing else that is there.
void Deployer::purge_storages(const PlatformState& state) {
    Platform platform;
    try {
        platform = read_platform(state.descriptor());
    } catch (const Error& e) {
        say_(fmt::format("{}; what its providers keep elsewhere is not deleted", e.what()));
        return;
    }
    for (const ClusterSpec& cluster : platform.clusters) {
        for (const ProviderSpec& provider : cluster.providers) {
            const fs::path folder = storage_of(platform, provider);
            std::error_code error;
            if (folder.empty() || !fs::is_directory(fs::symlink_status(folder, error))) continue;
            fs::remove_all(folder, error);
            if (error)
                say_(fmt::format("cannot delete all of {}: {}", folder.string(), error.message()));
            fs::remove(folder.parent_path(), error);  // if nobody else uses it
        }
    }
}

void Deployer::down(const std::string& platform, bool purge) {
    PlatformState state = known_platform(platform);
    const UniqueFd lock = state.lock(patience_.lock / 1000);
    auto records = state.elements();
    roster_.adopt_strays(records);
    const auto living = std::count_if(records.begin(), records.end(), [&](const auto& each) {
        return launcher_.alive(each.process);
    });
    roster_.end(records, leftovers(state), false);
    roster_.wait_until_gone(records);
    if (purge) {
        purge_storages(state);
        state.purge();
    } else {
        state.clear_after_end();
    }
    forget_last(root_, platform);
    say_(fmt::format("platform '{}': {} elements ended{}", platform, living,
                     purge ? "; everything of it is deleted" : ""));
}

ElementRecord Deployer::launch_again(PlatformState& state, const std::string& element) {
    const UniqueFd lock = state.lock(patience_.lock / 1000);
    auto records = running_elements(state);
    const auto record = require(records, state.name(), element);
    std::vector<ElementRecord> one{*record};
    roster_.adopt_strays(one);
    if (launcher_.alive(one.front().process)) {
        throw Error(ErrorCode::invalid_argument,
                    fmt::format("{} is running already (pid {}); `juxta stop {}` ends it",
                                describe(record->element), one.front().process.pid, element));
    }
    roster_.end({*record}, {}, true);  // workers that outlived it
    if (const auto why = why_not_free(record->element.address, record->element.port)) {
        throw Error(ErrorCode::unavailable,
                    fmt::format("{} cannot listen on {} again: {}; end what listens there",
                                describe(record->element), record->element.endpoint(), *why));
    }
    launch(state, *record);
    state.save_elements(records);
    return *record;
}

void Deployer::end_failed(const PlatformState& state, const ElementRecord& record) {
    const UniqueFd lock = state.lock(patience_.lock / 1000);
    auto records = state.elements();
    const auto now = find(records, record.element.name);
    // Another command may have ended it and started its successor meanwhile.
    if (now != records.end() && now->process.pid == record.process.pid) {
        roster_.end({record}, {}, true);
    }
}

void Deployer::start(const std::string& platform, const std::string& element) {
    PlatformState state = known_platform(platform);
    const ElementRecord record = launch_again(state, element);
    // Without the lock: it may wait for another element that is yet to be started.
    const Attendance attendance = roster_.wait_until_up({record}, say_);
    const bool ended = !attendance.ended.empty();
    if (!ended && attendance.silent.empty()) {
        say_(fmt::format("{} is up (pid {})", describe(record.element), record.process.pid));
        return;
    }
    const Error failure =
        ended ? report(state, attendance.ended,
                       "ended (" + launcher_.how_it_ended(record.process) + ") before it was up")
              : report(state, attendance.silent,
                       fmt::format("was not up after {} s: {}", patience_.ready / 1000,
                                   attendance.why_silent));
    end_failed(state, record);
    throw failure;
}

void Deployer::stop(const std::string& platform, const std::string& element) {
    const PlatformState state = known_platform(platform);
    auto records = running_elements(state);
    std::vector<ElementRecord> one{*require(records, platform, element)};
    roster_.adopt_strays(one);
    if (!launcher_.alive(one.front().process)) {
        throw Error(ErrorCode::invalid_argument, describe(one.front().element) + " is not running");
    }
    // Without the lock: it may take a minute, and changes nothing that is kept.
    roster_.drain(one.front());
    roster_.wait_until_gone(one);
    say_(describe(one.front().element) + " has drained and ended");
}

PlatformView Deployer::status(const std::string& platform) {
    const PlatformState state = known_platform(platform);
    PlatformView view{platform, roster_.look(running_elements(state))};
    for (ElementView& each : view.elements) {
        if (each.status.state != ElementState::down) continue;
        std::ifstream(state.store(each.element.name) / "incarnation") >> each.status.incarnation;
    }
    return view;
}

}  // namespace juxta::deploy
