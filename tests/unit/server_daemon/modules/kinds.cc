// One service for each kind of argument, for the tests.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "server_daemon/juxta/service.h"

using namespace juxta::service;
using Complex = std::complex<double>;

extern "C" JUXTA_EXPORT void juxta_module(Registry& registry) {
    registry.add(
        "scalars", {"i", "l", "f", "d", "z", "c", "sum"},
        [](std::int32_t i, std::int64_t l, float f, double d, Complex z, char c, Out<double>& sum) {
            sum = i + static_cast<double>(l) + f + d + z.real() + z.imag() + c;
        });
    registry.add("greet", {"name", "greeting"},
                 [](std::string_view name, Out<std::string>& greeting) {
                     greeting = "hello " + std::string(name);
                 });
    registry.add("shout", {"text"}, [](InOut<std::string>& text) { text = text.get() + "!"; });
    registry.metric("odd", [](const MetricQuestion& question) -> double {
        if (question.service() == "kinds/stubborn") ::pause();
        if (question.service() == "kinds/leave") ::_exit(3);
        if (question.service() == "kinds/complain") throw Failure("no idea");
        return static_cast<double>(question.bytes("v"));
    });
    registry.add("count", {"n"}, [](InOut<std::int64_t>& n) { n = n + 1; });
    registry.add("copy_file", {"from", "to"}, [](File from, Out<File>& to) {
        std::ifstream in(from.path(), std::ios::binary);
        std::ofstream(to.path(), std::ios::binary) << in.rdbuf() << "copied";
    });
    registry.add("repeat", {"text", "times", "result"},
                 [](std::string_view text, std::int32_t times, Out<std::string>& result) {
                     std::string all;
                     for (int i = 0; i < times; ++i) all += text;
                     result = all;
                 });
    registry.add("increment", {"v"}, [](InOut<Vector<double>> v) {
        for (double& x : v) x += 1;
    });
    registry.add("increment_and_die", {"v"}, [](InOut<Vector<double>> v) {
        for (double& x : v) x += 1;
        std::abort();
    });
    registry.add("iota", {"n", "v"}, [](std::int64_t n, Out<Vector<double>> v) {
        Vector<double> result = v.allocate(static_cast<std::size_t>(n));
        for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<double>(i);
    });
    registry.add("iota_then_fail", {"n", "v"}, [](std::int64_t n, Out<Vector<double>> v) {
        v.allocate(static_cast<std::size_t>(n));
        throw Failure("changed my mind");
    });
    registry.add("forget", {"v"}, [](Out<Vector<double>>) {});
    registry.add("sum", {"v", "sum"}, [](Vector<const double> v, Out<double>& sum) {
        double total = 0;
        for (double x : v) total += x;
        sum = total;
    });
    registry.add("complain", {}, [] {
        std::cerr << "the sky is falling\n";
        std::abort();
    });
    registry.add("mutter", {"kibibytes"}, [](std::int32_t kibibytes) {
        for (int i = 0; i < kibibytes; ++i) std::cerr << std::string(1023, '.') << '\n';
        std::cerr << "last words\n";
        std::abort();
    });
    registry.add("stubborn", {}, [] {
        std::signal(SIGTERM, SIG_IGN);
        for (;;) ::pause();
    });
    registry.add("leave", {"status"}, [](std::int32_t status) { ::_exit(status); });
    registry.add("environment", {"name", "value"},
                 [](std::string_view name, Out<std::string>& value) {
                     const char* found = std::getenv(std::string(name).c_str());
                     value = found != nullptr ? found : "";
                 });
    registry.add("who", {"pid"}, [](Out<std::int64_t>& pid) { pid = ::getpid(); });
    registry.add("with_child", {"path"}, [](std::string_view path) {
        // A child of the service belongs to the worker's process group.
        if (::fork() == 0) {
            std::ofstream(std::string(path)) << ::getpid() << std::flush;
            for (;;) ::pause();
        }
        for (;;) ::pause();
    });
}
