// Which platform a command speaks to.
#pragma once

#include <string>

namespace juxta::tools {

// The client configuration of what --platform said: a file's path, or the name of a platform of
// this user. Empty stays empty: JUXTA_CONFIG or the platform started last decide then.
// Error not_found if there is no such platform.
std::string client_configuration(const std::string& platform);

}  // namespace juxta::tools
