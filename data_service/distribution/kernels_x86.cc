#include "data_service/distribution/kernels_x86.h"

#if defined(__x86_64__)

#include <immintrin.h>

// GCC 12's own AVX-512 header initializes variables with themselves (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include <algorithm>
#include <cstdint>
#include <cstring>

// Functions are compiled for their processor one by one: nothing that other files share is.
namespace juxta::distribution {
namespace {

const double* reals(const std::byte* at) { return reinterpret_cast<const double*>(at); }
double* reals(std::byte* at) { return reinterpret_cast<double*>(at); }
const float* floats(const std::byte* at) { return reinterpret_cast<const float*>(at); }
float* floats(std::byte* at) { return reinterpret_cast<float*>(at); }

// Bytes up to the next boundary of `line` bytes, at most `bytes`.
Index to_line(const std::byte* at, Index line, Index bytes) {
    const auto past = static_cast<Index>(reinterpret_cast<std::uintptr_t>(at) &
                                         static_cast<std::uintptr_t>(line - 1));
    return std::min(past == 0 ? 0 : line - past, bytes);
}

void copy(std::byte* target, const std::byte* source, Index bytes) {
    std::memcpy(target, source, static_cast<std::size_t>(bytes));
}

// Elements of `size` bytes, without vectors: the rims of what vectors do.
template <Index size>
void transpose_rim(std::byte* target, Index target_stride, const std::byte* source,
                   Index source_stride, Index rows, Index columns) {
    for (Index j = 0; j < columns; ++j) {
        for (Index i = 0; i < rows; ++i) {
            std::memcpy(target + j * target_stride + i * size,
                        source + i * source_stride + j * size, size);
        }
    }
}

// Squares of `side` elements by `square`, what remains one by one.
template <Index size, Index side, class Square>
void transpose_by(const Square& square, std::byte* target, Index target_stride,
                  const std::byte* source, Index source_stride, Index rows, Index columns) {
    const Index whole_rows = rows / side * side;
    const Index whole_columns = columns / side * side;
    for (Index i = 0; i < whole_rows; i += side) {
        for (Index j = 0; j < whole_columns; j += side) {
            square(target + j * target_stride + i * size, target_stride,
                   source + i * source_stride + j * size, source_stride);
        }
    }
    transpose_rim<size>(target + whole_columns * target_stride, target_stride,
                        source + whole_columns * size, source_stride, whole_rows,
                        columns - whole_columns);
    transpose_rim<size>(target + whole_rows * size, target_stride,
                        source + whole_rows * source_stride, source_stride, rows - whole_rows,
                        columns);
}

[[gnu::target("avx2")]] void stream_runs_avx2(std::byte* target, Index target_stride,
                                              const std::byte* source, Index source_stride,
                                              Index bytes, Index count) {
    for (Index run = 0; run < count; ++run) {
        std::byte* to = target + run * target_stride;
        const std::byte* from = source + run * source_stride;
        Index at = to_line(to, 32, bytes);
        copy(to, from, at);
        for (; at + 64 <= bytes; at += 64) {
            const auto* vector = reinterpret_cast<const __m256i*>(from + at);
            auto* line = reinterpret_cast<__m256i*>(to + at);
            const __m256i low = _mm256_loadu_si256(vector);
            const __m256i high = _mm256_loadu_si256(vector + 1);
            _mm256_stream_si256(line, low);
            _mm256_stream_si256(line + 1, high);
        }
        copy(to + at, from + at, bytes - at);
    }
    _mm_sfence();
}

[[gnu::target("avx512f,avx512vl,avx512dq,avx2")]] void stream_runs_avx512(
    std::byte* target, Index target_stride, const std::byte* source, Index source_stride,
    Index bytes, Index count) {
    for (Index run = 0; run < count; ++run) {
        std::byte* to = target + run * target_stride;
        const std::byte* from = source + run * source_stride;
        Index at = to_line(to, 64, bytes);
        copy(to, from, at);
        for (; at + 256 <= bytes; at += 256) {
            const __m512i a = _mm512_loadu_si512(from + at);
            const __m512i b = _mm512_loadu_si512(from + at + 64);
            const __m512i c = _mm512_loadu_si512(from + at + 128);
            const __m512i d = _mm512_loadu_si512(from + at + 192);
            auto* line = reinterpret_cast<__m512i*>(to + at);
            _mm512_stream_si512(line, a);
            _mm512_stream_si512(line + 1, b);
            _mm512_stream_si512(line + 2, c);
            _mm512_stream_si512(line + 3, d);
        }
        for (; at + 64 <= bytes; at += 64) {
            _mm512_stream_si512(reinterpret_cast<__m512i*>(to + at), _mm512_loadu_si512(from + at));
        }
        copy(to + at, from + at, bytes - at);
    }
    _mm_sfence();
}

[[gnu::target("avx512f,avx512vl,avx512dq,avx2")]] void put_avx512(std::byte* target, __m512d line,
                                                                  bool past_caches) {
    if (past_caches) {
        _mm512_stream_pd(reals(target), line);
    } else {
        _mm512_storeu_pd(reals(target), line);
    }
}

// Every second, every fourth: whole lines are read and sorted. The last ones one by one, for a
// vector would read past the end.
[[gnu::target("avx512f,avx512vl,avx512dq,avx2")]] void gather_8_avx512(std::byte* target,
                                                                       const std::byte* source,
                                                                       Index step, Index count,
                                                                       bool past_caches) {
    Index i = 0;
    if (past_caches) {
        const Index before = std::min(to_line(target, 64, 64) / 8, count);
        portable_kernels().gather_8(target, source, step, before, false);
        i = before;
        past_caches = to_line(target + i * 8, 64, 64) == 0;
    }
    if (step == 2) {
        const __m512i even = _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0);
        for (; i + 8 < count; i += 8) {
            const double* from = reals(source) + i * 2;
            put_avx512(
                target + i * 8,
                _mm512_permutex2var_pd(_mm512_loadu_pd(from), even, _mm512_loadu_pd(from + 8)),
                past_caches);
        }
    } else if (step == 4) {
        const __m512i fourth = _mm512_set_epi64(12, 8, 4, 0, 12, 8, 4, 0);
        for (; i + 8 < count; i += 8) {
            const double* from = reals(source) + i * 4;
            const __m512d low =
                _mm512_permutex2var_pd(_mm512_loadu_pd(from), fourth, _mm512_loadu_pd(from + 8));
            const __m512d high = _mm512_permutex2var_pd(_mm512_loadu_pd(from + 16), fourth,
                                                        _mm512_loadu_pd(from + 24));
            put_avx512(target + i * 8, _mm512_shuffle_f64x2(low, high, 0x44), past_caches);
        }
    }
    portable_kernels().gather_8(target + i * 8, source + i * step * 8, step, count - i, false);
    if (past_caches) _mm_sfence();
}

[[gnu::target("avx2")]] void square_8_avx2(std::byte* target, Index target_stride,
                                           const std::byte* source, Index source_stride) {
    const __m256d a = _mm256_loadu_pd(reals(source));
    const __m256d b = _mm256_loadu_pd(reals(source + source_stride));
    const __m256d c = _mm256_loadu_pd(reals(source + 2 * source_stride));
    const __m256d d = _mm256_loadu_pd(reals(source + 3 * source_stride));
    const __m256d ab_even = _mm256_unpacklo_pd(a, b);
    const __m256d ab_odd = _mm256_unpackhi_pd(a, b);
    const __m256d cd_even = _mm256_unpacklo_pd(c, d);
    const __m256d cd_odd = _mm256_unpackhi_pd(c, d);
    _mm256_storeu_pd(reals(target), _mm256_permute2f128_pd(ab_even, cd_even, 0x20));
    _mm256_storeu_pd(reals(target + target_stride), _mm256_permute2f128_pd(ab_odd, cd_odd, 0x20));
    _mm256_storeu_pd(reals(target + 2 * target_stride),
                     _mm256_permute2f128_pd(ab_even, cd_even, 0x31));
    _mm256_storeu_pd(reals(target + 3 * target_stride),
                     _mm256_permute2f128_pd(ab_odd, cd_odd, 0x31));
}

[[gnu::target("avx512f,avx512vl,avx512dq,avx2")]] void square_8_avx512(std::byte* target,
                                                                       Index target_stride,
                                                                       const std::byte* source,
                                                                       Index source_stride) {
    __m512d pair[8];  // of rows 2k and 2k + 1: even columns, then odd ones
    for (int k = 0; k < 4; ++k) {
        const __m512d upper = _mm512_loadu_pd(reals(source + 2 * k * source_stride));
        const __m512d lower = _mm512_loadu_pd(reals(source + (2 * k + 1) * source_stride));
        pair[2 * k] = _mm512_unpacklo_pd(upper, lower);
        pair[2 * k + 1] = _mm512_unpackhi_pd(upper, lower);
    }
    for (int odd = 0; odd < 2; ++odd) {
        const __m512d a = _mm512_shuffle_f64x2(pair[odd], pair[odd + 2], 0x88);
        const __m512d b = _mm512_shuffle_f64x2(pair[odd + 4], pair[odd + 6], 0x88);
        const __m512d c = _mm512_shuffle_f64x2(pair[odd], pair[odd + 2], 0xdd);
        const __m512d d = _mm512_shuffle_f64x2(pair[odd + 4], pair[odd + 6], 0xdd);
        std::byte* to = target + odd * target_stride;
        _mm512_storeu_pd(reals(to), _mm512_shuffle_f64x2(a, b, 0x88));
        _mm512_storeu_pd(reals(to + 2 * target_stride), _mm512_shuffle_f64x2(c, d, 0x88));
        _mm512_storeu_pd(reals(to + 4 * target_stride), _mm512_shuffle_f64x2(a, b, 0xdd));
        _mm512_storeu_pd(reals(to + 6 * target_stride), _mm512_shuffle_f64x2(c, d, 0xdd));
    }
}

// One column of four rows, and four columns further on the next.
[[gnu::target("avx2")]] __m256 four_avx2(__m256 upper, __m256 lower, bool even) {
    const __m256d low = _mm256_castps_pd(upper);
    const __m256d high = _mm256_castps_pd(lower);
    return _mm256_castpd_ps(even ? _mm256_unpacklo_pd(low, high) : _mm256_unpackhi_pd(low, high));
}

[[gnu::target("avx2")]] void square_4_avx2(std::byte* target, Index target_stride,
                                           const std::byte* source, Index source_stride) {
    __m256 pair[8];  // of rows i and i + 1: columns 0 1 4 5, then 2 3 6 7
    for (int k = 0; k < 4; ++k) {
        const __m256 upper = _mm256_loadu_ps(floats(source + 2 * k * source_stride));
        const __m256 lower = _mm256_loadu_ps(floats(source + (2 * k + 1) * source_stride));
        pair[2 * k] = _mm256_unpacklo_ps(upper, lower);
        pair[2 * k + 1] = _mm256_unpackhi_ps(upper, lower);
    }
    for (int column = 0; column < 4; ++column) {
        const int half = column / 2;
        const __m256 top = four_avx2(pair[half], pair[2 + half], column % 2 == 0);
        const __m256 bottom = four_avx2(pair[4 + half], pair[6 + half], column % 2 == 0);
        _mm256_storeu_ps(floats(target + column * target_stride),
                         _mm256_permute2f128_ps(top, bottom, 0x20));
        _mm256_storeu_ps(floats(target + (column + 4) * target_stride),
                         _mm256_permute2f128_ps(top, bottom, 0x31));
    }
}

void transpose_8_avx2(std::byte* target, Index target_stride, const std::byte* source,
                      Index source_stride, Index rows, Index columns) {
    transpose_by<8, 4>(square_8_avx2, target, target_stride, source, source_stride, rows, columns);
}

void transpose_8_avx512(std::byte* target, Index target_stride, const std::byte* source,
                        Index source_stride, Index rows, Index columns) {
    transpose_by<8, 8>(square_8_avx512, target, target_stride, source, source_stride, rows,
                       columns);
}

void transpose_4_avx2(std::byte* target, Index target_stride, const std::byte* source,
                      Index source_stride, Index rows, Index columns) {
    transpose_by<4, 8>(square_4_avx2, target, target_stride, source, source_stride, rows, columns);
}

[[gnu::target("avx2")]] void widen_avx2(std::byte* target, const std::byte* source, Index count) {
    Index i = 0;
    for (; i + 4 <= count; i += 4) {
        _mm256_storeu_pd(reals(target) + i, _mm256_cvtps_pd(_mm_loadu_ps(floats(source) + i)));
    }
    portable_kernels().widen(target + i * 8, source + i * 4, count - i);
}

[[gnu::target("avx2")]] void narrow_avx2(std::byte* target, const std::byte* source, Index count) {
    Index i = 0;
    for (; i + 4 <= count; i += 4) {
        _mm_storeu_ps(floats(target) + i, _mm256_cvtpd_ps(_mm256_loadu_pd(reals(source) + i)));
    }
    portable_kernels().narrow(target + i * 4, source + i * 8, count - i);
}

const Kernels avx2{"avx2",           stream_runs_avx2, portable_kernels().gather_8,
                   transpose_8_avx2, transpose_4_avx2, widen_avx2,
                   narrow_avx2};
const Kernels avx512{"avx512",         stream_runs_avx512, gather_8_avx512, transpose_8_avx512,
                     transpose_4_avx2, widen_avx2,         narrow_avx2};

}  // namespace

std::vector<const Kernels*> x86_kernels() {
    std::vector<const Kernels*> found;
    if (__builtin_cpu_supports("avx2")) found.push_back(&avx2);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
        found.push_back(&avx512);
    }
    return found;
}

}  // namespace juxta::distribution

#else

namespace juxta::distribution {

std::vector<const Kernels*> x86_kernels() { return {}; }

}  // namespace juxta::distribution

#endif
