#include "common/model/scheduling.h"

#include <algorithm>

namespace juxta {
namespace {

// Until the first byte comes, an argument.
constexpr double kClusterDelay_s = 0.0005;
constexpr double kAfarDelay_s = 0.002;

double transfer_s(const ArgumentLocality& argument, const LinkRates& links) {
    if (argument.bytes_to_move == 0) return 0;
    const bool near = argument.bytes_cluster > 0;
    const double rate = std::max(1.0, near ? links.cluster : links.afar);
    return (near ? kClusterDelay_s : kAfarDelay_s) +
           static_cast<double>(argument.bytes_to_move) / rate;
}

}  // namespace

void add_locality(EstimationVector& vector, const ScheduleRequest& request, const Place& place) {
    vector.arguments.clear();
    vector.bytes_here = vector.bytes_cluster = vector.bytes_to_move = 0;
    vector.transfer_s = 0;
    for (std::size_t i = 0; i < request.data.size(); ++i) {
        const auto known =
            std::ranges::find(request.locations, request.data[i], &DatumLocation::id);
        if (known == request.locations.end()) continue;
        ArgumentLocality argument;
        if (i < request.data_arguments.size()) argument.argument = request.data_arguments[i];
        argument.bytes = known->bytes;
        const auto on_host = [&](const auto& copy) { return copy.place.host == place.host; };
        const auto in_cluster = [&](const auto& copy) {
            return copy.place.cluster == place.cluster;
        };
        if (std::ranges::any_of(known->copies, on_host)) {
            argument.bytes_here = known->bytes;
        } else if (std::ranges::any_of(known->copies, in_cluster)) {
            argument.bytes_cluster = known->bytes;
        }
        argument.bytes_to_move = argument.bytes - argument.bytes_here;
        argument.transfer_s = transfer_s(argument, vector.links);
        vector.transfer_s += argument.transfer_s;
        vector.bytes_here += argument.bytes_here;
        vector.bytes_cluster += argument.bytes_cluster;
        vector.bytes_to_move += argument.bytes_to_move;
        vector.arguments.push_back(std::move(argument));
    }
}

}  // namespace juxta
