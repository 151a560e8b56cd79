// The data of one call: its arguments, pinned and on this host before it runs; its results, placed
// while it runs and visible all together after it has ended well, or never.
//
// New data are committed before the INOUT ones, so that a failure on the way can still undo them;
// several INOUT data of one call are committed one after the other. A result gets its name last.
//
// Threading: one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "common/model/call.h"
#include "common/model/profile.h"
#include "server_daemon/core/measured_links.h"
#include "server_daemon/core/worker_pool.h"

namespace juxta::sed {

class CallData final : public OutputPlaces {
public:
    // All must outlive it. `given_up` is asked now and then while it waits for a lock.
    CallData(data::DataAccess& access, const CallOrder& order, const Profile& profile,
             std::optional<SteadyTime> deadline, std::function<bool()> given_up);
    // What was not committed is undone.
    ~CallData() override;
    CallData(const CallData&) = delete;
    CallData& operator=(const CallData&) = delete;

    // Pins and fetches what the service reads, locks what it changes. Throws Error:
    // invalid_argument for a datum of the wrong type, and whatever the data service says.
    void fetch();

    // For the pool. Nothing of it may be left when commit() is called.
    WorkerOrder worker_order() const;

    OutputPlace allocate(std::size_t argument, const DataType& type,
                         const std::vector<ino_t>& reusable) override;

    // `values`: what came back by value, one for each argument. Throws Error; nothing new is
    // visible then.
    std::vector<Output> commit(std::vector<std::optional<Value>> values);

    // Bytes that went over the network so far, by argument.
    std::vector<Movement> moved() const;

    // What fetching the arguments took, where they came from one other place.
    const std::vector<Transfer>& transfers() const { return transfers_; }

private:
    struct Input {
        std::unique_ptr<data::ReadHold> hold;
        std::vector<data::LocalPiece> pieces;
    };
    struct Product {
        DataId id;
        DataType type;
        bool is_new = false;
        std::string name;                 // to be given at the end
        std::optional<Persistence> kept;  // to be made so at the end
        std::unique_ptr<data::WriteHold> hold;
        OutputPlace place;
        bool pushed = false;  // made in memory of ours, written at the end
        Version version = 0;
    };
    struct Slot {
        std::optional<Input> input;
        std::optional<Product> product;
    };

    void read(std::size_t argument, const DataId& id);
    void lock(std::size_t argument, const DataId& id);
    OutputPlace make_place(Product& product, std::uint64_t size,
                           const std::vector<ino_t>& reusable);
    void store(Product& product, std::optional<Value>& value);
    void check_result(std::size_t argument, const std::optional<Value>& value) const;
    void undo() noexcept;
    RequestId request_for(std::size_t argument) const;
    void note_transfer(const data::ReadHold& hold, double seconds);
    std::string about(std::size_t argument) const;

    data::DataAccess& access_;
    const CallOrder& order_;
    const Profile& profile_;
    std::optional<SteadyTime> deadline_;
    std::function<bool()> given_up_;
    std::vector<Slot> slots_;
    std::vector<Transfer> transfers_;
    bool done_ = false;
};

}  // namespace juxta::sed
