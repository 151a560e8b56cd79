#include "server_daemon/core/worker_loop.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "server_daemon/core/kept_outputs.h"
#include "server_daemon/core/mapped_input.h"
#include "server_daemon/core/metric_process.h"
#include "server_daemon/core/module_loader.h"
#include "server_daemon/core/worker_call.h"
#include "server_daemon/core/worker_messages.h"

namespace juxta::sed {
namespace {

// The SeD is gone: nobody is left to tell anything.
[[noreturn]] void end_quietly() { ::_exit(0); }

OutputPlace ask_for_place(Channel& channel, std::size_t argument, const DataType& type,
                          std::vector<ino_t> reusable) {
    Packer request;
    pack(request, AllocateMessage{argument, type, std::move(reusable)});
    if (!channel.send(request.packed())) end_quietly();
    auto answer = channel.receive();
    if (!answer) end_quietly();
    Unpacker unpacker(answer->bytes);
    if (unpack_kind(unpacker) != MessageKind::place) {
        throw Error(ErrorCode::internal, "the SeD answered something else than a place");
    }
    const PlaceMessage place = unpack_place(unpacker);
    if (!place.granted) throw Error(place.code, place.why);
    OutputPlace result{nullptr, place.offset, place.length, place.keep};
    if (place.by_value) return result;
    if (answer->descriptors.empty())
        throw Error(ErrorCode::internal, "a place without a descriptor");
    result.fd = std::make_shared<const UniqueFd>(std::move(answer->descriptors.front()));
    return result;
}

// A service that watches for cancels itself (grpc_is_canceled_np) did so for its own call only.
void let_cancels_through() {
    sigset_t cancel;
    sigemptyset(&cancel);
    sigaddset(&cancel, SIGTERM);
    ::sigprocmask(SIG_UNBLOCK, &cancel, nullptr);
}

// `unpacker`: after the kind.
WorkerOutcome run_one(Channel& channel, const ServiceTable& services, MappedInputs& inputs,
                      KeptOutputs& outputs, Message& message, Unpacker& unpacker) {
    WorkerOrder order = unpack_run(unpacker, message.descriptors);
    const Service* service = services.find(order.service);
    if (service == nullptr) {
        throw Error(ErrorCode::internal, "the worker does not know the service " + order.service);
    }
    WorkerCall call(*service, inputs, outputs, [&](std::size_t argument, const DataType& type) {
        return ask_for_place(channel, argument, type, outputs.files());
    });
    return call.run(std::move(order));
}

}  // namespace

int work_as_worker(int socket, const std::vector<std::string>& modules) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ServiceTable services;
    try {
        for (const std::string& module : modules) load_module(module, services);
    } catch (const Error& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
    Channel channel{UniqueFd(socket)};
    MappedInputs inputs;
    KeptOutputs outputs;
    Packer answer;
    while (auto message = channel.receive()) {
        let_cancels_through();
        answer.clear();
        WorkerOutcome outcome;
        try {
            Unpacker unpacker(message->bytes);
            const MessageKind kind = unpack_kind(unpacker);
            if (kind == MessageKind::run) {
                outcome = run_one(channel, services, inputs, outputs, *message, unpacker);
            } else if (kind == MessageKind::measure) {
                pack_measured(answer, measure_all(services, unpacker));
            } else {
                throw Error(ErrorCode::internal, "the SeD sent something else than a call");
            }
        } catch (const Error& e) {
            answer.clear();
            outcome.failure = e;
        }
        std::fflush(nullptr);
        if (answer.packed().empty()) pack_outcome(answer, outcome);
        if (!channel.send(answer.packed())) break;
    }
    // Not exit(): destructors of modules have nothing to save.
    end_quietly();
}

}  // namespace juxta::sed
