// Loads service modules (.so) into a table.
//
// Threading: main, before other threads start. Modules are never unloaded.
#pragma once

#include <filesystem>
#include <string>

#include "server_daemon/core/service_table.h"

namespace juxta::sed {

// A NAME without '/' is `modules`/NAME.so, anything else a path.
std::filesystem::path module_path(const std::string& name_or_path,
                                  const std::filesystem::path& modules);

// ../lib/juxta/modules beside the running binary.
std::filesystem::path default_modules_folder();

// Loads `file` and runs its entry, `juxta_module` or `juxta_module_c`. The module is named after
// the file. Throws Error invalid_argument, in one line: no such file, no module, no entry, an entry
// that throws or fails, a service that is refused, none at all.
void load_module(const std::filesystem::path& file, ServiceTable& into);

}  // namespace juxta::sed
