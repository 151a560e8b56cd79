#include "server_daemon/core/module_loader.h"

#include <dlfcn.h>

#include "common/base/error.h"
#include "server_daemon/juxta/service.h"

namespace juxta::sed {
namespace {

using CxxEntry = void (*)(service::Registry&);
using CEntry = int (*)(juxta_registry*);

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
    throw Error(ErrorCode::invalid_argument, "module " + file.string() + ": " + why);
}

// Returns why the entry failed; empty if it did not.
std::string run_entry(void* module, ModuleRegistry& registry) {
    try {
        if (void* entry = ::dlsym(module, "juxta_module")) {
            service::Registry face(&registry);
            reinterpret_cast<CxxEntry>(entry)(face);
            return {};
        }
        if (void* entry = ::dlsym(module, "juxta_module_c")) {
            const int code = reinterpret_cast<CEntry>(entry)(&registry);
            return code == 0 ? std::string{}
                             : "its entry juxta_module_c failed with code " + std::to_string(code);
        }
    } catch (const std::exception& e) {
        return std::string("its entry failed: ") + e.what();
    } catch (...) {
        return "its entry threw something that is no std::exception";
    }
    return "it has neither the entry juxta_module nor juxta_module_c, so it is no service module";
}

}  // namespace

std::filesystem::path module_path(const std::string& name_or_path,
                                  const std::filesystem::path& modules) {
    if (name_or_path.find('/') != std::string::npos) return name_or_path;
    return modules / (name_or_path + ".so");
}

std::filesystem::path default_modules_folder() {
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
    return program.parent_path().parent_path() / "lib" / "juxta" / "modules";
}

void load_module(const std::filesystem::path& file, ServiceTable& into) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(file, ignored)) refuse(file, "there is no such file");
    void* module = ::dlopen(std::filesystem::absolute(file).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) {
        const char* why = ::dlerror();
        refuse(file,
               std::string("it cannot be loaded: ") + (why != nullptr ? why : "unknown reason"));
    }
    const std::size_t before = into.size();
    ModuleRegistry registry(into, file.stem().string());
    const std::string failed = run_entry(module, registry);
    // The reason for a refused service says more than what its entry made of it.
    if (!registry.refusal().empty()) refuse(file, registry.refusal());
    if (!failed.empty()) refuse(file, failed);
    if (into.size() == before) refuse(file, "it registers no service");
}

}  // namespace juxta::sed
