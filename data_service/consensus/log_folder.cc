#include "data_service/consensus/log_folder.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cstring>
#include <system_error>

#include "common/base/error.h"

namespace juxta::data {

UniqueFd lock_log_folder(const std::filesystem::path& folder) {
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    const auto file = folder / "lock";
    UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) {
        throw Error(ErrorCode::unavailable,
                    "the log cannot be kept in " + folder.string() + ": " +
                        (problem ? problem.message() : std::string(std::strerror(errno))));
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        throw Error(ErrorCode::unavailable,
                    "the log in " + folder.string() +
                        " is in use by another process; two managers cannot share one store");
    }
    return fd;
}

}  // namespace juxta::data
