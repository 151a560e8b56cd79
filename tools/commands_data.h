// The verbs put, get, set, data and rm. Each returns the exit code; failures are thrown as Error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "data_service/core/data_access.h"

namespace juxta::tools {

struct PutOptions {
    std::string file;
    std::string name;
    std::string into;  // a datum's id or name: a new version of it, instead of a new datum
    std::optional<std::uint64_t> offset;  // with `into`: where the file's bytes go
    std::optional<std::uint16_t> copies;
    std::optional<std::uint16_t> clusters;
    std::string persist = "persistent";
    bool durable = false;
    std::string protocol = "sequential";
    std::string cluster;
    std::string dist;  // empty: one block
    std::string grid;
    std::string src;
};

struct SetOptions {
    std::string datum;
    std::optional<std::uint16_t> copies;
    std::optional<std::uint16_t> clusters;
    std::string persist;  // empty: as it is
    std::string name;     // empty: as it is
    std::optional<double> lease_s;
};

struct GetOptions {
    std::string datum;
    std::string output;  // empty: standard output
    std::optional<std::uint64_t> offset;
    std::optional<std::uint64_t> length;
    std::optional<std::uint64_t> place;  // its piece alone, in ScaLAPACK's local order
    std::string dist;                    // of another layout than the datum's own; with `place`
    std::string grid;
    std::string src;
};

int put(data::DataAccess& data, const PutOptions& options, std::uint16_t default_copies, bool json);
int get(data::DataAccess& data, const GetOptions& options, bool json);
int set(data::DataAccess& data, const SetOptions& options, bool json);
int show_data(data::DataAccess& data, const std::string& datum, bool json);  // empty: list all
int remove(data::DataAccess& data, const std::string& datum, bool json);

}  // namespace juxta::tools
