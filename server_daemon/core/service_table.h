// The services of a SeD or of a worker: profiles and the functions behind them, filled by modules.
//
// It decides what a valid service is: names, argument lists, one owner for each name. It does not
// load modules (module_loader.h) and does not run anything.
//
// Threading: filled by one thread, then read by any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/model/profile.h"
#include "server_daemon/juxta/service_c.h"

namespace juxta::sed {

struct Service {
    Profile profile;
    juxta_solve solve = nullptr;
    void* context = nullptr;
};

// A number that estimations carry to whoever schedules (service_c.h).
struct MetricFunction {
    std::string name;
    juxta_metric function = nullptr;
    void* context = nullptr;
};

class ServiceTable {
public:
    // Throws Error invalid_argument: an empty or odd name, one that is taken, arguments without a
    // name or with the same one, a string or file that is an array.
    void add(Service service);

    // Throws Error invalid_argument: an odd name, or one that is taken.
    void add(MetricFunction metric);

    const std::vector<MetricFunction>& metrics() const { return metrics_; }

    // By "name" or "module/name"; nullptr if there is none. Valid as long as the table.
    const Service* find(std::string_view service) const;

    // Ordered as added.
    std::vector<Profile> profiles() const;
    std::size_t size() const { return services_.size(); }

private:
    std::vector<Service> services_;
    std::vector<MetricFunction> metrics_;
};

// What a module's entry fills in: the C interface over a table.
class ModuleRegistry : public juxta_registry {
public:
    ModuleRegistry(ServiceTable& table, std::string module);
    ~ModuleRegistry();
    ModuleRegistry(const ModuleRegistry&) = delete;
    ModuleRegistry& operator=(const ModuleRegistry&) = delete;

    // Why the first refused service was refused; empty if none was.
    const std::string& refusal() const { return refusal_; }

private:
    struct Draft;
    static const juxta_registry_table kTable;
    static juxta_profile* profile_new(juxta_registry* registry, const char* name);
    static void add_argument(juxta_profile* profile, const char* name, juxta_mode mode,
                             juxta_type type, juxta_rank rank);
    static void never_retry(juxta_profile* profile);
    static int add_metric(juxta_registry* registry, const char* name, juxta_metric function,
                          void* context);
    static int add_service(juxta_profile* profile, juxta_solve solve, void* context);

    ServiceTable& table_;
    std::string module_;
    std::string refusal_;
    std::vector<Draft*> drafts_;
};

}  // namespace juxta::sed
