// juxta-demo-check: what the demo needs beside the command line.
//
//     make N FILE              writes an N x N matrix
//     products A B C D         checks C = A B and D = B C, computed with OpenBLAS right here
//     moved BEFORE AFTER       data bytes counted between two outputs of `juxta status --json`;
//                              fails unless there were none
#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "tools/formats/array_file.h"

namespace {

using juxta::formats::ArraySource;

struct Matrix {
    int rows = 0, columns = 0;
    std::vector<double> values;  // row-major
};

Matrix load(const char* file) {
    const ArraySource source = ArraySource::open(file);
    if (source.type().element != juxta::ElementType::float64 || source.type().shape.size() != 2) {
        throw std::runtime_error(std::string(file) + " is no matrix of doubles");
    }
    Matrix matrix{
        static_cast<int>(source.type().shape[0]), static_cast<int>(source.type().shape[1]), {}};
    matrix.values.resize(source.content().size() / sizeof(double));
    std::memcpy(matrix.values.data(), source.content().data(), source.content().size());
    return matrix;
}

Matrix product(const Matrix& a, const Matrix& b) {
    Matrix c{a.rows, b.columns,
             std::vector<double>(static_cast<std::size_t>(a.rows) *
                                 static_cast<std::size_t>(b.columns))};
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, a.rows, b.columns, a.columns, 1,
                a.values.data(), a.columns, b.values.data(), b.columns, 0, c.values.data(),
                c.columns);
    return c;
}

// The largest difference, relative to the largest element.
double difference(const Matrix& x, const Matrix& y) {
    if (x.values.size() != y.values.size()) throw std::runtime_error("the shapes differ");
    double off = 0, size = 0;
    for (std::size_t i = 0; i < x.values.size(); ++i) {
        off = std::max(off, std::fabs(x.values[i] - y.values[i]));
        size = std::max(size, std::fabs(y.values[i]));
    }
    return size == 0 ? off : off / size;
}

int make(int n, const char* file) {
    std::vector<double> values;
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j)
            values.push_back(std::cos(0.37 * i + 1.3 * j) + (i == j ? 2 : 0));
    }
    const auto extent = static_cast<std::uint64_t>(n);
    juxta::formats::write_array(
        file, {juxta::ElementType::float64, {extent, extent}},
        [&](std::uint64_t offset, std::span<std::byte> into) {
            std::memcpy(into.data(), reinterpret_cast<const std::byte*>(values.data()) + offset,
                        into.size());
        });
    return 0;
}

int check_products(const char* const* files) {
    const Matrix a = load(files[0]), b = load(files[1]), c = load(files[2]), d = load(files[3]);
    const double c_off = difference(c, product(a, b));
    const double d_off = difference(d, product(b, c));
    std::printf(
        "  C = A B: largest relative difference %.2g\n  D = B C: largest relative difference "
        "%.2g\n",
        c_off, d_off);
    if (!(c_off < 1e-12 && d_off < 1e-12))
        throw std::runtime_error("the platform's results differ from OpenBLAS's");
    std::printf("  both agree\n");
    return 0;
}

nlohmann::json load_json(const char* file) {
    std::ifstream in(file);
    return nlohmann::json::parse(in);
}

std::uint64_t counted(const nlohmann::json& status, const std::string& element,
                      const char* counter) {
    for (const auto& one : status.at("elements")) {
        if (one.at("name") == element) return one.at("counters").at(counter).get<std::uint64_t>();
    }
    return 0;
}

int check_moved(const char* before_file, const char* after_file) {
    const nlohmann::json before = load_json(before_file), after = load_json(after_file);
    std::uint64_t moved = 0;
    for (const auto& element : after.at("elements")) {
        const std::string name = element.at("name");
        const auto since = [&](const char* counter) {
            return counted(after, name, counter) - counted(before, name, counter);
        };
        const std::uint64_t in = since("data_bytes_in"), out = since("data_bytes_out"),
                            mapped = since("data_bytes_mapped");
        moved += in + out;
        if (element.at("kind") == "provider" || in + out + mapped > 0) {
            std::printf("  %s: %llu in, %llu out, %llu mapped\n", name.c_str(),
                        static_cast<unsigned long long>(in), static_cast<unsigned long long>(out),
                        static_cast<unsigned long long>(mapped));
        }
    }
    if (moved != 0) throw std::runtime_error("the second call moved data");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string verb = argc > 1 ? argv[1] : "";
    try {
        if (verb == "make" && argc == 4) return make(std::atoi(argv[2]), argv[3]);
        if (verb == "products" && argc == 6) return check_products(argv + 2);
        if (verb == "moved" && argc == 4) return check_moved(argv[2], argv[3]);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "juxta-demo-check: %s\n", e.what());
        return 1;
    }
    std::fprintf(stderr,
                 "usage: juxta-demo-check make N FILE | products A B C D | moved BEFORE AFTER\n");
    return 2;
}
