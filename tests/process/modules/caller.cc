// Services that are clients of their platform themselves, as somebody outside of this tree writes
// them: built against an installed prefix by examples_test.py.
#include <juxta/client.h>
#include <juxta/service.h>

#include <chrono>
#include <string>
#include <thread>

using namespace juxta::service;

namespace {

// The norm of a datum by another service, and how its first element reads from here.
void read_and_call(std::string_view name, Out<double>& norm, Out<double>& first) {
    const auto client = juxta::Client::connect();
    const auto datum = client.open<double>(std::string(name));
    first = datum.read().values()[0];
    norm = juxta::scalar_of<double>(client.call("norm", {datum}), "value");
}

// Waits in another service.
void sleep_elsewhere(double seconds) { juxta::Client::connect().call("sleep", {seconds}); }

// Makes a datum that lives as long as its client, and stays.
void hold_result(std::string_view name, double seconds) {
    const auto client = juxta::Client::connect();
    client.call("transpose", {client.open<double>(std::string(name))});
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

}  // namespace

extern "C" JUXTA_EXPORT void juxta_module(Registry& registry) {
    registry.add("read_and_call", {"name", "norm", "first"}, read_and_call);
    registry.add("sleep_elsewhere", {"seconds"}, sleep_elsewhere);
    registry.add("hold_result", {"name", "seconds"}, hold_result);
}
