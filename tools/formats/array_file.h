// Arrays in files, as NumPy and SciPy read and write them: .npy and Matrix Market (.mtx); any other
// file is a vector of bytes.
//
// A source gives an array in Juxta's order (row-major, little-endian), mapped where the file has it
// so already, converted into private memory where not (Fortran order, big-endian, text). What a
// file claims is checked against what it holds before memory is taken for it.
//
// Errors: invalid_argument, with the file's name and, for text, the line.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "common/model/types.h"

namespace juxta::formats {

enum class Format { npy, matrix_market, raw };

// By the file's ending.
Format format_of(const std::filesystem::path& file);

class ArraySource {
public:
    // Opens and checks `file`. not_found if there is none.
    static ArraySource open(const std::filesystem::path& file);

    const DataType& type() const { return type_; }

    // bytes_of(type()) bytes, valid while this lives.
    std::span<const std::byte> content() const { return content_; }

private:
    friend ArraySource read_npy(const std::filesystem::path&);
    friend ArraySource read_matrix_market(const std::filesystem::path&);
    friend ArraySource read_raw(const std::filesystem::path&);

    static ArraySource converted(DataType type, std::vector<std::byte> bytes);
    static ArraySource mapped(DataType type, std::shared_ptr<const void> mapping,
                              std::span<const std::byte> content);

    DataType type_;
    std::span<const std::byte> content_;
    std::shared_ptr<const void> mapping_;
    std::shared_ptr<const std::vector<std::byte>> bytes_;
};

// Gives the bytes [offset, offset + into.size()) of the array to be written.
using Reader = std::function<void(std::uint64_t offset, std::span<std::byte> into)>;

// Which index of the array runs fastest in the bytes that a Reader gives.
enum class ElementOrder { row_major, column_major };

// Writes an array of `type` to `file` in the format of its ending, reading it piece by piece. The
// file appears whole or not at all (temporary file beside it, then renamed). Column-major bytes
// make a Fortran-ordered .npy, and are not for .mtx.
void write_array(const std::filesystem::path& file, const DataType& type, const Reader& read,
                 ElementOrder order = ElementOrder::row_major);

ArraySource read_npy(const std::filesystem::path& file);
ArraySource read_matrix_market(const std::filesystem::path& file);
ArraySource read_raw(const std::filesystem::path& file);

// The two writers' bodies: everything goes to `put`, in order.
using Sink = std::function<void(std::span<const std::byte>)>;
void write_npy(const DataType& type, const Reader& read, const Sink& put,
               ElementOrder order = ElementOrder::row_major);
void write_matrix_market(const DataType& type, const Reader& read, const Sink& put);

// All bytes of an array of `type`, from `read` to `put`, in pieces.
void copy_content(const DataType& type, const Reader& read, const Sink& put);

// A whole file, mapped read-only. Empty files have an empty span.
struct MappedFile {
    std::shared_ptr<const void> mapping;
    std::span<const std::byte> content;
};
MappedFile map_file(const std::filesystem::path& file);

// Throws out_of_space if an array of `bytes` would not fit this machine's free memory: a header of
// a few characters can claim petabytes.
void expect_room(const std::filesystem::path& file, std::uint64_t bytes);

}  // namespace juxta::formats
