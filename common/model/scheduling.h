// What passes between a client, the agents and the SeDs to place one call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/model/datum.h"
#include "common/model/ids.h"

namespace juxta {

// One call to be placed. Data arguments are named so that the data service can tell where they
// are; values only count with their size.
struct ScheduleRequest {
    RequestId id;
    std::string service;                      // "matmul" or "linalg/matmul"
    std::string server;                       // not empty: only the SeD of this name or "host:port"
    std::vector<std::string> excluded;        // SeDs that just failed this request
    std::vector<DataId> data;                 // the arguments that are data, in profile order
    std::vector<std::string> data_arguments;  // their argument names, same order
    std::uint64_t inline_bytes = 0;           // what comes from the client itself
    std::vector<DatumLocation> locations;     // of `data`; filled in by the master agent
    // A policy by which agents below rank and cut; filled in by the master agent. Empty: their own.
    std::string policy;
};

// How a SeD is reached and told apart from its earlier starts.
struct SedContact {
    std::string name;
    std::string address;  // "host:port"
    Incarnation incarnation = 0;
    Place place;
    friend bool operator==(const SedContact&, const SedContact&) = default;
};

// How fast data come to a SeD's host, in bytes per second, by how far they come: its own transfers,
// decayed, and what is usual as long as there was none.
struct LinkRates {
    double cluster = 1e9;  // from another host of its cluster
    double afar = 50e6;    // from another cluster
    friend bool operator==(const LinkRates&, const LinkRates&) = default;
};

struct ArgumentLocality {
    std::string argument;
    std::uint64_t bytes = 0;
    std::uint64_t bytes_here = 0;     // already on the SeD's host
    std::uint64_t bytes_cluster = 0;  // not on the host, but in its cluster
    std::uint64_t bytes_to_move = 0;  // bytes - bytes_here
    double transfer_s = 0;            // expected, to move them
    friend bool operator==(const ArgumentLocality&, const ArgumentLocality&) = default;
};

// A number that a service module reports of its SeD for one request (service.h, metric).
struct Metric {
    std::string name;
    double value = 0;
    friend bool operator==(const Metric&, const Metric&) = default;
};

// What is known of one candidate for one request. Times in seconds, memory in bytes.
struct EstimationVector {
    std::uint32_t slots = 1;
    std::uint32_t running = 0;
    std::uint32_t queued = 0;
    double free_memory = 0;
    double free_cores = 0;
    double expected_run_s = 0;   // of this service on this SeD; 0: never run
    double backlog_s = 0;        // expected work of running and queued calls
    double since_last_s = 0;     // since a call was last accepted
    std::uint64_t accepted = 0;  // calls, since it started
    double speed = 0;            // of one core: 1e9 multiply-adds a second; 0: not known
    LinkRates links;
    std::vector<Metric> metrics;
    std::vector<ArgumentLocality> arguments;
    // Sums of `arguments`.
    std::uint64_t bytes_here = 0, bytes_cluster = 0, bytes_to_move = 0;
    double transfer_s = 0;
    friend bool operator==(const EstimationVector&, const EstimationVector&) = default;
};

struct Candidate {
    SedContact sed;
    EstimationVector estimation;
    friend bool operator==(const Candidate&, const Candidate&) = default;
};

// By what calls are placed.
struct PolicyStatus {
    std::string name;                  // in use
    bool loaded = false;               // it is a user's
    std::string disabled;              // a user's policy that failed, or empty
    std::string why_disabled;          // and how
    std::uint64_t ranked = 0;          // requests since it was chosen
    std::vector<std::string> shipped;  // all that can be chosen by name
};

// What one call's placing was decided from.
struct Decision {
    RequestId id;
    std::string service;
    std::string policy;
    std::uint32_t attempt = 1;          // how often it was placed so far
    double age_s = 0;                   // since then
    std::vector<Candidate> candidates;  // best first; none as long as it was not placed
    std::string waits_for;              // why it was not
};

// Fills the locality part of `vector` for a SeD at `place`, with the rates in it. Pure.
void add_locality(EstimationVector& vector, const ScheduleRequest& request, const Place& place);

}  // namespace juxta
