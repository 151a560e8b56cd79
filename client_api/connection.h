// What a Client, its futures and its handles share: the ways to the platform and the calls under
// way. Made of ports, so that tests put fakes behind the public interface; connect.cc puts CORBA
// there.
//
// Threading: any thread; destroyed when the last of those that share it goes.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "client_api/core/argument_match.h"
#include "client_api/core/call_runner.h"
#include "client_api/core/links.h"
#include "client_api/juxta/client.h"
#include "common/base/guarded.h"
#include "data_service/core/data_access.h"

namespace juxta {

struct ConnectionParts {
    std::shared_ptr<void> base;  // whatever the others stand on; goes last
    std::unique_ptr<client::AgentLink> agent;
    std::unique_ptr<data::DataAccess> access;
    std::unique_ptr<client::SedLink> seds;
    PlatformDescription platform;
    client::RunnerSettings runner;
};

struct Connection {
    explicit Connection(ConnectionParts parts);
    ~Connection();

    // Kept once known. Throws not_found for an unknown service.
    std::shared_ptr<const Profile> profile_of(const std::string& service);

    // Checked, staged, ready to run. Data that detached calls are computing are awaited.
    client::NewCall prepare(const std::string& service, const std::vector<Arg>& arguments,
                            const CallOptions& options);

    // Hands the call to the master agent, which is waited for while it restarts.
    void detach(const client::NewCall& call);

    // Of a call that does not belong to the runner; its unnamed outputs are this connection's then.
    std::optional<CallResult> wait_remote(const RequestId& id,
                                          std::chrono::steady_clock::time_point until);

    // The unnamed outputs of a detached call go with this connection from now on.
    void adopt_outputs(const CallResult& result);

    void find_pending(std::vector<client::Matched>& arguments);

    // In this order: the runner's threads use what is above it.
    std::shared_ptr<void> base;
    std::unique_ptr<client::AgentLink> agent;
    std::unique_ptr<data::DataAccess> access;
    std::unique_ptr<client::SedLink> seds;
    PlatformDescription platform;
    Guarded<std::unordered_map<std::string, std::shared_ptr<const Profile>>> profiles;
    Guarded<std::vector<DataId>> adopted;
    client::CallRunner runner;
};

// A call of this process's runner, or (`call` null) a detached one, which the master agent runs.
struct Future::State {
    State(std::shared_ptr<Connection> where, std::shared_ptr<client::Call> started,
          const RequestId& request)
        : connection(std::move(where)), call(std::move(started)), id(request) {}

    std::shared_ptr<Connection> connection;
    std::shared_ptr<client::Call> call;
    RequestId id;
    Guarded<std::optional<CallResult>> result;  // of a detached one, once it was fetched
};

}  // namespace juxta
