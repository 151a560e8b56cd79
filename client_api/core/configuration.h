// What a client must know before it can ask anybody: the master agent's address and its own place.
//
// A file of `key = value` lines; '#' begins a comment. Keys: master_agent (HOST:PORT or
// corbaloc:iiop:HOST:PORT/MasterAgent), platform, host, cluster. JUXTA_HOST and JUXTA_CLUSTER
// override the last two.
//
// Read once, at the start; nothing here is kept.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace juxta::client {

struct Configuration {
    std::string master_agent;  // "host:port"
    std::string platform;      // may be empty
    std::string host;          // never empty
    std::string cluster;       // empty: the first that the platform names
};

// An environment variable, or nullopt. Given, so that tests need not change the real one.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> process_environment(const std::string& name);

// Takes `file`, else the one that JUXTA_CONFIG names, else that of the platform deployed last:
// STATE/platforms/NAME/client.conf, where STATE/last holds NAME and STATE is JUXTA_STATE_DIR, by
// default ~/.local/state/juxta.
// Throws Error: not_found (no such file, or none of the three; the text says where was looked),
// invalid_argument (with FILE:LINE).
Configuration find_configuration(const std::string& file = {},
                                 const Environment& environment = process_environment);

// `text` as the contents of `file`, which is only named in errors. Takes nothing from elsewhere.
Configuration parse_configuration(std::string_view text, const std::string& file);

}  // namespace juxta::client
