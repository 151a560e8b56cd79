// One worker process, in which a daemon runs code of its users: its socket, the tail of what it
// writes, its end.
//
// Started by fork and exec of this very binary in a process group of its own; never fork alone,
// which would hang an ORB. It dies with the thread that started it (PR_SET_PDEATHSIG), so that
// belongs to a thread that lives as long as the worker may.
//
// Threading: one thread at a time, except wake().
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/process/channel.h"

namespace juxta {

struct WorkerProgram {
    std::filesystem::path file = "/proc/self/exe";
    std::string name = "juxta-sed";        // as tools show the process
    std::vector<std::string> arguments;    // after NAME --worker SOCKET
    std::vector<std::string> environment;  // "NAME=value", beside and above the daemon's own
};

class WorkerProcess {
public:
    // Throws Error unavailable.
    explicit WorkerProcess(const WorkerProgram& program);
    // Kills the process group and reaps the process, if that has not been done.
    ~WorkerProcess();
    WorkerProcess(const WorkerProcess&) = delete;
    WorkerProcess& operator=(const WorkerProcess&) = delete;

    pid_t pid() const { return pid_; }
    Channel& channel() { return channel_; }
    int pid_fd() const { return pid_fd_.get(); }     // readable once the process is dead
    int output_fd() const { return output_.get(); }  // readable when it wrote something
    int wake_fd() const { return wake_.get(); }

    // Makes wake_fd readable; any thread.
    void wake();
    void clear_wake();

    // What it writes, standard output included; the last 2 KiB are kept.
    void read_output();
    void forget_output();
    const std::string& output_tail() const { return tail_; }

    // To the whole process group.
    void signal(int number);

    // Kills what is left of the group, waits for the process and tells how it ended: "died of
    // SIGSEGV", "ended with status 3".
    std::string reap();

    // Bytes of its own memory above what it had when first asked.
    std::uint64_t grown_by();

private:
    struct Ends;
    explicit WorkerProcess(Ends ends);
    static Ends start(const WorkerProgram& program);

    pid_t pid_ = -1;
    Channel channel_;
    UniqueFd pid_fd_;
    UniqueFd output_;
    UniqueFd wake_;
    UniqueFd memory_;
    std::uint64_t memory_at_first_ = 0;
    std::string tail_;
};

}  // namespace juxta
