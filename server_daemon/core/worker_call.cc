#include "server_daemon/core/worker_call.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/model/extent.h"
#include "common/process/memory_file.h"

namespace juxta::sed {
namespace {

bool is_blob(ElementType type) { return type == ElementType::string || type == ElementType::file; }

std::vector<std::byte> read_file(const UniqueFd& file) {
    struct stat about {};
    ::fstat(file.get(), &about);
    std::vector<std::byte> content(static_cast<std::size_t>(about.st_size));
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t got = ::pread(file.get(), content.data() + done, content.size() - done,
                                    static_cast<off_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
    }
    content.resize(done);
    return content;
}

void write_file(const UniqueFd& file, std::span<const std::byte> content) {
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t wrote = ::pwrite(file.get(), content.data() + done, content.size() - done,
                                       static_cast<off_t>(done));
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) throw Error(ErrorCode::out_of_space, "no room for a file argument");
        done += static_cast<std::size_t>(wrote);
    }
}

}  // namespace

const juxta_call_table WorkerCall::kTable{data,      extent, path,       allocate,
                                          set_bytes, fail,   make_output};

WorkerCall::WorkerCall(const Service& service, MappedInputs& inputs, KeptOutputs& outputs,
                       Placing placing)
    : juxta_call{&kTable},
      service_(service),
      inputs_(inputs),
      outputs_(outputs),
      placing_(std::move(placing)) {}

WorkerCall::~WorkerCall() { leave(); }

WorkerOutcome WorkerCall::run(WorkerOrder order) {
    WorkerOutcome outcome;
    try {
        if (order.arguments.size() != service_.profile.arguments.size()) {
            throw Error(ErrorCode::internal, "SeD and worker know different profiles");
        }
        slots_.resize(order.arguments.size());
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            slots_[i].spec = &service_.profile.arguments[i];
            prepare(slots_[i], std::move(order.arguments[i]));
        }
        const int code = service_.solve(this, service_.context);
        if (code != 0 && !failure_) {
            refuse(ErrorCode::service_failed,
                   "the service failed with code " + std::to_string(code));
        }
        for (Slot& slot : slots_) outcome.values.push_back(value_of(slot));
    } catch (const Error& e) {
        refuse(e.code(), e.what());
    } catch (const std::exception& e) {
        refuse(ErrorCode::internal, e.what());
    }
    leave();
    if (failure_)
        outcome.failure.emplace(failure_->code(), service_.profile.name + ": " + failure_->what());
    return outcome;
}

void WorkerCall::prepare(Slot& slot, WorkerArgument given) {
    slot.type = given.type;
    slot.datum = given.is_datum;
    if (slot.spec->element == ElementType::file) {
        slot.file = growing_memory_file("juxta-file");
        slot.path =
            "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(slot.file.get());
        if (given.value) {
            write_file(slot.file, given.value->bytes);
            slot.type = given.value->type;
        }
    } else if (given.is_datum) {
        prepare_datum(slot, given);
    } else if (given.value) {
        prepare_value(slot, std::move(*given.value));
    } else if (!is_array(*slot.spec)) {  // an OUT scalar, or a string
        slot.type.shape.clear();
        slot.own.resize(is_blob(slot.spec->element) ? 1 : size_of(slot.spec->element) + 1);
        slot.data = slot.own.data();
    }
}

void WorkerCall::prepare_datum(Slot& slot, const WorkerArgument& given) {
    const std::uint64_t size = bytes_of(given.type).value_or(0);
    if (given.place) {
        place(slot, *given.place);
        if (size > 0) copy_pieces(given.pieces, {slot.data, size});
        return;
    }
    const auto mapped = inputs_.map(given.pieces, size);
    slot.own.resize(1);
    // Mapped read-only: the accessors' type is the only thing that could be written through.
    slot.data = mapped.empty() ? slot.own.data() : const_cast<std::byte*>(mapped.data());
}

void WorkerCall::prepare_value(Slot& slot, Value value) {
    slot.type = std::move(value.type);
    slot.own = std::move(value.bytes);
    slot.own.push_back(std::byte{0});
    slot.data = slot.own.data();
}

void WorkerCall::place(Slot& slot, const OutputPlace& place) {
    slot.datum = slot.settled = true;
    if (place.fd && place.length > 0) {
        slot.placed = outputs_.map(place);
        slot.data = slot.placed.data();
    } else {
        slot.own.resize(place.length + 1);
        slot.data = slot.own.data();
    }
}

std::optional<Value> WorkerCall::value_of(Slot& slot) {
    const ArgumentSpec& spec = *slot.spec;
    if (failure_ || spec.mode == Mode::in) return std::nullopt;
    if (spec.element == ElementType::file) {
        Value value{{spec.element, {}}, read_file(slot.file)};
        value.type.shape = {value.bytes.size()};
        return value;
    }
    if (spec.element == ElementType::string) {
        const auto* before = reinterpret_cast<const char*>(slot.own.data());
        const std::string text = slot.text.value_or(std::string(before, slot.own.size() - 1));
        const auto bytes = std::as_bytes(std::span(text));
        return Value{{spec.element, {text.size()}}, {bytes.begin(), bytes.end()}};
    }
    if (is_array(spec) && spec.mode == Mode::out && !slot.settled) {
        refuse(ErrorCode::service_failed,
               "the service ended without making its result " + spec.name);
        return std::nullopt;
    }
    if (!slot.placed.empty()) return std::nullopt;
    slot.own.pop_back();
    return Value{slot.type, std::move(slot.own)};
}

void WorkerCall::leave() {
    slots_.clear();
    inputs_.end_call();
    outputs_.end_call();
}

WorkerCall::Slot* WorkerCall::slot_at(std::size_t argument) {
    if (argument < slots_.size()) return &slots_[argument];
    refuse(ErrorCode::service_failed, "the service asked for argument " + std::to_string(argument) +
                                          " of " + std::to_string(slots_.size()));
    return nullptr;
}

void WorkerCall::refuse(ErrorCode code, const std::string& why) {
    if (!failure_) failure_.emplace(code, why);
}

void* WorkerCall::data(juxta_call* call, std::size_t argument) {
    auto* self = static_cast<WorkerCall*>(call);
    Slot* slot = self->slot_at(argument);
    if (slot == nullptr) return nullptr;
    if (slot->spec->element == ElementType::file) {
        self->refuse(ErrorCode::service_failed,
                     "argument " + slot->spec->name + " is a file: it has a path, no data");
        return nullptr;
    }
    return is_array(*slot->spec) && bytes_of(slot->type) == std::uint64_t{0} ? nullptr : slot->data;
}

std::uint64_t WorkerCall::extent(juxta_call* call, std::size_t argument, std::size_t dimension) {
    Slot* slot = static_cast<WorkerCall*>(call)->slot_at(argument);
    if (slot == nullptr || dimension >= slot->type.shape.size()) return 0;
    return slot->type.shape[dimension];
}

const char* WorkerCall::path(juxta_call* call, std::size_t argument) {
    auto* self = static_cast<WorkerCall*>(call);
    Slot* slot = self->slot_at(argument);
    if (slot == nullptr) return nullptr;
    if (slot->spec->element == ElementType::file) return slot->path.c_str();
    self->refuse(ErrorCode::service_failed, "argument " + slot->spec->name + " is no file");
    return nullptr;
}

void* WorkerCall::allocate(juxta_call* call, std::size_t argument, std::size_t rank,
                           const std::uint64_t* extents) {
    auto* self = static_cast<WorkerCall*>(call);
    try {
        Slot* slot = self->slot_at(argument);
        if (slot == nullptr) return nullptr;
        const ArgumentSpec& spec = *slot->spec;
        if (spec.mode != Mode::out || static_cast<std::size_t>(spec.rank) != rank || rank == 0) {
            self->refuse(ErrorCode::service_failed, "argument " + spec.name + " is no result of " +
                                                        std::to_string(rank) + " dimensions");
            return nullptr;
        }
        if (slot->settled) {
            self->refuse(ErrorCode::service_failed,
                         "the service made room for its result " + spec.name + " twice");
            return nullptr;
        }
        slot->type = {spec.element, {extents, extents + rank}};
        self->place(*slot, self->placing_(argument, slot->type));
        return slot->data;
    } catch (const Error& e) {
        self->refuse(e.code(), e.what());
    } catch (const std::exception& e) {
        self->refuse(ErrorCode::out_of_space, e.what());
    }
    return nullptr;
}

int WorkerCall::set_bytes(juxta_call* call, std::size_t argument, const void* bytes,
                          std::size_t size) {
    auto* self = static_cast<WorkerCall*>(call);
    Slot* slot = self->slot_at(argument);
    if (slot == nullptr) return 1;
    const ArgumentSpec& spec = *slot->spec;
    if (spec.mode != Mode::in && spec.element == ElementType::string) {
        slot->text.emplace(static_cast<const char*>(bytes), size);
        return 0;
    }
    const bool scalar = !is_array(spec) && !is_blob(spec.element);
    if (spec.mode == Mode::in || !scalar || size != size_of(spec.element)) {
        self->refuse(ErrorCode::service_failed,
                     "the service set argument " + spec.name + " to something that it is not");
        return 1;
    }
    std::memcpy(slot->data, bytes, size);
    return 0;
}

void WorkerCall::fail(juxta_call* call, const char* message) {
    static_cast<WorkerCall*>(call)->refuse(ErrorCode::service_failed,
                                           message != nullptr ? message : "it failed");
}

int WorkerCall::make_output(juxta_call* call, std::size_t argument, void** data) {
    auto* self = static_cast<WorkerCall*>(call);
    *data = nullptr;
    const Slot* slot = self->slot_at(argument);
    if (slot == nullptr) return 1;
    if (slot->spec->extents.empty()) {
        self->refuse(ErrorCode::service_failed,
                     "the profile does not tell the extents of " + slot->spec->name);
        return 1;
    }
    try {
        const Profile& profile = self->service_.profile;
        const auto value = [&](std::size_t i) { return self->slots_[i].data; };
        const Shape shape = shape_by_extents(profile, *slot->spec, integers_of(profile, value));
        void* made = allocate(call, argument, shape.size(), shape.data());
        if (made == nullptr) return 1;
        if (bytes_of({slot->spec->element, shape}) != std::uint64_t{0}) *data = made;
        return 0;
    } catch (const Error& e) {
        self->refuse(e.code(), e.what());
    }
    return 1;
}

}  // namespace juxta::sed
