// The client of a platform: data, calls.
//
//     juxta::Client client = juxta::Client::connect();
//     auto a = client.put<double>(values, {147, 147}, {.name = "A"});
//     auto b = client.open<double>("B");
//     juxta::CallResult first = client.call("f1", {a, b});          // C = f1(A, B)
//     auto c = client.output<double>(first, "C");                   // C stays in the platform
//     juxta::Future second = client.submit("f2", {b, c});
//     auto d = client.output<double>(second.get(), "D").get();
//
// Calls. The arguments are those of the profile, in its order: one for each IN and INOUT argument,
// or one for every argument, with Arg::output(...) where it is OUT. Arrays up to 64 KiB travel with
// the call; larger ones are put first as a volatile datum and freed after it. Array outputs stay in
// the platform and are told by their handles. A call whose server dies is run again elsewhere,
// unless its service says retry=never; it ends exactly once, as done, failed or cancelled.
//
// Errors: failures are thrown as juxta::Error. invalid_argument: arity or types do not match the
// profile, nothing was sent. not_found: no such service or datum. peer_unreachable: the master
// agent does not answer, after ten seconds of trying. What a service or its server does: see
// Future.
//
// Threading: any thread. Futures, handles and holds may outlive their Client. What lives "as
// long as the client" is freed when the last of them is gone.
#pragma once

#include <chrono>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/model/call.h"
#include "common/model/profile.h"
#include "common/model/scheduling.h"
#include "juxta/argument.h"
#include "juxta/data.h"
#include "juxta/export.h"

namespace juxta {

namespace data {
class DataAccess;
}

struct PutOptions {
    std::string name{};                     // taken from whoever had it
    std::optional<std::uint16_t> copies{};  // none: as the platform
    Persistence persistence = Persistence::persistent;
    std::string cluster{};  // which allocates and owns it; empty: the client's own
    std::string host{};     // preferred for the first copy; empty: the client's own
    Progress progress{};
    std::string protocol = "sequential";  // or entry, relaxed, immutable
    std::uint16_t clusters = 1;           // that keep copies: its own and so many others
    bool durable = false;                 // every copy is on disk, too
    // Bytes of each block, in order: whole elements, all of the array; empty: one block.
    std::vector<std::uint64_t> block_bytes{};
    // Instead: over a grid of places, as ScaLAPACK does: {"cyclic:64", "2x2", ""}. Each place's
    // piece is a block; who reads the datum sees its array all the same.
    LayoutText layout{};
};

struct CallOptions {
    double deadline_s = 0;               // from now until the result is there; 0: none
    std::vector<std::string> outputs{};  // names for the OUT arrays, in profile order; may be fewer
    std::string server{};                // this SeD: its name or "host:port"
    bool server_required = true;         // false: another, once that one is gone
    // The result waits in the platform for whoever asks for it by its id, also when this client has
    // ended. Unnamed outputs live until then. Arrays of more than 64 KiB must be data.
    bool detached = false;
};

// Why a call went where it did: the table of the decision, and what came of it.
struct Explanation {
    Decision decision;
    std::string sed;                   // that has the call; empty: none that answers
    std::optional<CallReport> report;  // of that SeD
};

struct PlatformDescription {
    std::string name;
    std::vector<std::string> clusters;
    std::uint16_t default_copies = 1;
};

// A submitted call. Copies are the same call. The result stays readable as long as one lives.
class JUXTA_API Future {
public:
    struct State;
    explicit Future(std::shared_ptr<State> state);

    const RequestId& id() const;
    bool finished() const;

    // Waits for the end, whichever it is: state done, failed or cancelled; does not throw for it.
    CallResult wait() const;
    // nullopt if it has not ended by then.
    std::optional<CallResult> wait(std::chrono::milliseconds timeout) const;

    // Waits; throws the Error of a call that failed or was cancelled.
    CallResult get() const;

    // An output of the call, from its submission on, as an argument of other calls: they are placed
    // where it is once it is there, and fail, saying why, if this call fails.
    PendingOutput output(const std::string& argument) const { return {id(), argument, {}}; }

    // Asks for the end; wait() tells how it ended, since it may have been done already.
    void cancel() const;

private:
    friend class Client;
    std::shared_ptr<State> state_;
};

class JUXTA_API Client {
public:
    // Configuration: this file, else the one that JUXTA_CONFIG names, else that of the platform
    // deployed last by this user. Error not_found, invalid_argument: with file and line.
    static Client connect(const std::string& config_file = {});

    explicit Client(std::shared_ptr<Connection> connection);

    const Place& place() const;
    PlatformDescription platform() const;
    std::vector<Profile> services() const;              // ordered by full name
    Profile profile(const std::string& service) const;  // "f1" or "linalg/f1"

    // -- data ------------------------------------------------------------------------------------

    template <Element T>
    Data<T> put(std::span<const T> values, Shape shape, const PutOptions& options = {}) const {
        return Data<T>(
            put_bytes({ElementOf<T>::value, std::move(shape)}, std::as_bytes(values), options));
    }
    // `bytes` has bytes_of(type) bytes, or invalid_argument.
    DataHandle put_bytes(const DataType& type, std::span<const std::byte> bytes,
                         const PutOptions& options = {}) const;

    // Space for a datum; version 0 until something is committed.
    template <Element T>
    Data<T> allocate(Shape shape, const PutOptions& options = {}) const {
        return Data<T>(allocate_untyped({ElementOf<T>::value, std::move(shape)}, options));
    }
    DataHandle allocate_untyped(const DataType& type, const PutOptions& options = {}) const;

    // By id ("d:...") or name. not_found.
    template <Element T>
    Data<T> open(const std::string& id_or_name) const {
        return Data<T>(open_untyped(id_or_name));
    }
    template <Element T>
    Data<T> open(const DataId& id) const {
        return Data<T>(open_untyped(id));
    }
    DataHandle open_untyped(const std::string& id_or_name) const;
    DataHandle open_untyped(const DataId& id) const;

    // -- calls -----------------------------------------------------------------------------------

    // Waits for the end; throws the Error of a call that failed.
    CallResult call(const std::string& service, const std::vector<Arg>& arguments,
                    const CallOptions& options = {}) const;
    // Returns once the memory of the arguments may be changed.
    Future submit(const std::string& service, const std::vector<Arg>& arguments,
                  const CallOptions& options = {}) const;

    // By id, whoever submitted it. nullopt if it has not ended by then; not_found if nobody knows
    // the request (any more). The unnamed outputs of a detached call are this client's then.
    std::optional<CallResult> wait(const RequestId& id, std::chrono::milliseconds timeout) const;
    void cancel(const RequestId& id) const;

    // From what a call was placed, and how it stands. not_found: the master agent does not know it.
    Explanation explain(const RequestId& id) const;

    // By what calls are placed, and the choice of another: one of the shipped policies by name, or
    // a shared object (juxta/policy.h). invalid_argument: nothing was changed.
    PolicyStatus policy() const;
    PolicyStatus use_policy(const std::string& shipped) const;
    PolicyStatus load_policy(const std::string& file) const;

    // The index in `calls` of one that has ended; nullopt if none has by then, or there is none.
    std::optional<std::size_t> wait_any(std::span<const Future> calls,
                                        std::chrono::milliseconds timeout) const;

    // The handle of an array output, and the value of another. not_found: no such output.
    DataHandle output_untyped(const CallResult& result, const std::string& argument) const;
    template <Element T>
    Data<T> output(const CallResult& result, const std::string& argument) const {
        return Data<T>(output_untyped(result, argument));
    }

    // The data service below all this.
    data::DataAccess& data_access() const;

private:
    std::shared_ptr<Connection> connection_;
};

// The value of a scalar, string or file output. not_found: no such output.
JUXTA_API const Value& value_of(const CallResult& result, const std::string& argument);
// invalid_argument unless it is a scalar of T.
template <Element T>
T scalar_of(const CallResult& result, const std::string& argument) {
    const Value& value = value_of(result, argument);
    if (value.type != DataType{ElementOf<T>::value, {}} || value.bytes.size() != sizeof(T)) {
        throw Error(ErrorCode::invalid_argument,
                    "output " + argument + " is " + to_string(value.type));
    }
    T scalar;
    std::memcpy(&scalar, value.bytes.data(), sizeof scalar);
    return scalar;
}

}  // namespace juxta
