// A service in C++: its signature is the profile, but for the names of the arguments.
#include <juxta/service.h>

#include <algorithm>

using namespace juxta::service;

extern "C" JUXTA_EXPORT void juxta_module(Registry& registry) {
    registry.add("sorted", {"n", "x[n]", "y[n]"},
                 [](std::int32_t, Vector<const double> x, Out<Vector<double>> y) {
                     const Vector<double> result = y.allocate(x.size());
                     std::copy(x.begin(), x.end(), result.begin());
                     std::sort(result.begin(), result.end());
                 });
}
