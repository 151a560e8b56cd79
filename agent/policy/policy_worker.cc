#include "agent/policy/policy_worker.h"

#include <dlfcn.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>

#include "agent/policy/policy_messages.h"
#include "common/base/error.h"

namespace juxta::agent {
namespace {

using Entry = void (*)(policy::Registry&);

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::invalid_argument, why); }

// Runs user code; whatever that throws becomes an Error.
template <class Body>
auto guarded(const std::string& what, Body&& body) {
    try {
        return body();
    } catch (const std::exception& e) {
        throw Error(ErrorCode::service_failed, what + " threw: " + e.what());
    } catch (...) {
        throw Error(ErrorCode::service_failed, what + " threw something that is no std::exception");
    }
}

policy::Registry load(const UniqueFd& object) {
    const std::string path = "/proc/self/fd/" + std::to_string(object.get());
    void* loaded = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (loaded == nullptr) {
        const char* why = ::dlerror();
        refuse(std::string("it cannot be loaded: ") + (why != nullptr ? why : "unknown reason"));
    }
    void* entry = ::dlsym(loaded, "juxta_policy");
    if (entry == nullptr) refuse("it has no entry juxta_policy, so it is no policy");
    policy::Registry registry;
    guarded("its entry", [&] { reinterpret_cast<Entry>(entry)(registry); });
    if (!registry.ranking()) refuse("its entry registers neither a score nor a ranking");
    if (registry.version() != policy::Registry::kVersion) {
        refuse("it was compiled against version " + std::to_string(registry.version()) +
               " of juxta/policy.h; this is version " + std::to_string(policy::Registry::kVersion));
    }
    return registry;
}

// One message in, one out.
class Conversation {
public:
    explicit Conversation(int socket) : channel_(UniqueFd(socket)) {}

    // False once the agent is gone.
    bool go_on() {
        auto message = channel_.receive();
        if (!message) return false;
        answer_.clear();
        try {
            answer(*message);
        } catch (const std::exception& e) {
            answer_.clear();
            pack_kind(answer_, PolicyMessage::failed);
            answer_.text(e.what());
        }
        std::fflush(nullptr);
        return channel_.send(answer_.packed());
    }

private:
    void answer(Message& message) {
        Unpacker unpacker(message.bytes);
        switch (unpack_policy_kind(unpacker)) {
            case PolicyMessage::load:
                if (message.descriptors.empty()) refuse("nothing came with it");
                object_ = std::move(message.descriptors.front());
                registry_ = load(object_);
                pack_kind(answer_, PolicyMessage::ready);
                return;
            case PolicyMessage::rank: {
                const Question question = unpack_rank(unpacker);
                pack_order(answer_, guarded("the policy", [&] {
                               return registry_.ranking()(question.request, question.candidates);
                           }));
                return;
            }
            default: throw Error(ErrorCode::internal, "the agent sent what is no question");
        }
    }

    Channel channel_;
    UniqueFd object_;
    policy::Registry registry_;
    Packer answer_;
};

}  // namespace

int work_as_policy(int socket) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    Conversation conversation(socket);
    while (conversation.go_on()) {
    }
    // Not exit(): a policy's destructors have nothing to save.
    ::_exit(0);
}

}  // namespace juxta::agent
