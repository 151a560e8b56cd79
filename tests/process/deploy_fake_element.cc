// Stands for every daemon in deploy_processes_test: answers as Element and nothing else. Its name
// says how it behaves: "dies...", "deaf...", "stubborn..." (ignores every polite request to end),
// "busy..." (takes a while to drain), "breeds..." (has workers in other process groups and
// sessions).
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "common/base/incarnation.h"
#include "common/orb/element_servant.h"
#include "common/orb/node.h"

namespace {

std::string option(int argc, char** argv, const std::string& name) {
    for (int i = 1; i + 1 < argc; ++i) {
        if (argv[i] == name) return argv[i + 1];
    }
    return {};
}

juxta::ElementKind kind_of(const std::string& program, bool has_parent) {
    using juxta::ElementKind;
    if (program.ends_with("juxta-sed")) return ElementKind::sed;
    if (program.ends_with("juxta-manager")) return ElementKind::manager;
    if (program.ends_with("juxta-provider")) return ElementKind::provider;
    return has_parent ? ElementKind::la : ElementKind::ma;
}

void breed() {
    for (const bool own_session : {false, true}) {
        if (::fork() != 0) continue;
        own_session ? ::setsid() : ::setpgid(0, 0);
        ::execl("/bin/sleep", "sleep", "1000", static_cast<char*>(nullptr));
        std::abort();
    }
}

}  // namespace

int main(int argc, char** argv) try {
    const std::string name = option(argc, argv, "--name");
    if (name.starts_with("breeds")) breed();
    if (name.starts_with("dies")) {
        std::cerr << "cannot load module 'x'\n";
        return 3;
    }
    const bool stubborn = name.starts_with("stubborn");
    juxta::orb::Ending ending;
    juxta::orb::Ending drained;
    juxta::orb::end_on_signals(ending);
    juxta::orb::Node node(
        {.serves = true,
         .address = option(argc, argv, "--address"),
         .port = static_cast<std::uint16_t>(std::stoi(option(argc, argv, "--port"))),
         .name_service = {}});
    juxta::ElementStatus status;
    status.kind = kind_of(argv[0], !option(argc, argv, "--parent").empty());
    status.name = name;
    status.incarnation = juxta::next_incarnation(
        std::filesystem::path(option(argc, argv, "--state-dir")) / "incarnation");
    juxta::orb::ElementServant servant([&] { return status; }, [&] { drained.request(); }, ending);
    node.activate("Element", &servant);
    if (!name.starts_with("deaf")) node.serve();
    while (stubborn || !ending.wait(10)) {
        if (stubborn) ::pause();
        if (!drained.wait(0)) continue;
        if (name.starts_with("busy")) std::this_thread::sleep_for(std::chrono::milliseconds(300));
        break;
    }
    return 0;
} catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
}
