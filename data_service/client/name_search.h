// Asks all clusters for a name at once; the first that knows it answers for all, and nobody waits
// for one that is silent longer than until then.
//
// Threading: any thread; a thread for each cluster while its answer is out.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <list>
#include <string>
#include <vector>

#include "common/base/guarded.h"
#include "data_service/client/held_version.h"

namespace juxta::data {

class NameSearch {
public:
    // Asks one cluster. Throws Error not_found; returns or throws within `bound` of its own.
    using Ask = std::function<InfoPtr(const std::string& cluster, const std::string& name)>;

    explicit NameSearch(Ask ask) : ask_(std::move(ask)) {}
    // Waits for what is still out. (Destructors of std::async's futures wait.)
    ~NameSearch() = default;

    // not_found if all clusters say so; unavailable if none knows it and some do not answer.
    InfoPtr find(const std::string& name, const std::vector<std::string>& clusters);

private:
    const Ask ask_;
    Guarded<std::list<std::future<void>>> out_;
};

}  // namespace juxta::data
