#include "deploy/state.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/base/error.h"

namespace juxta::deploy {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Error cannot(const std::string& what, const fs::path& path) {
    return {ErrorCode::internal,
            "cannot " + what + ' ' + path.string() + ": " + std::strerror(errno)};
}

void make_folder(const fs::path& folder) {
    if (!folder.parent_path().empty() && !fs::exists(folder.parent_path())) {
        make_folder(folder.parent_path());
    }
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) throw cannot("make", folder);
    if (!fs::is_directory(folder)) {
        errno = ENOTDIR;
        throw cannot("use", folder);
    }
}

std::string read_text(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void replace_file(const fs::path& file, const std::string& text) {
    const fs::path fresh = file.string() + ".new";
    UniqueFd out(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!out) throw cannot("write", fresh);
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t put = ::write(out.get(), text.data() + done, text.size() - done);
        if (put < 0 && errno != EINTR) throw cannot("write", fresh);
        if (put > 0) done += static_cast<std::size_t>(put);
    }
    if (::rename(fresh.c_str(), file.c_str()) != 0) throw cannot("replace", file);
}

Json print(const ElementRecord& record) {
    const Element& element = record.element;
    return {
        {"kind", name_of(element.kind)}, {"name", element.name},       {"parent", element.parent},
        {"cluster", element.cluster},    {"host", element.host},       {"address", element.address},
        {"port", element.port},          {"argv", element.argv},       {"pid", record.process.pid},
        {"birth", record.process.birth}, {"mark", record.process.mark}};
}

// Throws nlohmann's exceptions, or Error, if `json` is no record.
ElementRecord parse_record(const Json& json) {
    ElementRecord record;
    const auto kind = parse_element_kind(json.at("kind").get<std::string>());
    record.element.name = json.at("name");
    if (!kind || !is_name(record.element.name)) throw Error(ErrorCode::internal, "no record");
    record.element.kind = *kind;
    record.element.parent = json.at("parent");
    record.element.cluster = json.at("cluster");
    record.element.host = json.at("host");
    record.element.address = json.at("address");
    record.element.port = json.at("port");
    record.element.argv = json.at("argv").get<std::vector<std::string>>();
    record.process = {json.at("pid"), json.at("birth"), json.at("mark")};
    return record;
}

}  // namespace

PlatformState::PlatformState(fs::path root, std::string name)
    : root_(std::move(root)), name_(std::move(name)), folder_(root_ / "platforms" / name_) {
    if (!is_name(name_)) {
        throw Error(ErrorCode::invalid_argument, "'" + name_ + "' is no name of a platform");
    }
    if (fs::is_symlink(fs::symlink_status(folder_))) {
        throw Error(ErrorCode::invalid_argument,
                    folder_.string() + " is a link; a platform's folder must be a folder");
    }
}

bool PlatformState::exists() const { return fs::is_directory(folder_); }

fs::path PlatformState::log(const std::string& element) const {
    return folder_ / "log" / (element + ".log");
}

fs::path PlatformState::store(const std::string& element) const {
    return folder_ / "store" / element;
}

UniqueFd PlatformState::lock(unsigned seconds) const {
    make_folder(root_ / "locks");
    const fs::path file = root_ / "locks" / name_;
    UniqueFd held(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!held) throw cannot("open", file);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (::flock(held.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) throw cannot("lock", file);
        if (std::chrono::steady_clock::now() >= end) {
            throw Error(ErrorCode::unavailable,
                        "another juxta command is changing platform '" + name_ + "' since " +
                            std::to_string(seconds) +
                            " s; nothing was done, try again when it is ready");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return held;
}

void PlatformState::prepare() {
    for (const char* part : {"log", "store", "run"}) make_folder(folder_ / part);
}

std::vector<ElementRecord> PlatformState::elements() const {
    const Json json = Json::parse(read_text(folder_ / "elements.json"), nullptr, false);
    if (!json.is_object() || !json.contains("elements")) return {};
    std::vector<ElementRecord> records;
    try {
        for (const Json& each : json.at("elements")) records.push_back(parse_record(each));
    } catch (const std::exception&) {
        return {};
    }
    return records;
}

void PlatformState::save_elements(const std::vector<ElementRecord>& records) {
    Json json{{"platform", name_}, {"elements", Json::array()}};
    for (const ElementRecord& record : records) json["elements"].push_back(print(record));
    replace_file(folder_ / "elements.json", json.dump(2) + '\n');
}

Ports PlatformState::ports() const {
    const Json json = Json::parse(read_text(folder_ / "ports.json"), nullptr, false);
    Ports ports;
    if (!json.is_object()) return ports;
    for (const auto& [element, port] : json.items()) {
        if (!port.is_number_unsigned()) continue;
        const auto number = port.get<std::uint64_t>();
        if (number >= 1 && number <= 65535) ports[element] = static_cast<std::uint16_t>(number);
    }
    return ports;
}

void PlatformState::save_ports(const Ports& ports) {
    Json json = Json::object();
    for (const auto& [element, port] : ports) json[element] = port;
    replace_file(folder_ / "ports.json", json.dump(2) + '\n');
}

void PlatformState::save_descriptor(const std::string& xml) { replace_file(descriptor(), xml); }

void PlatformState::save_client_config(const std::string& master) {
    replace_file(client_config(), "platform = " + name_ + "\nmaster_agent = corbaloc:iiop:" +
                                      master + "/MasterAgent\n");
}

void PlatformState::clear_after_end() {
    std::error_code ignored;
    fs::remove(client_config(), ignored);
    fs::remove(folder_ / "elements.json", ignored);
    fs::remove_all(folder_ / "run", ignored);
    fs::remove_all(short_socket_folder(folder_, ::getuid()), ignored);
}

void PlatformState::purge() {
    clear_after_end();
    std::error_code error;
    fs::remove_all(folder_, error);
    if (error) {
        throw Error(ErrorCode::internal,
                    "cannot delete all of " + folder_.string() + ": " + error.message());
    }
}

fs::path state_root() {
    const char* told = std::getenv("JUXTA_STATE_DIR");
    if (told != nullptr && *told != '\0') return fs::absolute(told).lexically_normal();
    const char* home = std::getenv("HOME");
    if (home != nullptr && *home != '\0') return fs::path(home) / ".local/state/juxta";
    const passwd* user = ::getpwuid(::getuid());
    if (user == nullptr || user->pw_dir == nullptr) {
        throw Error(ErrorCode::invalid_argument,
                    "neither JUXTA_STATE_DIR nor HOME says where to keep state");
    }
    return fs::path(user->pw_dir) / ".local/state/juxta";
}

std::optional<std::string> last_platform(const fs::path& root) {
    std::string name = read_text(root / "last");
    while (!name.empty() && name.back() == '\n') name.pop_back();
    if (!is_name(name)) return std::nullopt;
    return name;
}

void remember_last(const fs::path& root, const std::string& name) {
    make_folder(root);
    replace_file(root / "last", name + '\n');
}

void forget_last(const fs::path& root, const std::string& name) {
    std::error_code ignored;
    if (last_platform(root) == name) fs::remove(root / "last", ignored);
}

std::vector<std::uint16_t> ports_in_use(const fs::path& root, const std::string& except_platform) {
    std::vector<std::uint16_t> all;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(root / "platforms", ignored)) {
        const std::string name = entry.path().filename();
        if (name == except_platform || !is_name(name) || entry.is_symlink()) continue;
        for (const auto& [element, port] : PlatformState(root, name).ports()) all.push_back(port);
    }
    return all;
}

void make_private_folder(const fs::path& folder) {
    make_folder(folder);
    struct stat info {};
    if (::lstat(folder.c_str(), &info) != 0) throw cannot("look at", folder);
    if (!S_ISDIR(info.st_mode) || info.st_uid != ::getuid() || (info.st_mode & 077) != 0) {
        throw Error(ErrorCode::invalid_argument,
                    folder.string() +
                        " is not a folder of this user alone; remove it, or set "
                        "JUXTA_STATE_DIR to a shorter path");
    }
}

}  // namespace juxta::deploy
