#include "data_service/distribution/kernels.h"

#include <algorithm>
#include <cstring>

#include "data_service/distribution/kernels_x86.h"

namespace juxta::distribution {
namespace {

void stream_runs(std::byte* target, Index target_stride, const std::byte* source,
                 Index source_stride, Index bytes, Index count) {
    for (Index i = 0; i < count; ++i) {
        std::memcpy(target + i * target_stride, source + i * source_stride,
                    static_cast<std::size_t>(bytes));
    }
}

void gather_8(std::byte* target, const std::byte* source, Index step, Index count, bool) {
    for (Index i = 0; i < count; ++i) std::memcpy(target + i * 8, source + i * step * 8, 8);
}

// In squares, so that the lines of both sides that are in use fit the first cache.
template <Index size>
void transpose(std::byte* target, Index target_stride, const std::byte* source, Index source_stride,
               Index rows, Index columns) {
    constexpr Index kSquare = 64 / size;
    for (Index top = 0; top < rows; top += kSquare) {
        const Index bottom = std::min(top + kSquare, rows);
        for (Index j = 0; j < columns; ++j) {
            for (Index i = top; i < bottom; ++i) {
                std::memcpy(target + j * target_stride + i * size,
                            source + i * source_stride + j * size, size);
            }
        }
    }
}

template <class From, class To>
void convert(std::byte* target, const std::byte* source, Index count) {
    for (Index i = 0; i < count; ++i) {
        From from;
        std::memcpy(&from, source + i * Index{sizeof from}, sizeof from);
        const To to = static_cast<To>(from);
        std::memcpy(target + i * Index{sizeof to}, &to, sizeof to);
    }
}

const Kernels portable{"portable",
                       stream_runs,
                       gather_8,
                       transpose<8>,
                       transpose<4>,
                       convert<float, double>,
                       convert<double, float>};

}  // namespace

const Kernels& portable_kernels() { return portable; }

const std::vector<const Kernels*>& available_kernels() {
    static const std::vector<const Kernels*> all = [] {
        std::vector<const Kernels*> found{&portable};
        for (const Kernels* each : x86_kernels()) found.push_back(each);
        return found;
    }();
    return all;
}

const Kernels& best_kernels() { return *available_kernels().back(); }

}  // namespace juxta::distribution
