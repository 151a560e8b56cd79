// One call as the service sees it: what stands behind juxta_call in a worker process.
//
// It decides where each argument lives (mapped, in memory of its own, in a memory file) and refuses
// accesses that do not fit. It does not decide where results are placed: the SeD does.
//
// Threading: the worker's main thread. Arguments are valid as long as the WorkerCall.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server_daemon/core/kept_outputs.h"
#include "server_daemon/core/mapped_input.h"
#include "server_daemon/core/service_table.h"
#include "server_daemon/core/worker_pool.h"

namespace juxta::sed {

class WorkerCall : public juxta_call {
public:
    // Asks the SeD for room; throws Error.
    using Placing = std::function<OutputPlace(std::size_t argument, const DataType& type)>;

    WorkerCall(const Service& service, MappedInputs& inputs, KeptOutputs& outputs, Placing placing);
    ~WorkerCall();
    WorkerCall(const WorkerCall&) = delete;
    WorkerCall& operator=(const WorkerCall&) = delete;

    // Runs the service. Nothing of a result can be written any more when it returns.
    WorkerOutcome run(WorkerOrder order);

private:
    struct Slot {
        const ArgumentSpec* spec = nullptr;
        DataType type;
        std::byte* data = nullptr;
        std::vector<std::byte> own;       // content, and one zero byte
        std::optional<std::string> text;  // a string that was set
        std::span<std::byte> placed;      // mapped result
        bool datum = false;
        bool settled = false;  // an output that has its place or value
        UniqueFd file;
        std::string path;
    };

    static const juxta_call_table kTable;
    static void* data(juxta_call* call, std::size_t argument);
    static std::uint64_t extent(juxta_call* call, std::size_t argument, std::size_t dimension);
    static const char* path(juxta_call* call, std::size_t argument);
    static void* allocate(juxta_call* call, std::size_t argument, std::size_t rank,
                          const std::uint64_t* extents);
    static int set_bytes(juxta_call* call, std::size_t argument, const void* bytes,
                         std::size_t size);
    static void fail(juxta_call* call, const char* message);
    static int make_output(juxta_call* call, std::size_t argument, void** data);

    void prepare(Slot& slot, WorkerArgument given);
    void prepare_datum(Slot& slot, const WorkerArgument& given);
    void prepare_value(Slot& slot, Value value);
    void place(Slot& slot, const OutputPlace& place);
    std::optional<Value> value_of(Slot& slot);
    void leave();
    Slot* slot_at(std::size_t argument);
    void refuse(ErrorCode code, const std::string& why);

    const Service& service_;
    MappedInputs& inputs_;
    KeptOutputs& outputs_;
    Placing placing_;
    std::vector<Slot> slots_;
    std::optional<Error> failure_;
};

}  // namespace juxta::sed
