#include "server_daemon/core/worker_messages.h"

#include <algorithm>
#include <bit>
#include <map>

namespace juxta::sed {
namespace {

constexpr std::uint64_t kNoDescriptor = ~std::uint64_t{0};

[[noreturn]] void malformed() {
    throw Error(ErrorCode::internal, "a malformed message between SeD and worker");
}

void pack_kind(Packer& into, MessageKind kind) { into.number(static_cast<std::uint64_t>(kind)); }

void pack_value(Packer& into, const std::optional<Value>& value) {
    into.number(value ? 1 : 0);
    if (!value) return;
    into.type(value->type);
    into.bytes(value->bytes);
}

std::optional<Value> unpack_value(Unpacker& from) {
    if (from.number() == 0) return std::nullopt;
    Value value;
    value.type = from.type();
    const auto bytes = from.bytes();
    value.bytes.assign(bytes.begin(), bytes.end());
    return value;
}

std::uint64_t number_of(const std::shared_ptr<const UniqueFd>& fd, std::vector<int>& descriptors) {
    if (!fd) return kNoDescriptor;
    const auto known = std::ranges::find(descriptors, fd->get());
    if (known != descriptors.end()) return static_cast<std::uint64_t>(known - descriptors.begin());
    descriptors.push_back(fd->get());
    return descriptors.size() - 1;
}

using Received = std::vector<std::shared_ptr<const UniqueFd>>;

std::shared_ptr<const UniqueFd> descriptor(std::uint64_t number, const Received& received) {
    if (number == kNoDescriptor) return nullptr;
    if (number >= received.size()) malformed();
    return received[number];
}

void pack_argument(Packer& into, const WorkerArgument& argument, std::vector<int>& descriptors) {
    into.type(argument.type);
    pack_value(into, argument.value);
    into.number(argument.is_datum ? 1 : 0);
    into.number(argument.pieces.size());
    for (const data::LocalPiece& piece : argument.pieces) {
        into.number(piece.offset);
        into.number(piece.length);
        into.number(number_of(piece.fd, descriptors));
        into.number(piece.fd_offset);
        into.bytes(piece.bytes);
        into.text(piece.segment);
    }
    into.number(argument.place ? 1 : 0);
    if (!argument.place) return;
    into.number(number_of(argument.place->fd, descriptors));
    into.number(argument.place->offset);
    into.number(argument.place->length);
    into.number(argument.place->keep ? 1 : 0);
}

WorkerArgument unpack_argument(Unpacker& from, const Received& received) {
    WorkerArgument argument;
    argument.type = from.type();
    argument.value = unpack_value(from);
    argument.is_datum = from.number() != 0;
    for (std::uint64_t pieces = from.number(); pieces > 0; --pieces) {
        data::LocalPiece piece;
        piece.offset = from.number();
        piece.length = from.number();
        piece.fd = descriptor(from.number(), received);
        piece.fd_offset = from.number();
        const auto bytes = from.bytes();
        piece.bytes.assign(bytes.begin(), bytes.end());
        piece.segment = from.text();
        argument.pieces.push_back(std::move(piece));
    }
    if (from.number() == 0) return argument;
    argument.place.emplace();
    argument.place->fd = descriptor(from.number(), received);
    argument.place->offset = from.number();
    argument.place->length = from.number();
    argument.place->keep = from.number() != 0;
    return argument;
}

ErrorCode unpack_code(Unpacker& from) {
    const std::uint64_t code = from.number();
    if (code > static_cast<std::uint64_t>(ErrorCode::internal)) malformed();
    return static_cast<ErrorCode>(code);
}

}  // namespace

void pack_run(Packer& into, const WorkerOrder& order, std::vector<int>& descriptors) {
    pack_kind(into, MessageKind::run);
    into.text(order.service);
    into.number(order.arguments.size());
    for (const WorkerArgument& argument : order.arguments)
        pack_argument(into, argument, descriptors);
}

WorkerOrder unpack_run(Unpacker& from, std::vector<UniqueFd>& descriptors) {
    Received received;
    for (UniqueFd& fd : descriptors)
        received.push_back(std::make_shared<const UniqueFd>(std::move(fd)));
    WorkerOrder order;
    order.service = from.text();
    for (std::uint64_t count = from.number(); count > 0; --count) {
        order.arguments.push_back(unpack_argument(from, received));
    }
    return order;
}

void pack(Packer& into, const PlaceMessage& message) {
    pack_kind(into, MessageKind::place);
    into.number(message.granted ? 1 : 0);
    into.number(message.by_value ? 1 : 0);
    into.number(message.offset);
    into.number(message.length);
    into.number(message.keep ? 1 : 0);
    into.number(static_cast<std::uint64_t>(message.code));
    into.text(message.why);
}

PlaceMessage unpack_place(Unpacker& from) {
    PlaceMessage message;
    message.granted = from.number() != 0;
    message.by_value = from.number() != 0;
    message.offset = from.number();
    message.length = from.number();
    message.keep = from.number() != 0;
    message.code = unpack_code(from);
    message.why = from.text();
    return message;
}

void pack(Packer& into, const AllocateMessage& message) {
    pack_kind(into, MessageKind::allocate);
    into.number(message.argument);
    into.type(message.type);
    into.number(message.reusable.size());
    for (const ino_t file : message.reusable) into.number(file);
}

AllocateMessage unpack_allocate(Unpacker& from) {
    AllocateMessage message;
    message.argument = from.number();
    message.type = from.type();
    for (std::uint64_t count = from.number(); count > 0; --count)
        message.reusable.push_back(from.number());
    return message;
}

void pack_outcome(Packer& into, const WorkerOutcome& outcome) {
    if (outcome.failure) {
        pack_kind(into, MessageKind::failed);
        into.number(static_cast<std::uint64_t>(outcome.failure->code()));
        into.text(outcome.failure->what());
        return;
    }
    pack_kind(into, MessageKind::done);
    into.number(outcome.values.size());
    for (const auto& value : outcome.values) pack_value(into, value);
}

WorkerOutcome unpack_outcome(MessageKind kind, Unpacker& from) {
    WorkerOutcome outcome;
    if (kind == MessageKind::failed) {
        const ErrorCode code = unpack_code(from);
        outcome.failure.emplace(code, from.text());
        return outcome;
    }
    for (std::uint64_t count = from.number(); count > 0; --count) {
        outcome.values.push_back(unpack_value(from));
    }
    return outcome;
}

void pack_measure(Packer& into, const MetricQuestion& question) {
    pack_kind(into, MessageKind::measure);
    into.text(question.service);
    into.number(question.inline_bytes);
    into.number(question.names.size());
    for (std::size_t i = 0; i < question.names.size(); ++i) {
        into.text(question.names[i]);
        into.number(question.bytes[i]);
    }
}

MetricQuestion unpack_measure(Unpacker& from) {
    MetricQuestion question;
    question.service = from.text();
    question.inline_bytes = from.number();
    for (std::uint64_t left = from.number(); left > 0; --left) {
        question.names.push_back(from.text());
        question.bytes.push_back(from.number());
    }
    return question;
}

void pack_measured(Packer& into, const std::vector<double>& values) {
    pack_kind(into, MessageKind::measured);
    into.number(values.size());
    for (double value : values) into.number(std::bit_cast<std::uint64_t>(value));
}

std::vector<double> unpack_measured(Unpacker& from) {
    std::vector<double> values;
    for (std::uint64_t left = from.number(); left > 0; --left) {
        values.push_back(std::bit_cast<double>(from.number()));
    }
    return values;
}

MessageKind unpack_kind(Unpacker& from) {
    const std::uint64_t kind = from.number();
    if (kind > static_cast<std::uint64_t>(MessageKind::measured)) malformed();
    return static_cast<MessageKind>(kind);
}

}  // namespace juxta::sed
