// The first calls in C++: a value, typed data that stay in the platform, a future.
#include <juxta/client.h>

#include <iostream>
#include <vector>

int main() try {
    const auto client = juxta::Client::connect();
    const auto echo = client.call("testing/echo", {2.5});
    std::cout << "echo says " << juxta::scalar_of<double>(echo, "out") << '\n';

    const std::vector<double> values{1, 2, 3, 4};
    const auto a = client.put<double>(values, {2, 2});
    const juxta::Future product = client.submit("linalg/matmul", {a, a});
    const auto c = client.output<double>(product.get(), "C");
    for (const double value : c.get()) std::cout << value << ' ';
    std::cout << '\n';
    a.free();
    return 0;
} catch (const juxta::Error& e) {
    std::cerr << name_of(e.code()) << ": " << e.what() << '\n';
    return 1;
}
