#include "data_service/client/data_session.h"

#include <algorithm>
#include <iterator>

#include "common/base/in_parallel.h"
#include "common/log/log.h"
#include "common/orb/error_bridge.h"
#include "common/orb/model_wire.h"
#include "common/orb/node.h"
#include "data_service/client/describe.h"
#include "data_service/client/distributed_hold.h"
#include "data_service/client/locks.h"
#include "data_service/client/name_search.h"
#include "data_service/client/read_hold.h"
#include "data_service/client/session_core.h"
#include "data_service/corba/group_wire.h"
#include "data_service/corba/manager_wire.h"
#include "element.hh"

namespace juxta::data {
namespace {

constexpr auto quick = std::chrono::seconds(2);  // for what goes on without a cluster
constexpr CORBA::ULong page = 1000;              // data in one answer

}  // namespace

// The operations that managers answer.
class DataSession::Operations {
public:
    Operations(orb::Node& node, Place place, ClientId client, ClusterManagers managers,
               SessionOptions options)
        : core(std::make_shared<SessionCore>(node, std::move(place), client, std::move(managers),
                                             options)),
          names([this](const std::string& cluster, const std::string& name) {
              return core->remember(core->managers().call(
                  cluster, SessionCore::Clock::now() + quick, [&](Wire::Manager_ptr manager) {
                      const Wire::DatumInfo_var found = manager->find_by_name(name.c_str());
                      return from_wire(found.in());
                  }));
          }),
          node_(node) {}

    // Takes the name from data of other clusters; the cluster itself sees to its own. One that does
    // not answer keeps the name for its datum, which nobody reaches meanwhile.
    void claim_name(const std::string& name, const std::string& cluster, const DataId& unless) {
        if (name.empty()) return;
        std::vector<std::string> others = core->managers().clusters();
        std::erase(others, cluster);
        in_parallel(others.size(), [&](std::size_t i) {
            try {
                core->managers().call(others[i], SessionCore::Clock::now() + quick,
                                      [&](Wire::Manager_ptr manager) {
                                          manager->forget_name(name.c_str(), orb::to_wire(unless));
                                      });
            } catch (const Error& e) {
                log::info("a datum of cluster {} may have the name '{}', too: {}", others[i], name,
                          e.what());
            }
        });
    }

    std::vector<DatumDescription> list_of(const std::string& cluster) {
        std::vector<DatumDescription> all;
        DataId after;
        for (std::size_t got = page; got == page;) {
            const auto infos = core->managers().call(
                cluster, SessionCore::Clock::now() + quick, [&](Wire::Manager_ptr manager) {
                    const Wire::DatumInfos_var found = manager->list(orb::to_wire(after), page);
                    return orb::collect(
                        found.in(), [](const Wire::DatumInfo& info) { return from_wire(info); });
                });
            got = infos.size();
            for (const DatumInfo& info : infos) all.push_back(data::describe(info));
            if (got > 0) after = infos.back().id;
        }
        return all;
    }

    // 0 if it does not answer.
    std::int64_t pid_at(const std::string& address) {
        try {
            return orb::ask([&] {
                const orb::Deadline deadline(1000);
                const auto element = node_.resolve<Wire::Element>(address, "Element");
                const Wire::ElementStatus_var status = element->status();
                return static_cast<std::int64_t>(status->pid);
            });
        } catch (const Error&) {
            return 0;
        }
    }

    std::shared_ptr<SessionCore> core;
    NameSearch names;  // ends before `core`

private:
    orb::Node& node_;
};

DataSession::DataSession(orb::Node& node, Place place, ClientId client, ClusterManagers managers,
                         SessionOptions options)
    : operations_(std::make_unique<Operations>(node, std::move(place), client, std::move(managers),
                                               options)) {}

DataSession::~DataSession() = default;

const Place& DataSession::place() const { return operations_->core->place(); }

ClientId DataSession::client() const { return operations_->core->client(); }

DatumDescription DataSession::allocate(const DataSpec& spec, const RequestId& request,
                                       const std::string& cluster) {
    SessionCore& core = *operations_->core;
    const std::string& owner = cluster.empty() ? core.place().cluster : cluster;
    const DataId id = DataId::make(owner);
    const InfoPtr info = core.remember(
        core.managers().call(owner, core.control_deadline(), [&](Wire::Manager_ptr manager) {
            const Wire::DatumInfo_var made =
                manager->allocate(orb::to_wire(request), orb::to_wire(id), orb::to_wire(spec));
            return from_wire(made.in());
        }));
    // Only now is there somebody to have the name.
    operations_->claim_name(spec.name, owner, info->id);
    return data::describe(*info);
}

DatumDescription DataSession::describe(const DataId& id) {
    SessionCore& core = *operations_->core;
    return data::describe(*core.info(id, true, core.control_deadline()));
}

DatumDescription DataSession::find(const std::string& id_or_name) {
    if (const auto id = parse_data_id(id_or_name)) return describe(*id);
    if (id_or_name.empty()) {
        throw Error(ErrorCode::invalid_argument, "an empty text names no datum");
    }
    return data::describe(
        *operations_->names.find(id_or_name, operations_->core->managers().clusters()));
}

std::vector<DatumDescription> DataSession::list() {
    const std::vector<std::string>& clusters = operations_->core->managers().clusters();
    std::vector<std::vector<DatumDescription>> lists(clusters.size());
    Guarded<std::vector<Error>> failures;
    in_parallel(clusters.size(), [&](std::size_t i) {
        try {
            lists[i] = operations_->list_of(clusters[i]);
        } catch (const Error& e) {
            log::warning("the data of cluster {} are not listed: {}", clusters[i], e.what());
            failures.with([&](auto& all) { all.push_back(e); });
        }
    });
    const auto failed = failures.with([](auto& all) { return all; });
    if (failed.size() == clusters.size()) throw failed.front();
    std::vector<DatumDescription> all;
    for (auto& list : lists) std::ranges::move(list, std::back_inserter(all));
    return all;
}

DatumDescription DataSession::change(const DataId& id, const SpecChange& change) {
    SessionCore& core = *operations_->core;
    const std::string& owner = core.managers().owner_of(id);
    Wire::SpecChange wanted;
    wanted.name = change.name.value_or("").c_str();
    wanted.copies = change.copies.value_or(0);
    wanted.clusters = change.clusters.value_or(0);
    wanted.change_kept = change.persistence.has_value();
    wanted.kept = orb::to_wire(change.persistence.value_or(Persistence::persistent));
    wanted.lease_ms = change.lease_ms.value_or(0);
    const InfoPtr info = core.remember(
        core.managers().call(owner, core.control_deadline(), [&](Wire::Manager_ptr manager) {
            const Wire::DatumInfo_var changed = manager->change(orb::to_wire(id), wanted);
            return from_wire(changed.in());
        }));
    // Only a datum that there is has the name from now on.
    operations_->claim_name(change.name.value_or(""), owner, id);
    return data::describe(*info);
}

void DataSession::renew(const DataId& id) {
    SessionCore& core = *operations_->core;
    core.managers().call(
        core.managers().owner_of(id), core.control_deadline(),
        [&](Wire::Manager_ptr manager) { manager->renew_datum(orb::to_wire(id)); });
}

void DataSession::free(const DataId& id) {
    SessionCore& core = *operations_->core;
    core.managers().call(core.managers().owner_of(id), core.control_deadline(),
                         [&](Wire::Manager_ptr manager) { manager->free_datum(orb::to_wire(id)); });
    core.forget(id);
    core.local().forget(id);
}

std::unique_ptr<ReadHold> DataSession::acquire_read(const DataId& id, const ReadOptions& options) {
    auto stored = options.shared
                      ? take_shared_lock(operations_->core, {id, options.deadline, options.lock})
                      : take_snapshot(operations_->core, id);
    return options.as_stored ? std::move(stored) : as_array(std::move(stored));
}

std::unique_ptr<WriteHold> DataSession::acquire(const DataId& id, Clock::time_point deadline,
                                                const LockOptions& options) {
    return as_array(take_lock(operations_->core, {id, deadline, options}));
}

std::unique_ptr<WriteHold> DataSession::resume(const DataId& id, Token token) {
    return as_array(resume_lock(operations_->core, id, token));
}

LockStatus DataSession::look(const DataId& id) { return look_at_lock(*operations_->core, id); }

std::vector<DatumLocation> DataSession::locate(const std::vector<DataId>& ids) {
    SessionCore& core = *operations_->core;
    std::map<std::string, std::vector<DataId>> by_owner;
    for (const DataId& id : ids) {
        try {
            by_owner[core.managers().owner_of(id)].push_back(id);
        } catch (const Error&) {
            // Of no cluster here: unknown, thus left out.
        }
    }
    std::vector<DatumLocation> all;
    for (const auto& [owner, owned] : by_owner) {
        try {
            auto found = core.managers().call(
                owner, SessionCore::Clock::now() + quick, [&](Wire::Manager_ptr manager) {
                    const Wire::DatumLocations_var located = manager->locate(orb::to_wire(owned));
                    return orb::from_wire(located.in());
                });
            std::ranges::move(found, std::back_inserter(all));
        } catch (const Error& e) {
            if (e.code() != ErrorCode::unavailable) throw;
            log::warning("where data of cluster {} are is not known: {}", owner, e.what());
        }
    }
    return all;
}

void DataSession::ask_processes(std::vector<DatumDescription>& data) {
    std::map<std::string, std::int64_t> pids;  // by address
    for (DatumDescription& datum : data) {
        for (BlockStatus& block : datum.blocks) {
            for (CopyStatus& copy : block.copies) {
                if (copy.address.empty()) continue;
                const auto [known, fresh] = pids.try_emplace(copy.address, 0);
                if (fresh) known->second = operations_->pid_at(copy.address);
                copy.pid = known->second;
            }
        }
    }
}

bool DataSession::has_local_provider() { return operations_->core->local().contact().has_value(); }

void DataSession::live_in(const std::string& cluster) { operations_->core->live_in(cluster); }

}  // namespace juxta::data
