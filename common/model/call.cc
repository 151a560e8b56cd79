#include "common/model/call.h"

#include <array>

namespace juxta {

std::string_view name_of(CallState state) {
    static constexpr std::array<std::string_view, 5> names{"queued", "running", "done", "failed",
                                                           "cancelled"};
    return names.at(static_cast<std::size_t>(state));
}

}  // namespace juxta
