#include "bench/bench_platform.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/base/error.h"

namespace juxta::bench {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSed =
    "<sed name=\"s1\" host=\"h1\" cluster=\"c1\" slots=\"2\"><module path=\"testing\"/></sed>";

std::string text_of(const fs::path& file) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

// The environment of this process without its JUXTA_ variables, but how much to log, and `more`.
std::vector<std::string> environment_with(const std::string& more) {
    std::vector<std::string> all;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string text = *variable;
        const bool is_own = text.starts_with("JUXTA_") && !text.starts_with("JUXTA_LOG=");
        if (!is_own) all.push_back(text);
    }
    all.push_back(more);
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

}  // namespace

BenchPlatform::BenchPlatform(const BenchPlatformSettings& settings) : settings_(settings) {
    std::string folder = fs::temp_directory_path() / "juxta-bench-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr)
        throw Error(ErrorCode::internal, "cannot make a folder like " + folder);
    folder_ = folder;
    std::ofstream(folder_ / "platform.xml") << descriptor();
    const std::string said = juxta({"deploy", folder_ / "platform.xml"});
    if (!said.empty()) {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
        throw Error(ErrorCode::internal, "the benchmark's platform did not start: " + said);
    }
}

BenchPlatform::~BenchPlatform() {
    juxta({"down", "--purge", "--platform", "bench"});
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

std::string BenchPlatform::configuration(const std::string& host) const {
    const fs::path file = folder_ / (host + ".conf");
    if (!fs::exists(file)) {
        std::ofstream(file) << text_of(folder_ / "state/platforms/bench/client.conf")
                            << "\nhost = " << host << "\n";
    }
    return file;
}

// They are told apart by the state directory in their environment.
std::vector<pid_t> BenchPlatform::processes() const {
    const std::string mark = "JUXTA_STATE_DIR=" + (folder_ / "state").string();
    std::vector<pid_t> found;
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        if (text_of(entry.path() / "environ").find(mark) != std::string::npos)
            found.push_back(std::stoi(name));
    }
    return found;
}

std::uint64_t BenchPlatform::data_bytes_in() const {
    std::string printed;
    const std::string said = juxta({"status", "--json", "--platform", "bench"}, &printed);
    if (!said.empty()) throw Error(ErrorCode::internal, "the benchmark's platform: " + said);
    std::uint64_t sum = 0;
    for (const auto& element : nlohmann::json::parse(printed).at("elements"))
        if (element.at("kind") == "provider")
            sum += element.at("counters").at("data_bytes_in").get<std::uint64_t>();
    return sum;
}

std::string BenchPlatform::descriptor() const {
    std::string hosts, elements;
    for (unsigned i = 1; i <= settings_.managers; ++i) {
        hosts += fmt::format("  <host name=\"m{}\"/>\n", i);
        elements += fmt::format("    <manager name=\"m{0}\" host=\"m{0}\"/>\n", i);
    }
    for (unsigned i = 1; i <= settings_.providers; ++i) {
        hosts += fmt::format("  <host name=\"h{}\"/>\n", i);
        elements += fmt::format("    <provider name=\"p{0}\" host=\"h{0}\" memory=\"{1}\"/>\n", i,
                                settings_.memory);
    }
    return fmt::format(
        "<platform name=\"bench\" default_copies=\"{}\" xmlns=\"urn:juxta:platform:1\">\n{}"
        "  <cluster name=\"c1\" detection_ms=\"{}\">\n{}  </cluster>\n"
        "  <master_agent name=\"MA\" host=\"m1\">{}</master_agent>\n</platform>\n",
        settings_.copies, hosts, settings_.detection_ms, elements, settings_.with_sed ? kSed : "");
}

std::string BenchPlatform::start(const std::string& element) const {
    return juxta({"start", element, "--platform", "bench"});
}

// Empty if it went well; else what it wrote to its standard error.
std::string BenchPlatform::juxta(const std::vector<std::string>& words,
                                 std::string* printed) const {
    const fs::path program = fs::read_symlink("/proc/self/exe").parent_path() / "juxta";
    std::vector<std::string> arguments{"juxta"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    std::vector<std::string> environment =
        environment_with("JUXTA_STATE_DIR=" + (folder_ / "state").string());
    const fs::path said = folder_ / fmt::format("said-{}", commands_++);
    const fs::path output = printed != nullptr ? said.string() + "-out" : "/dev/null";

    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                       0600);
    ::posix_spawn_file_actions_addopen(&actions, 2, said.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                       0600);
    pid_t pid = 0;
    const int failed = ::posix_spawn(&pid, program.c_str(), &actions, nullptr,
                                     pointers(arguments).data(), pointers(environment).data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return "cannot run " + program.string();
    int status = 0;
    ::waitpid(pid, &status, 0);
    const std::string text = text_of(said);
    std::error_code ignored;
    fs::remove(said, ignored);
    if (printed != nullptr) {
        *printed = text_of(output);
        fs::remove(output, ignored);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    return text.empty() ? fmt::format("juxta {} ended with {}", words.front(), status) : text;
}

}  // namespace juxta::bench
