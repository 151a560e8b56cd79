// Services that leave a trace and take their time, and one that ends its server.
#include <juxta/service.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

using namespace juxta::service;

namespace {

void append_and_sleep(std::string_view path, std::string_view line, double seconds) {
    std::ofstream(std::string(path), std::ios::app) << std::string(line) + '\n' << std::flush;
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

}  // namespace

extern "C" JUXTA_EXPORT void juxta_module(Registry& registry) {
    registry.add("slow", {"path", "line", "seconds"}, append_and_sleep);
    registry.add("slow_once", {"path", "line", "seconds"}, append_and_sleep, Retry::never);
    // The worker's parent is the server daemon.
    registry.add("poison", {"path", "line"}, [](std::string_view path, std::string_view line) {
        append_and_sleep(path, line, 0);
        ::kill(::getppid(), SIGKILL);
        ::pause();
    });
    registry.add("produce", {"seconds", "v"}, [](double seconds, Out<Vector<double>> v) {
        std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
        auto made = v.allocate(1000);
        for (std::size_t i = 0; i < made.size(); ++i) made[i] = static_cast<double>(i);
    });
    registry.add("consume", {"v", "sum"}, [](Vector<const double> v, Out<double>& sum) {
        double total = 0;
        for (double each : v) total += each;
        sum = total;
    });
    registry.add("refuse", {"v", "w"}, [](Vector<const double>, Out<Vector<double>>) {
        throw Failure("refused on purpose");
    });
}
