// What is remembered of platforms between commands, in the state directory (JUXTA_STATE_DIR, else
// ~/.local/state/juxta), readable by its user only:
//
//     last                          the name of the platform that was started last
//     locks/NAME                    held while a command changes platform NAME
//     platforms/NAME/platform.xml   the descriptor as deployed
//     platforms/NAME/client.conf    what a client needs; there while the platform is deployed
//     platforms/NAME/elements.json  the processes: arguments, ports, pids
//     platforms/NAME/ports.json     chosen ports, kept over restarts
//     platforms/NAME/log/ELEMENT.log, store/ELEMENT/, run/ELEMENT.sock
//
// Files are replaced whole (temporary file, rename). A missing or damaged elements.json or
// ports.json counts as empty: processes show by themselves whether they run.
//
// Threading: one thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "deploy/launcher.h"
#include "deploy/plan.h"

namespace juxta::deploy {

struct ElementRecord {
    Element element;
    Process process;  // pid 0: not started yet
};

class PlatformState {
public:
    // Touches nothing. Throws Error invalid_argument if `name` is no name or its folder a link.
    PlatformState(std::filesystem::path root, std::string name);

    const std::string& name() const { return name_; }
    const std::filesystem::path& folder() const { return folder_; }
    bool exists() const;

    std::filesystem::path descriptor() const { return folder_ / "platform.xml"; }
    std::filesystem::path client_config() const { return folder_ / "client.conf"; }
    std::filesystem::path log(const std::string& element) const;
    std::filesystem::path store(const std::string& element) const;

    // Waits up to `seconds` for another command to finish; then Error unavailable. Held until the
    // descriptor is closed.
    UniqueFd lock(unsigned seconds) const;

    // Makes the folder and those in it.
    void prepare();

    std::vector<ElementRecord> elements() const;
    void save_elements(const std::vector<ElementRecord>& records);
    Ports ports() const;
    void save_ports(const Ports& ports);
    void save_descriptor(const std::string& xml);
    // `master`: "HOST:PORT" of the master agent.
    void save_client_config(const std::string& master);

    // Deletes, after the processes' end, client.conf, elements.json and sockets. What is in stores
    // (incarnations, the managers' logs, durable data) stays.
    void clear_after_end();
    // Deletes everything of the platform.
    void purge();

private:
    std::filesystem::path root_;
    std::string name_;
    std::filesystem::path folder_;
};

// JUXTA_STATE_DIR, else ~/.local/state/juxta. Throws Error if neither can be told.
std::filesystem::path state_root();

// nullopt if none, or what is written there is no name.
std::optional<std::string> last_platform(const std::filesystem::path& root);
void remember_last(const std::filesystem::path& root, const std::string& name);
void forget_last(const std::filesystem::path& root, const std::string& name);

// Ports that any platform of `root` has chosen, so that no other takes them while their elements
// are down.
std::vector<std::uint16_t> ports_in_use(const std::filesystem::path& root,
                                        const std::string& except_platform);

// A folder for sockets in /tmp must be this user's and nobody else's. Throws Error otherwise.
void make_private_folder(const std::filesystem::path& folder);

}  // namespace juxta::deploy
