// C = f1(A, B), then D = f2(B, C), in C++. A, B and C stay in the platform.
//
//     f1f2 A B D     of data A and B that are in the platform, by name; the result is named D
//     f1f2           of two matrices of its own; D comes back and is checked
#include <juxta/client.h>

#include <cstdio>
#include <exception>
#include <vector>

namespace {

constexpr std::size_t n = 64;

void tell(const char* what, const juxta::CallResult& result) {
    std::printf(
        "%s: at %s, %llu bytes moved, scheduled in %.6f s, transferred in %.6f s, queued %.6f s, "
        "ran %.6f s\n",
        what, result.sed.c_str(), static_cast<unsigned long long>(result.bytes_moved()),
        result.schedule_s, result.transfer_s, result.queue_s, result.run_s);
}

// Without a name, D lives as long as the client.
juxta::Data<double> compute(const juxta::Client& client, const juxta::Data<double>& a,
                            const juxta::Data<double>& b, const std::vector<std::string>& d_name) {
    const juxta::CallResult first = client.call("f1", {a, b});
    tell("C = f1(A, B)", first);
    const auto c = client.output<double>(first, "C");

    const juxta::Future future = client.submit("f2", {b, c}, {.outputs = d_name});
    const juxta::CallResult second = future.get();
    tell("D = f2(B, C)", second);
    return client.output<double>(second, "D");
}

// Returns how many elements of D are wrong.
std::size_t compute_own(const juxta::Client& client) {
    std::vector<double> a(n * n), b(n * n);
    for (std::size_t i = 0; i < n; ++i) {
        a[i * n + i] = 2;  // A = 2 I, so that C = A B = 2 B, and D = B C = 2 B B
        for (std::size_t j = 0; j < n; ++j)
            b[i * n + j] = static_cast<double>((i * 7 + j * 3) % 11);
    }
    const auto data_a = client.put<double>(a, {n, n});
    const auto data_b = client.put<double>(b, {n, n});

    std::size_t wrong = 0;
    const auto d = compute(client, data_a, data_b, {}).read();
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
            double sum = 0;
            for (std::size_t k = 0; k < n; ++k) sum += b[i * n + k] * b[k * n + j];
            if (d.values()[i * n + j] != 2 * sum) ++wrong;  // small integers: exact
        }
    }
    std::printf("%zu of %zu elements of D are wrong\n", wrong, n * n);
    data_a.free();
    data_b.free();
    return wrong;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 1 && argc != 4) {
        std::fprintf(stderr, "usage: f1f2 [A B D]\n");
        return 2;
    }
    const juxta::Client client = juxta::Client::connect();
    if (argc == 1) return compute_own(client) == 0 ? 0 : 1;
    compute(client, client.open<double>(argv[1]), client.open<double>(argv[2]), {argv[3]});
    return 0;
} catch (const juxta::Error& e) {
    std::fprintf(stderr, "%s: %s\n", std::string(name_of(e.code())).c_str(), e.what());
    return 1;
}
