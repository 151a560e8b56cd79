// The folder of a replicated log: made and locked before libraft opens it.
//
// Threading: none of its own.
#pragma once

#include <filesystem>

#include "common/base/unique_fd.h"

namespace juxta::data {

// Makes the folder if it is missing; it is this process's until the result is closed. Throws Error
// unavailable if another process uses it or the disk refuses.
UniqueFd lock_log_folder(const std::filesystem::path& folder);

}  // namespace juxta::data
