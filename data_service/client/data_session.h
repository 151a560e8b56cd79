// The data service over CORBA and the Unix socket of this host's provider: DataAccess for clients,
// SeDs and tools. No type of the ORB or of the IDL is named here.
//
// A session finds a datum's owner by the cluster tag of its id, keeps the views that the managers
// told, follows every change of coordinator, and renews in the background all locks, pins and the
// client's own lease. It decides nothing about data: that is done by managers and providers.
//
// Threading: any thread. Every operation ends by SessionOptions::control or its own deadline;
// transfers of bytes have time in proportion to their size beyond it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data_service/core/data_access.h"

namespace juxta::orb {
class Node;
}

namespace juxta::data {

// Where the managers of each cluster listen: cluster -> "host:port" of its replicas.
struct ClusterManagers {
    std::map<std::string, std::vector<std::string>> addresses;
};

struct SessionOptions {
    std::chrono::milliseconds control{30000};       // how long an operation is tried
    std::chrono::milliseconds client_lease{10000};  // Lifetime::client data go after this silence
};

class DataSession final : public DataAccess {
public:
    // `node` must outlive the session and all holds. `client` must be new: secure_random().
    // Asks nobody yet. Throws Error invalid_argument if two clusters have one tag.
    DataSession(orb::Node& node, Place place, ClientId client, ClusterManagers managers,
                SessionOptions options = {});
    // Ends the client at the managers: its Lifetime::client data go. Holds must be gone.
    ~DataSession() override;

    const Place& place() const override;
    ClientId client() const override;

    DatumDescription allocate(const DataSpec& spec, const RequestId& request,
                              const std::string& cluster = {}) override;
    DatumDescription describe(const DataId& id) override;
    DatumDescription find(const std::string& id_or_name) override;
    std::vector<DatumDescription> list() override;
    void ask_processes(std::vector<DatumDescription>& data) override;
    DatumDescription change(const DataId& id, const SpecChange& change) override;
    void free(const DataId& id) override;
    void renew(const DataId& id) override;
    std::unique_ptr<ReadHold> acquire_read(const DataId& id,
                                           const ReadOptions& options = {}) override;
    std::unique_ptr<WriteHold> acquire(const DataId& id, Clock::time_point deadline,
                                       const LockOptions& options = {}) override;
    std::unique_ptr<WriteHold> resume(const DataId& id, Token token) override;
    LockStatus look(const DataId& id) override;
    std::vector<DatumLocation> locate(const std::vector<DataId>& ids) override;
    bool has_local_provider() override;

    // Others may allocate Lifetime::client data for this client in `cluster` (empty: in all):
    // keeps the client's lease there. Data that the session allocates or describes need no call.
    void live_in(const std::string& cluster);

private:
    class Operations;
    std::unique_ptr<Operations> operations_;
};

}  // namespace juxta::data
