#include "client_api/connection.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "client_api/core/argument_match.h"
#include "client_api/core/call_assembly.h"
#include "client_api/core/remote_calls.h"

namespace juxta {
namespace {

// Profiles are few; a program that calls by ever new wrong names must not fill memory.
constexpr std::size_t kMostProfiles = 10000;

// While the master agent restarts.
constexpr auto kAgentPatience = std::chrono::seconds(10);
constexpr auto kPause = std::chrono::milliseconds(100);

// Calls of others are asked of the master agent and the SeDs.
client::RunnerSettings with_elsewhere(client::RunnerSettings settings, client::AgentLink& agent,
                                      client::SedLink& seds) {
    settings.elsewhere = [&](const RequestId& id) {
        return client::wait_remote(agent, seds, id, std::chrono::steady_clock::now());
    };
    return settings;
}

}  // namespace

Connection::Connection(ConnectionParts parts)
    : base(std::move(parts.base)),
      agent(std::move(parts.agent)),
      access(std::move(parts.access)),
      seds(std::move(parts.seds)),
      platform(std::move(parts.platform)),
      runner(*agent, *seds, with_elsewhere(std::move(parts.runner), *agent, *seds)) {}

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
    auto matched = client::match_arguments(*profile, given, options.outputs);
    find_pending(matched);
    for (std::size_t i = 0; i < matched.size(); ++i) {
        auto* pending = std::get_if<PendingOutput>(&matched[i]);
        if (pending == nullptr) continue;
        pending->argument = profile->arguments[i].name;
        if (options.detached && runner.find(pending->producer)) {
            throw Error(ErrorCode::invalid_argument,
                        profile->name + ": argument " + pending->argument + " is computed by " +
                            to_string(pending->producer) +
                            ", which ends with this client; a call that outlives it cannot wait "
                            "for that: detach the other one too");
        }
    }
    return client::assemble(*profile, matched,
                            {options.deadline_s, options.server, options.server_required,
                             options.detached, platform.default_copies},
                            *access);
}

void Connection::find_pending(std::vector<client::Matched>& arguments) {
    std::vector<std::string> names;
    std::vector<client::Matched*> named;
    for (client::Matched& argument : arguments) {
        const auto* name = std::get_if<client::DatumName>(&argument);
        if (name == nullptr || parse_data_id(name->text)) continue;
        names.push_back(name->text);
        named.push_back(&argument);
    }
    if (names.empty()) return;
    std::vector<PendingOutput> found;
    try {
        found = agent->pending(names);
    } catch (const Error&) {
        // A master agent that is away computes nothing now; the names are looked up as data.
    }
    for (std::size_t i = 0; i < std::min(found.size(), named.size()); ++i) {
        if (!found[i].producer.is_nil()) *named[i] = found[i];
    }
}

void Connection::detach(const client::NewCall& call) {
    const auto end = std::chrono::steady_clock::now() + kAgentPatience;
    for (;;) {
        try {
            agent->detach(call.request, call.order, call.retry);
            return;
        } catch (const Error& e) {
            const bool away =
                e.code() == ErrorCode::peer_unreachable || e.code() == ErrorCode::deadline_exceeded;
            if (!away || std::chrono::steady_clock::now() + kPause >= end) throw;
        }
        std::this_thread::sleep_for(kPause);
    }
}

std::optional<CallResult> Connection::wait_remote(const RequestId& id,
                                                  std::chrono::steady_clock::time_point until) {
    auto result = client::wait_remote(*agent, *seds, id, until);
    if (result) adopt_outputs(*result);
    return result;
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
