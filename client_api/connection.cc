#include "client_api/connection.h"

#include <chrono>
#include <thread>

#include "client_api/core/argument_match.h"
#include "client_api/core/call_assembly.h"

namespace juxta {
namespace {

// Profiles are few; a program that calls by ever new wrong names must not fill memory.
constexpr std::size_t kMostProfiles = 10000;

// While the master agent restarts.
constexpr auto kAgentPatience = std::chrono::seconds(10);
constexpr auto kPause = std::chrono::milliseconds(100);

}  // namespace

Connection::Connection(ConnectionParts parts)
    : base(std::move(parts.base)),
      agent(std::move(parts.agent)),
      access(std::move(parts.access)),
      seds(std::move(parts.seds)),
      platform(std::move(parts.platform)),
      runner(*agent, *seds, parts.runner) {}

Connection::~Connection() {
    for (const DataId& id : adopted.with([](const auto& ids) { return ids; })) {
        try {
            access->free(id);
        } catch (const Error&) {
            // Lost or freed by somebody else: nothing is left to free.
        }
    }
}

std::shared_ptr<const Profile> Connection::profile_of(const std::string& service) {
    auto known = profiles.with([&](const auto& all) -> std::shared_ptr<const Profile> {
        const auto found = all.find(service);
        return found == all.end() ? nullptr : found->second;
    });
    if (known) return known;
    const auto end = std::chrono::steady_clock::now() + kAgentPatience;
    for (;;) {
        try {
            known = std::make_shared<const Profile>(agent->profile_of(service));
            break;
        } catch (const Error& e) {
            const bool away =
                e.code() == ErrorCode::peer_unreachable || e.code() == ErrorCode::deadline_exceeded;
            if (!away || std::chrono::steady_clock::now() + kPause >= end) throw;
        }
        std::this_thread::sleep_for(kPause);
    }
    profiles.with([&](auto& all) {
        if (all.size() >= kMostProfiles) all.clear();
        all.emplace(service, known);
    });
    return known;
}

client::NewCall Connection::prepare(const std::string& service, const std::vector<Arg>& arguments,
                                    const CallOptions& options) {
    const auto profile = profile_of(service);
    std::vector<Given> given;
    given.reserve(arguments.size());
    for (const Arg& argument : arguments) given.push_back(argument.content());
    const auto matched = client::match_arguments(*profile, given, options.outputs);
    return client::assemble(*profile, matched,
                            {options.deadline_s, options.server, options.server_required,
                             options.detached, platform.default_copies},
                            *access);
}

void Connection::adopt_outputs(const CallResult& result) {
    for (const Output& output : result.outputs) {
        if (!output.id) continue;
        try {
            const data::DatumDescription datum = access->describe(*output.id);
            const bool ours = datum.spec.name.empty() &&
                              datum.spec.persistence == Persistence::volatile_ &&
                              datum.spec.lifetime == Lifetime::until_freed;
            if (ours) adopted.with([&](auto& ids) { ids.push_back(*output.id); });
        } catch (const Error&) {
            // A datum that cannot be described now keeps its lifetime.
        }
    }
}

}  // namespace juxta
