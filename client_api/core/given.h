// What a caller gave for one argument, before it is held against the profile. Values only; the
// public face of it is juxta/argument.h.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "common/model/call.h"
#include "common/model/datum.h"
#include "common/model/ids.h"
#include "common/model/types.h"

namespace juxta {

// An array in the caller's memory.
struct ArrayView {
    DataType type;
    std::span<const std::byte> bytes;  // bytes_of(type) of them
    // INOUT only: where the result is read into; no datum is kept then. As large as `bytes`.
    std::optional<std::span<std::byte>> results{};
};

// What the caller wants of an OUT argument.
struct OutputWish {
    std::string name;              // of the datum; not empty: persistent, else as the client lives
    std::optional<DataSpec> spec;  // for more than a name; `type` is ignored
    // The result is read into it, no datum is kept.
    std::optional<std::span<std::byte>> destination{};
};

using Given = std::variant<Value, ArrayView, DataId, OutputWish, PendingOutput>;

}  // namespace juxta
