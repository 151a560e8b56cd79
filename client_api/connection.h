// What a Client, its futures and its handles share: the ways to the platform and the calls under
// way. Made of ports, so that tests put fakes behind the public interface; connect.cc puts CORBA
// there.
//
// Threading: any thread; destroyed when the last of those that share it goes.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

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

    // Checked, staged, ready to run.
    client::NewCall prepare(const std::string& service, const std::vector<Arg>& arguments,
                            const CallOptions& options);

    // The unnamed outputs of a detached call go with this connection from now on.
    void adopt_outputs(const CallResult& result);

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

struct Future::State {
    std::shared_ptr<Connection> connection;
    std::shared_ptr<client::Call> call;
    RequestId id;
};

}  // namespace juxta
