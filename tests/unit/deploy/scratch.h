// A folder of a test's own, deleted with it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace juxta::deploy {

struct Scratch {
    Scratch() {
        std::string name =
            (std::filesystem::temp_directory_path() / "juxta_deploy_XXXXXX").string();
        folder = ::mkdtemp(name.data());
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    std::filesystem::path folder;
};

}  // namespace juxta::deploy
