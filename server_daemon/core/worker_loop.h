// The life of a worker process: loads the modules, then runs one call after the other for the SeD
// at the other end of a socket, and ends with it.
#pragma once

#include <string>
#include <vector>

namespace juxta::sed {

// `juxta-sed --worker FD MODULE_FILE...`. Returns the exit status.
int work_as_worker(int socket, const std::vector<std::string>& modules);

}  // namespace juxta::sed
