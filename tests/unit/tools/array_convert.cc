// array_convert IN OUT: reads an array file and writes it in the format of OUT's ending.
#include <algorithm>
#include <cstdio>
#include <exception>

#include "tools/formats/array_file.h"

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    try {
        const auto source = juxta::formats::ArraySource::open(argv[1]);
        juxta::formats::write_array(
            argv[2], source.type(), [&](std::uint64_t offset, std::span<std::byte> into) {
                std::ranges::copy(source.content().subspan(offset, into.size()), into.begin());
            });
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
    return 0;
}
