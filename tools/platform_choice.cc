#include "tools/platform_choice.h"

#include <filesystem>

#include "common/base/error.h"
#include "deploy/state.h"

namespace juxta::tools {

std::string client_configuration(const std::string& platform) {
    if (platform.empty()) return {};
    std::error_code ignored;
    if (platform.find('/') != std::string::npos ||
        std::filesystem::is_regular_file(platform, ignored))
        return platform;
    const deploy::PlatformState state(deploy::state_root(), platform);
    if (!std::filesystem::exists(state.client_config(), ignored)) {
        throw Error(ErrorCode::not_found, "platform '" + platform +
                                              "' is not deployed (there is no " +
                                              state.client_config().string() +
                                              "); start it with: juxta up --name " + platform);
    }
    return state.client_config().string();
}

}  // namespace juxta::tools
