// What is asked of providers, to and from the wire (idl/provider.idl). What a peer sends is
// checked here. Error invalid_argument.
//
// Threading: functions of their arguments only.
#pragma once

#include "data_service/core/reservation.h"
#include "provider.hh"

namespace juxta::data {

Wire::Reservation to_wire(const Reservation& wanted);
Reservation from_wire(const Wire::Reservation& wire);

}  // namespace juxta::data
