// The shared values, to and from the wire. What a peer sends is checked here (enumerators, sizes
// that do not match their types): Error invalid_argument.
#pragma once

#include <string>
#include <vector>

#include "agent.hh"
#include "common/model/call.h"
#include "common/model/datum.h"
#include "common/model/element.h"
#include "common/model/ids.h"
#include "common/model/profile.h"
#include "common/model/scheduling.h"
#include "common/model/types.h"
#include "element.hh"
#include "model.hh"
#include "server_daemon.hh"

namespace juxta::orb {

// Fills an IDL sequence from a range, one element at a time, and back.
template <class Sequence, class Range, class Translate>
void fill(Sequence& sequence, const Range& range, Translate&& translate) {
    sequence.length(static_cast<CORBA::ULong>(range.size()));
    CORBA::ULong i = 0;
    for (const auto& item : range) sequence[i++] = translate(item);
}
template <class Sequence, class Translate>
auto collect(const Sequence& sequence, Translate&& translate) {
    std::vector<decltype(translate(sequence[0]))> items;
    items.reserve(sequence.length());
    for (CORBA::ULong i = 0; i < sequence.length(); ++i) items.push_back(translate(sequence[i]));
    return items;
}

Wire::DataId to_wire(const DataId& id);
DataId from_wire(const Wire::DataId& id);
Wire::RequestId to_wire(const RequestId& id);
RequestId from_wire(const Wire::RequestId& id);
Wire::Place to_wire(const Place& place);
Place from_wire(const Wire::Place& place);
Wire::DataType to_wire(const DataType& type);
DataType from_wire(const Wire::DataType& type);
Wire::Value to_wire(const Value& value);
Value from_wire(const Wire::Value& value);
Wire::Profile to_wire(const Profile& profile);
Profile from_wire(const Wire::Profile& profile);
Wire::Profiles to_wire(const std::vector<Profile>& profiles);
std::vector<Profile> from_wire(const Wire::Profiles& profiles);
Wire::Persistence to_wire(Persistence mode);
Persistence from_wire(Wire::Persistence mode);
Wire::DataSpec to_wire(const DataSpec& spec);
DataSpec from_wire(const Wire::DataSpec& spec);
Wire::DatumLocation to_wire(const DatumLocation& location);
DatumLocation from_wire(const Wire::DatumLocation& location);
Wire::DatumLocations to_wire(const std::vector<DatumLocation>& locations);
std::vector<DatumLocation> from_wire(const Wire::DatumLocations& locations);
Wire::Movements to_wire(const std::vector<Movement>& movements);
std::vector<Movement> from_wire(const Wire::Movements& movements);
Wire::ElementStatus to_wire(const ElementStatus& status);
ElementStatus from_wire(const Wire::ElementStatus& status);

// Scheduling (idl/agent.idl).
Wire::SedContact to_wire(const SedContact& sed);
SedContact from_wire(const Wire::SedContact& sed);
Wire::ScheduleRequest to_wire(const ScheduleRequest& request);
ScheduleRequest from_wire(const Wire::ScheduleRequest& request);
Wire::EstimationVector to_wire(const EstimationVector& vector);
EstimationVector from_wire(const Wire::EstimationVector& vector);
Wire::Candidates to_wire(const std::vector<Candidate>& candidates);
std::vector<Candidate> from_wire(const Wire::Candidates& candidates);

Wire::PolicyStatus to_wire(const PolicyStatus& status);
PolicyStatus from_wire(const Wire::PolicyStatus& status);
Wire::Decision to_wire(const Decision& decision);
Decision from_wire(const Wire::Decision& decision);

// Calls (idl/server_daemon.idl).
Wire::CallOrder to_wire(const CallOrder& order);
CallOrder from_wire(const Wire::CallOrder& order);
Wire::CallResult to_wire(const CallResult& result);
CallResult from_wire(const Wire::CallResult& result);

Wire::PendingOutput to_wire(const PendingOutput& pending);
PendingOutput from_wire(const Wire::PendingOutput& pending);
Wire::CallReport to_wire(const CallReport& report);
CallReport from_wire(const Wire::CallReport& report);

Wire::Strings to_wire(const std::vector<std::string>& strings);
std::vector<std::string> from_wire(const Wire::Strings& strings);
Wire::DataIds to_wire(const std::vector<DataId>& ids);
std::vector<DataId> from_wire(const Wire::DataIds& ids);

}  // namespace juxta::orb
