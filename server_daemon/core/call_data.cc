#include "server_daemon/core/call_data.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "common/log/log.h"
#include "common/process/memory_file.h"
#include "server_daemon/core/argument_check.h"

namespace juxta::sed {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kMessageLimit = 1'900'000;  // of GIOP's 2 MiB, all results together
constexpr std::chrono::seconds kLockPatience{30};

std::uint64_t size_in_bytes(const std::string& about, const DataType& type) {
    const auto bytes = bytes_of(type);
    if (!bytes)
        throw Error(ErrorCode::invalid_argument,
                    about + to_string(type) + " is larger than any memory");
    return *bytes;
}

// A version for the workers of a host that has no provider: in memory of ours.
data::LocalPiece private_copy(std::span<const std::byte> content) {
    data::LocalPiece piece;
    piece.length = content.size();
    if (content.size() <= kInlineLimit) {
        piece.bytes.assign(content.begin(), content.end());
    } else {
        piece.fd = std::make_shared<const UniqueFd>(memory_file("juxta-argument", content));
    }
    return piece;
}

}  // namespace

CallData::CallData(data::DataAccess& access, const CallOrder& order, const Profile& profile,
                   std::optional<SteadyTime> deadline, std::function<bool()> given_up)
    : access_(access),
      order_(order),
      profile_(profile),
      deadline_(deadline),
      given_up_(std::move(given_up)),
      slots_(profile.arguments.size()) {}

CallData::~CallData() {
    if (!done_) undo();
}

std::string CallData::about(std::size_t argument) const {
    return profile_.name + ": argument " + profile_.arguments[argument].name + ": ";
}

void CallData::fetch() {
    // Locks are taken in the order of the ids, so that two calls cannot wait for each other.
    std::vector<std::pair<DataId, std::size_t>> to_lock;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        const auto* id = std::get_if<DataId>(&order_.arguments[i]);
        if (id == nullptr) continue;
        if (profile_.arguments[i].mode == Mode::inout) {
            to_lock.emplace_back(*id, i);
        } else {
            read(i, *id);
        }
    }
    std::ranges::sort(to_lock);
    for (const auto& [id, argument] : to_lock) lock(argument, id);
}

void CallData::read(std::size_t argument, const DataId& id) {
    Input input;
    input.hold = access_.acquire_read(id);
    check_datum(profile_, order_, argument, id, input.hold->datum().spec.type);
    const auto began = Clock::now();
    if (access_.has_local_provider()) {
        input.pieces = input.hold->pieces();
    } else if (const auto content = input.hold->map(); !content.empty()) {
        input.pieces.push_back(private_copy(content));
    }
    note_transfer(*input.hold, std::chrono::duration<double>(Clock::now() - began).count());
    slots_[argument].input = std::move(input);
}

void CallData::note_transfer(const data::ReadHold& hold, double seconds) {
    const auto moved = hold.moved();
    if (moved.empty()) return;
    Transfer transfer;
    transfer.seconds = seconds;
    for (const Movement& movement : moved) {
        // Over several links, the time tells of none.
        if (movement.from != moved.front().from) return;
        transfer.bytes += movement.bytes;
    }
    for (const data::BlockStatus& block : hold.datum().blocks) {
        const auto source =
            std::ranges::find(block.copies, moved.front().from, &data::CopyStatus::provider);
        if (source == block.copies.end()) continue;
        transfer.from_afar = source->place.cluster != access_.place().cluster;
        transfers_.push_back(transfer);
        return;
    }
}

void CallData::lock(std::size_t argument, const DataId& id) {
    const auto patience =
        std::min(deadline_.value_or(SteadyTime::max()), Clock::now() + kLockPatience);
    Product product;
    product.id = id;
    product.hold = access_.acquire(id, patience, {{}, given_up_});
    if (given_up_()) throw Error(ErrorCode::cancelled, profile_.name + ": the call was cancelled");
    product.type = product.hold->datum().spec.type;
    check_datum(profile_, order_, argument, id, product.type);
    // Nobody commits in between: what is read now is the base.
    if (product.hold->base() > 0) read(argument, id);
    product.place = make_place(product, size_in_bytes(about(argument), product.type), {});
    slots_[argument].product = std::move(product);
}

OutputPlace CallData::make_place(Product& product, std::uint64_t size,
                                 const std::vector<ino_t>& reusable) {
    OutputPlace place{nullptr, 0, size};
    if (size == 0) return place;
    if (access_.has_local_provider()) {
        data::LocalPiece piece = product.hold->create_whole({true, reusable});
        place.fd = std::move(piece.fd);
        place.offset = piece.fd_offset;
        place.keep = !piece.segment.empty();  // else it is nobody's to lend again
    } else if (size > kInlineLimit) {
        place.fd = std::make_shared<const UniqueFd>(memory_file("juxta-result", size));
        product.pushed = true;
    }
    return place;
}

WorkerOrder CallData::worker_order() const {
    WorkerOrder order;
    order.service = profile_.full_name();
    order.deadline = deadline_;
    order.arguments.resize(slots_.size());
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        WorkerArgument& argument = order.arguments[i];
        argument.type.element = profile_.arguments[i].element;
        if (const auto* value = std::get_if<Value>(&order_.arguments[i])) {
            argument.type = value->type;
            argument.value = *value;
        }
        const Slot& slot = slots_[i];
        if (slot.input) {
            argument.is_datum = true;
            argument.type = slot.input->hold->datum().spec.type;
            argument.pieces = slot.input->pieces;
        }
        if (slot.product) {
            argument.is_datum = true;
            argument.type = slot.product->type;
            argument.place = slot.product->place;
        }
    }
    return order;
}

// The same at every repeat of this attempt. Another attempt makes data of its own: those of one
// that failed have been freed.
RequestId CallData::request_for(std::size_t argument) const {
    RequestId id = order_.id;
    id.high ^= (argument + 1) * 0x9e3779b97f4a7c15u;
    id.low ^= (std::uint64_t{order_.attempt} + 1) * 0xc2b2ae3d27d4eb4fu;
    return id;
}

OutputPlace CallData::allocate(std::size_t argument, const DataType& type,
                               const std::vector<ino_t>& reusable) {
    if (argument >= slots_.size() || profile_.arguments[argument].mode != Mode::out ||
        !fits(profile_.arguments[argument], type) || slots_[argument].product) {
        throw Error(ErrorCode::internal,
                    profile_.name + ": the worker asked for a result that is none");
    }
    sed::check_result(profile_, order_, argument, type);
    const std::uint64_t size = size_in_bytes(about(argument), type);
    DataSpec spec;
    if (const auto* wanted = std::get_if<WantedOutput>(&order_.arguments[argument])) {
        spec = wanted->spec;
    } else {
        spec.persistence = Persistence::volatile_;
        spec.lifetime = Lifetime::client;
    }
    spec.type = type;
    spec.preferred_host = access_.place().host;
    if (spec.client.value == 0) spec.client = order_.client;
    Product& product = slots_[argument].product.emplace();
    product.type = type;
    product.is_new = true;
    // A name is moved from whoever has it; a call that fails later must not have done that.
    product.name = std::exchange(spec.name, {});
    if (spec.lifetime == Lifetime::until_freed && !is_fleeting(spec.persistence)) {
        // Nobody knows of it yet: until it is committed it goes with this server, if that dies.
        product.kept = spec.persistence;
        if (spec.persistence == Persistence::unique_sticky) spec.copies = 1;
        spec.persistence = Persistence::volatile_;
        spec.lifetime = Lifetime::client;
        spec.client = access_.client();
    }
    const auto patience =
        std::min(deadline_.value_or(SteadyTime::max()), Clock::now() + kLockPatience);
    try {
        product.id = access_.allocate(spec, request_for(argument)).id;
        product.hold = access_.acquire(product.id, patience);
        product.place = make_place(product, size, reusable);
    } catch (const Error& e) {
        throw Error(e.code(), "result " + profile_.arguments[argument].name + ": " + e.what());
    }
    return product.place;
}

void CallData::store(Product& product, std::optional<Value>& value) {
    const auto fd = std::move(product.place.fd);
    const std::uint64_t size = product.place.length;
    if (fd && product.pushed) {
        const auto content = map_file(fd->get(), 0, size, PROT_READ);
        product.hold->write(0, content);
        unmap_file(content);
    } else if (!fd && size > 0) {
        if (!value || value->bytes.size() != size) {
            throw Error(ErrorCode::internal,
                        profile_.name + ": a result came back with the wrong size");
        }
        product.hold->write(0, value->bytes);
        value.reset();
    } else {
        value.reset();
    }
}

void CallData::check_result(std::size_t argument, const std::optional<Value>& value) const {
    const ArgumentSpec& spec = profile_.arguments[argument];
    if (spec.mode == Mode::in || slots_[argument].product) return;
    if (!value || !fits(spec, value->type) || bytes_of(value->type) != value->bytes.size()) {
        throw Error(ErrorCode::service_failed,
                    about(argument) + "what the worker gave back for it is no such value");
    }
}

std::vector<Output> CallData::commit(std::vector<std::optional<Value>> values) {
    values.resize(slots_.size());
    for (std::size_t i = 0; i < slots_.size(); ++i) check_result(i, values[i]);
    std::uint64_t by_value = 0;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (values[i] && !slots_[i].product) by_value += values[i]->bytes.size();
    }
    if (by_value > kMessageLimit) {
        throw Error(ErrorCode::service_failed,
                    profile_.name + ": the results that come back by value have " +
                        std::to_string(by_value) + " bytes; at most " +
                        std::to_string(kMessageLimit) + " fit into the answer");
    }
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (slots_[i].product) store(*slots_[i].product, values[i]);
    }
    for (const bool fresh : {true, false}) {
        for (Slot& slot : slots_) {
            if (!slot.product || slot.product->is_new != fresh) continue;
            slot.product->version = slot.product->hold->release();
        }
    }

    std::vector<Output> outputs;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (profile_.arguments[i].mode == Mode::in) continue;
        Output output;
        output.name = profile_.arguments[i].name;
        if (const auto& product = slots_[i].product) {
            data::SpecChange finish;
            if (!product->name.empty()) finish.name = product->name;
            finish.persistence = product->kept;
            if (finish.name || finish.persistence) access_.change(product->id, finish);
            output.id = product->id;
            output.type = product->type;
            output.version = product->version;
        } else if (values[i]) {
            output.type = values[i]->type;
            output.value = std::move(values[i]);
        }
        outputs.push_back(std::move(output));
    }
    done_ = true;
    return outputs;
}

void CallData::undo() noexcept {
    for (Slot& slot : slots_) {
        if (!slot.product) continue;
        slot.product->place.fd = nullptr;
        slot.product->hold.reset();
        if (!slot.product->is_new || slot.product->id.is_nil()) continue;
        try {
            access_.free(slot.product->id);
        } catch (const std::exception& e) {
            log::warning("{}: the result {} of a failed call could not be freed: {}", profile_.name,
                         to_string(slot.product->id), e.what());
        }
    }
}

std::vector<Movement> CallData::moved() const {
    std::vector<Movement> all;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        const auto add = [&](std::vector<Movement> movements) {
            for (Movement& movement : movements) {
                movement.argument = profile_.arguments[i].name;
                all.push_back(std::move(movement));
            }
        };
        if (slots_[i].input) add(slots_[i].input->hold->moved());
        if (slots_[i].product && slots_[i].product->hold) add(slots_[i].product->hold->moved());
    }
    return all;
}

}  // namespace juxta::sed
