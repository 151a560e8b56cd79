// Broken variants of good input, the same on every machine, for what reads bytes that others wrote.
//
//     survives_mutations(good, 2000, [](const std::string& bytes) { parse(bytes); });
//
// A reader may accept a variant or refuse it with an Error; any other exception fails the test and
// names the seed that makes the variant again: mutation(good, seed). What a reader does that no
// exception shows (reads beyond its input, overflows, leaks) is for the sanitizers to see.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <random>
#include <string>

#include "common/base/error.h"

namespace juxta {

// `good` after one to four changes: a bit, a byte, a number of 4 or 8 bytes at its limits, a digit
// run, or a stretch cut out, repeated, swapped with another or left off at the end.
class Mutation {
public:
    Mutation(std::string good, std::uint64_t seed) : bytes_(std::move(good)), random_(seed) {}

    std::string take() {
        for (std::uint64_t changes = 1 + below(4); changes > 0; --changes) change();
        return std::move(bytes_);
    }

private:
    std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : random_() % n; }

    void change() {
        const std::size_t at = below(bytes_.size());
        const std::size_t length = below(std::min<std::size_t>(bytes_.size() - at, 40) + 1);
        switch (below(8)) {
            case 0: flip(at); break;
            case 1: bytes_.insert(at, 1, static_cast<char>(below(256))); break;
            case 2: overwrite(at); break;
            case 3: bytes_.replace(at, length, digits()); break;
            case 4: bytes_.erase(at, length); break;
            case 5: bytes_.insert(at, bytes_.substr(at, length)); break;
            case 6: bytes_.insert(below(bytes_.size()), bytes_.substr(at, length)); break;
            case 7: bytes_.resize(at); break;
        }
    }
    void flip(std::size_t at) {
        if (at < bytes_.size()) bytes_[at] = static_cast<char>(bytes_[at] ^ (1 << below(8)));
    }
    void overwrite(std::size_t at) {
        constexpr std::uint64_t limits[] = {0,          1,          2,          0x7f,
                                            0xff,       0xffff,     0x10000,    0x7fffffff,
                                            0x80000000, 0xffffffff, 1ull << 32, 1ull << 62,
                                            1ull << 63, ~0ull >> 1, ~0ull};
        const std::uint64_t number = limits[below(std::size(limits))];
        const std::size_t width =
            std::min(below(2) == 0 ? sizeof(std::uint32_t) : sizeof number, bytes_.size() - at);
        std::memcpy(bytes_.data() + at, &number, width);
    }
    std::string digits() {
        constexpr const char* runs[] = {"0",
                                        "-1",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "18446744073709551615",
                                        "99999999999999999999",
                                        "1e999",
                                        "nan"};
        return runs[below(std::size(runs))];
    }

    std::string bytes_;
    std::mt19937_64 random_;
};

inline std::string mutation(const std::string& good, std::uint64_t seed) {
    return Mutation(good, seed).take();
}

template <class Reader>
void survives_mutations(const std::string& good, unsigned count, Reader&& read) {
    unsigned accepted = 0;
    for (std::uint64_t seed = 0; seed < count; ++seed) {
        try {
            read(mutation(good, seed));
            ++accepted;
        } catch (const Error&) {
        } catch (const std::exception& e) {
            ADD_FAILURE() << "seed " << seed << ": " << e.what();
        } catch (...) {
            ADD_FAILURE() << "seed " << seed << ": no exception of ours";
        }
    }
    EXPECT_LT(accepted, count) << "nothing was refused";
}

}  // namespace juxta
