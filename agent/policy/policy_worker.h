// The process in which a user's policy runs: `juxta-agent --worker SOCKET`.
#pragma once

namespace juxta::agent {

// Loads what the agent sends, then ranks until the agent is gone. Returns the exit code.
int work_as_policy(int socket);

}  // namespace juxta::agent
