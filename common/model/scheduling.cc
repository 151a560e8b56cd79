#include "common/model/scheduling.h"

#include <algorithm>

namespace juxta {

void add_locality(EstimationVector& vector, const ScheduleRequest& request, const Place& place) {
    vector.arguments.clear();
    vector.bytes_here = vector.bytes_cluster = vector.bytes_to_move = 0;
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
        vector.bytes_here += argument.bytes_here;
        vector.bytes_cluster += argument.bytes_cluster;
        vector.bytes_to_move += argument.bytes_to_move;
        vector.arguments.push_back(std::move(argument));
    }
}

}  // namespace juxta
