#include "common/base/incarnation.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>

#include "common/base/unique_fd.h"

namespace juxta {

std::uint64_t next_incarnation(const std::filesystem::path& file) {
    if (file.empty()) {
        return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                              std::chrono::system_clock::now().time_since_epoch())
                                              .count());
    }
    std::uint64_t last = 0;
    std::ifstream(file) >> last;
    const std::uint64_t next = last + 1;

    std::filesystem::create_directories(file.parent_path());
    const std::filesystem::path fresh = file.string() + ".new";
    const std::string text = std::to_string(next) + '\n';
    UniqueFd out(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    const bool written =
        out && ::write(out.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(out.get()) == 0;
    if (!written) {
        throw std::filesystem::filesystem_error("cannot write the incarnation of this start", fresh,
                                                std::error_code(errno, std::generic_category()));
    }
    std::filesystem::rename(fresh, file);
    UniqueFd folder(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder) ::fsync(folder.get());
    return next;
}

}  // namespace juxta
