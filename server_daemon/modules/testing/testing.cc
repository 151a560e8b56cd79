// Module `testing`: services that behave and services that do not, to test a platform with.
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include "diet_services.h"
#include "server_daemon/juxta/service.h"

namespace {

using namespace juxta::service;

constexpr std::size_t kPageDoubles = 4096 / sizeof(double);

std::chrono::duration<double> duration(double seconds) {
    // NaN is refused as well.
    if (!(seconds >= 0 && seconds < 1e9))
        throw Failure("there are no " + std::to_string(seconds) + " seconds");
    return std::chrono::duration<double>(seconds);
}

void echo(double in, Out<double>& out) { out = in; }

void sleep_for(double seconds) { std::this_thread::sleep_for(duration(seconds)); }

void spin(double seconds) {
    const auto end = std::chrono::steady_clock::now() + duration(seconds);
    while (std::chrono::steady_clock::now() < end) {
    }
}

void crash() {
    std::signal(SIGSEGV, SIG_DFL);
    std::raise(SIGSEGV);
}

void fail(std::string_view message) { throw Failure(std::string(message)); }

void leak(std::int64_t bytes) {
    if (bytes < 0) throw Failure("cannot leak " + std::to_string(bytes) + " bytes");
    char* lost = new char[static_cast<std::size_t>(bytes)];
    // Touched, or it would not count.
    std::memset(lost, 1, static_cast<std::size_t>(bytes));
    asm volatile("" : : "r"(lost) : "memory");
}

// One element of each page: the sum tells that the data were there.
void touch(Matrix<const double> A, Out<double>& sum) {
    double total = 0;
    for (std::size_t i = 0; i < A.size(); i += kPageDoubles) total += A.data()[i];
    sum = total;
}

// One element of each is looked at, one of the result is set: what a call costs whatever its size.
void corner(Matrix<const double> A, Matrix<const double> B, Out<Matrix<double>> C) {
    const Matrix<double> result = C.allocate(A.rows(), A.columns());
    if (result.size() == 0) return;
    result.data()[0] = A.data()[0] + (B.size() > 0 ? B.data()[0] : 0.0);
}

void append(std::string_view path, std::string_view line) {
    std::ofstream file{std::string(path), std::ios::app};
    file << std::string(line) + '\n' << std::flush;
    if (!file) throw Failure("cannot append to " + std::string(path) + ": " + std::strerror(errno));
}

}  // namespace

extern "C" JUXTA_EXPORT void juxta_module(Registry& registry) {
    registry.add("echo", {"in", "out"}, echo);
    registry.add("sleep", {"seconds"}, sleep_for);
    registry.add("spin", {"seconds"}, spin);
    registry.add("crash", {}, crash);
    registry.add("fail", {"message"}, fail);
    registry.add("leak", {"bytes"}, leak);
    registry.add("touch", {"A", "sum"}, touch);
    registry.add("corner", {"A", "B", "C"}, corner);
    registry.add("append", {"path", "line"}, append);
    registry.add("append_once", {"path", "line"}, append, Retry::never);
    if (testing_register_diet_services(registry.c()) != 0)
        throw Failure("DIET's services were refused");
}
