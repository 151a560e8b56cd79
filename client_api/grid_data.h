// What a grpc_data_t stands for, and the table of them (GFD-R-P.186, 4.1.1).
//
// A handle is a number that no address of a program is, so that the pointers of a call can be told
// apart without following any: what is not in the table is no handle.
//
// Threading: any thread; a GridData's state under its own lock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client_api/data_uri.h"
#include "client_api/grpc_data.h"
#include "client_api/uri_store.h"
#include "common/base/guarded.h"

namespace juxta::gridrpc {

// What grpc_data_init says.
struct Description {
    grpc_data_type_t type = GRPC_DOUBLE;
    std::vector<std::uint64_t> dimensions;
    std::vector<Uri> inputs, outputs;
    std::vector<Persistence> modes;  // one, or one for each output

    Persistence mode_of(std::size_t output) const {
        return modes.size() == 1 ? modes[0] : modes[output];
    }
    // As an array: dimensions as they are. nullopt: it is as long as it is.
    std::optional<DataType> data_type() const;
    std::optional<std::uint64_t> bytes() const;
};

// nullopt: containers.
std::optional<ElementType> element_of(grpc_data_type_t type);
const char* name_of(grpc_data_type_t type);
const char* mode_name(Persistence mode);

// The text of grpc_data_save; `id` may be empty. What parse_description gives back is what was
// said. Throws Error invalid_argument.
std::string to_text(const Description& description, const std::string& id);
struct SavedDescription {
    Description description;
    std::string id;
};
SavedDescription parse_description(const std::string& text);

// A datum of the platform that goes with whoever holds this last.
class Datum {
public:
    Datum(Client client, DataId id, DataType type, bool owned)
        : client_(std::move(client)), id_(id), type_(std::move(type)), owned_(owned) {}
    ~Datum();
    Datum(const Datum&) = delete;
    Datum& operator=(const Datum&) = delete;

    const DataId& id() const { return id_; }
    const DataType& type() const { return type_; }

private:
    const Client client_;
    const DataId id_;
    const DataType type_;
    const bool owned_;
};

struct GridDataState {
    std::optional<Description> said;
    std::shared_ptr<const Datum> datum;  // in the platform; null: nowhere yet
    std::string datum_name;              // by which `datum` was found or made; may be empty
    std::optional<Content> value;        // a result that came by value
    std::string output_name;             // wanted of an output that was not described
    std::map<int, std::unique_ptr<grpc_data_t>> elements;  // of a container, by rank
    bool sent = false;  // to its outputs, as far as its mode wants that once
    // Transfers.
    unsigned running = 0;
    bool failed = false;  // the last one
    std::string why;
};

struct GridData {
    Guarded<GridDataState> state;
    std::string id_text;  // for juxta_data_id; under the lock of the table
};
using GridDataPtr = std::shared_ptr<GridData>;

class DataTable {
public:
    grpc_data_t add(GridDataPtr data);
    // The handle stands for this from now on, if it is one: its copies, too.
    bool replace(const void* handle, GridDataPtr data);
    // nullptr: no handle of ours.
    GridDataPtr find(const void* handle) const;
    bool close(const void* handle);
    // Valid until the handle is closed or names another datum.
    const char* id_text(const void* handle) const;

private:
    struct State {
        std::uint64_t last = 0;
        std::map<const void*, GridDataPtr> open;
    };
    Guarded<State> state_;
};

}  // namespace juxta::gridrpc
