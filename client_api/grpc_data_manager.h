// The data of a GridRPC client: what the functions of grpc_data.h do, and what calls do with data
// handles. Over the UriStore, the DataTable and a few threads that transfer.
//
// It decides when something is read, put, moved and forgotten, by the modes of GFD-R-P.186,
// table 1.
//
// Threading: any thread. Destruction ends the transfers that were begun.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client_api/grid_data.h"
#include "client_api/uri_store.h"
#include "common/base/crew.h"

namespace juxta::gridrpc {

class DataManager {
public:
    explicit DataManager(const Client& client) : store_(client) {}
    ~DataManager();

    // -- grpc_data.h: as the functions there, but for null pointers
    // --------------------------------
    grpc_error_t init(grpc_data_t* data, const char** inputs, const char** outputs,
                      grpc_data_type_t type, const size_t* dimensions,
                      const grpc_data_mode_t* modes);
    grpc_error_t set_element(grpc_data_t container, int rank, grpc_data_t data);
    grpc_error_t get_element(grpc_data_t container, int rank, grpc_data_t** data);
    grpc_error_t transfer(grpc_data_t data, const char** inputs, const char** outputs,
                          const grpc_data_mode_t* modes);
    grpc_error_t wait(const grpc_data_t** list, grpc_completion_mode_t mode,
                      grpc_data_t** returned);
    grpc_error_t unbind(grpc_data_t* data);
    grpc_error_t free(grpc_data_t* data, const char** places);
    grpc_error_t info(grpc_data_t data, grpc_data_info_type_t tag, const char* uri, char** info);
    grpc_error_t load(grpc_data_t* data, const char* from);
    grpc_error_t save(grpc_data_t data, const char* to);

    // -- juxta_c.h
    // ---------------------------------------------------------------------------------
    grpc_data_t open(const DataHandle& datum);
    grpc_data_t open_output(const std::string& name);
    // Throws Error invalid_argument: no handle, or one that names no datum.
    std::shared_ptr<const Datum> datum_of(grpc_data_t data) const;

    // -- arguments of calls
    // ------------------------------------------------------------------------
    GridDataPtr find(const void* handle) const { return table_.find(handle); }

    // An IN or INOUT argument, with what must live until the call has ended. `shape`: of the
    // argument, where the profile tells it. Throws Error.
    struct Input {
        Arg argument;
        std::vector<std::shared_ptr<const void>> staged;
    };
    Input input(const GridDataPtr& data, const ArgumentSpec& spec,
                const std::optional<Shape>& shape);
    // An OUT argument.
    Arg output(const GridDataPtr& data, const ArgumentSpec& spec) const;
    // A call has begun that reads the data: they go to their outputs, too.
    void used(const GridDataPtr& data);
    // A call has ended that made or changed the data: they go to their outputs.
    void produced(const GridDataPtr& data, const Output& output);

    UriStore& store() { return store_; }
    DataTable& table() { return table_; }

private:
    struct Goal {
        Uri uri;
        Persistence mode;
    };
    // What data were when something with them began.
    struct Source {
        std::optional<Description> said;
        std::shared_ptr<const Datum> datum;
        std::optional<Content> value;
        std::vector<Uri> more;  // inputs to be tried first

        bool anywhere() const;
    };
    struct Job {
        GridDataPtr data;
        Source source;
        std::vector<Goal> goals;
        bool place = false;   // into the platform, whatever the goals are
        bool forget = false;  // afterwards no datum is left
    };
    struct Count {
        std::uint64_t begun = 0, ended = 0;
    };

    bool contains(grpc_data_t outer, grpc_data_t inner) const;
    void start(Job job);
    void run(const Job& job);
    void bring(const Job& job, const Goal& goal, const Content& content);
    void finished(const GridDataPtr& data, const std::string& why);
    void wait_for(const GridDataPtr& data);
    static Source source_of(const GridDataPtr& data);
    Content read(const Source& source) const;
    Description described(const GridDataPtr& data) const;
    void set(grpc_data_t* data, GridDataPtr now);
    Input gathered(const GridDataPtr& container, const ArgumentSpec& spec,
                   const std::optional<Shape>& shape);
    std::shared_ptr<const Datum> placed(const GridDataPtr& data, const DataType& type,
                                        std::span<const std::byte> bytes);
    std::vector<std::string> infos(const GridDataPtr& data, grpc_data_info_type_t tag,
                                   const char* uri) const;

    UriStore store_;
    DataTable table_;
    Guarded<Count> transfers_;  // whoever waits looks again when one has ended
    Crew crew_{4};
};

}  // namespace juxta::gridrpc
