// A service, and a metric that makes one host worse than the others.
#include <juxta/service.h>

#include <cstdlib>

using namespace juxta::service;

extern "C" JUXTA_EXPORT void juxta_module(Registry& registry) {
    registry.add("weigh", {"x", "y"}, [](double x, Out<double>& y) { y = x; });
    registry.metric("penalty", [](const MetricQuestion& question) {
        const char* host = std::getenv("JUXTA_HOST");
        const bool worse = host != nullptr && std::string_view(host) == "h1";
        return question.service() == "weighed/weigh" && worse ? 100. : 0.;
    });
}
