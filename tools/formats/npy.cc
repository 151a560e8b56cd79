// NumPy's format, versions 1 to 3: "\x93NUMPY", version, header length, a Python dictionary
// {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }, the elements.
#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "tools/formats/array_file.h"

namespace juxta::formats {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct Header {
    ElementType element = ElementType::float64;
    bool swapped = false;  // big-endian
    bool fortran = false;
    Shape shape;
    std::size_t length = 0;  // where the elements start
};

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
    throw Error(ErrorCode::invalid_argument, file.string() + ": " + why);
}

std::optional<ElementType> element_of(std::string_view kind) {
    if (kind == "i4") return ElementType::int32;
    if (kind == "i8") return ElementType::int64;
    if (kind == "f4") return ElementType::float32;
    if (kind == "f8") return ElementType::float64;
    if (kind == "c8") return ElementType::complex64;
    if (kind == "c16") return ElementType::complex128;
    if (kind == "S1" || kind == "i1" || kind == "u1") return ElementType::char8;
    return std::nullopt;
}

std::string_view descr_of(ElementType element) {
    switch (element) {
        case ElementType::int32: return "<i4";
        case ElementType::int64: return "<i8";
        case ElementType::float32: return "<f4";
        case ElementType::float64: return "<f8";
        case ElementType::complex64: return "<c8";
        case ElementType::complex128: return "<c16";
        case ElementType::char8:
        case ElementType::string:
        case ElementType::file: break;
    }
    return "|u1";
}

// The text after `'key':`, without leading blanks.
std::string_view value_of(std::string_view dictionary, std::string_view key,
                          const std::filesystem::path& file) {
    const std::string quoted = "'" + std::string(key) + "'";
    auto at = dictionary.find(quoted);
    if (at != std::string_view::npos) at = dictionary.find(':', at + quoted.size());
    if (at == std::string_view::npos)
        refuse(file, "its .npy header has no '" + std::string(key) + "'");
    dictionary.remove_prefix(at + 1);
    dictionary.remove_prefix(std::min(dictionary.find_first_not_of(' '), dictionary.size()));
    return dictionary;
}

Shape parse_shape(std::string_view text, const std::filesystem::path& file) {
    if (text.empty() || text.front() != '(')
        refuse(file, "the shape in its .npy header is no tuple");
    Shape shape;
    std::uint64_t number = 0;
    bool in_number = false;
    for (char c : text.substr(1)) {
        if (c >= '0' && c <= '9') {
            const auto digit = static_cast<std::uint64_t>(c - '0');
            if (__builtin_mul_overflow(number, 10u, &number) ||
                __builtin_add_overflow(number, digit, &number)) {
                refuse(file, "an extent in its .npy header does not fit 64 bits");
            }
            in_number = true;
        } else if (c == ',' || c == ')') {
            if (in_number) shape.push_back(number);
            in_number = false;
            number = 0;
            if (c == ')') return shape;
        } else if (c != ' ' && c != 'L') {
            refuse(file, "the shape in its .npy header holds '" + std::string(1, c) + "'");
        }
    }
    refuse(file, "the shape in its .npy header does not end");
}

Header parse_header(std::span<const std::byte> content, const std::filesystem::path& file) {
    const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
    if (!text.starts_with(kMagic))
        refuse(file, "not a .npy file (it does not start with \\x93NUMPY)");
    if (text.size() < 10) refuse(file, "truncated within its .npy header");
    const auto byte = [&](std::size_t i) {
        return static_cast<std::size_t>(static_cast<unsigned char>(text[i]));
    };
    const std::size_t version = byte(6);
    if (version < 1 || version > 3) refuse(file, "unknown .npy version " + std::to_string(version));
    const std::size_t start = version == 1 ? 10 : 12;
    if (text.size() < start) refuse(file, "truncated within its .npy header");
    std::size_t length = byte(8) | byte(9) << 8;
    if (version > 1) length |= byte(10) << 16 | byte(11) << 24;
    if (text.size() - start < length) refuse(file, "truncated within its .npy header");

    const std::string_view dictionary = text.substr(start, length);
    Header header;
    header.length = start + length;
    const std::string_view descr = value_of(dictionary, "descr", file);
    const auto end = descr.size() > 1 ? descr.find(descr.front(), 1) : std::string_view::npos;
    if (end == std::string_view::npos || (descr.front() != '\'' && descr.front() != '"')) {
        refuse(file, "its element type is a structure; a plain type is needed");
    }
    const std::string_view type = descr.substr(1, end - 1);
    const auto element = type.empty() ? std::nullopt : element_of(type.substr(1));
    if (!element || std::string_view("<>|=").find(type.front()) == std::string_view::npos) {
        refuse(file, "element type '" + std::string(type) +
                         "' is not supported; use int32, int64, float32, float64, complex64, "
                         "complex128 or bytes");
    }
    header.element = *element;
    header.swapped = type.front() == '>';
    header.fortran = value_of(dictionary, "fortran_order", file).starts_with("True");
    header.shape = parse_shape(value_of(dictionary, "shape", file), file);
    return header;
}

void swap_bytes(std::span<std::byte> content, ElementType element) {
    const bool complex = element == ElementType::complex64 || element == ElementType::complex128;
    const std::size_t width = size_of(element) / (complex ? 2 : 1);
    for (std::size_t i = 0; i + width <= content.size(); i += width) {
        std::reverse(content.begin() + static_cast<std::ptrdiff_t>(i),
                     content.begin() + static_cast<std::ptrdiff_t>(i + width));
    }
}

// First index fastest to last index fastest.
std::vector<std::byte> to_row_major(std::span<const std::byte> from, const DataType& type) {
    const std::size_t width = size_of(type.element);
    std::vector<std::byte> into(from.size());
    std::vector<std::uint64_t> index(type.shape.size(), 0);
    std::vector<std::uint64_t> stride(type.shape.size(), 1);  // of `into`, in elements
    for (std::size_t d = type.shape.size(); d-- > 1;) stride[d - 1] = stride[d] * type.shape[d];
    std::uint64_t target = 0;
    for (std::size_t source = 0; source < from.size(); source += width) {
        std::memcpy(into.data() + target * width, from.data() + source, width);
        for (std::size_t d = 0; d < index.size(); ++d) {
            target += stride[d];
            if (++index[d] < type.shape[d]) break;
            target -= stride[d] * type.shape[d];
            index[d] = 0;
        }
    }
    return into;
}

}  // namespace

ArraySource read_npy(const std::filesystem::path& file) {
    const MappedFile mapped = map_file(file);
    const Header header = parse_header(mapped.content, file);
    DataType type{header.element, header.shape};
    const auto bytes = bytes_of(type);
    const std::uint64_t there = mapped.content.size() - header.length;
    if (!bytes || *bytes > there) {
        refuse(file, "truncated: its header promises " + to_string(type) + " (" +
                         (bytes ? std::to_string(*bytes) : std::string("over 2^63")) +
                         " bytes), it holds " + std::to_string(there));
    }
    const auto content = mapped.content.subspan(header.length, *bytes);
    const bool reorder = header.fortran && header.shape.size() > 1;
    if (!reorder && !header.swapped)
        return ArraySource::mapped(std::move(type), mapped.mapping, content);
    expect_room(file, *bytes);
    std::vector<std::byte> converted = reorder
                                           ? to_row_major(content, type)
                                           : std::vector<std::byte>(content.begin(), content.end());
    if (header.swapped) swap_bytes(converted, type.element);
    return ArraySource::converted(std::move(type), std::move(converted));
}

void write_npy(const DataType& type, const Reader& read, const Sink& put, ElementOrder order) {
    std::string dictionary =
        "{'descr': '" + std::string(descr_of(type.element)) +
        "', 'fortran_order': " + (order == ElementOrder::column_major ? "True" : "False") +
        ", 'shape': (";
    for (std::uint64_t extent : type.shape) dictionary += std::to_string(extent) + ", ";
    if (type.shape.size() > 1) dictionary.resize(dictionary.size() - 2);
    dictionary += "), }";
    // The elements start at a multiple of 64.
    dictionary.append(63 - (10 + dictionary.size()) % 64, ' ');
    dictionary += '\n';
    std::string header(kMagic);
    header += '\x01';
    header += '\x00';
    header += static_cast<char>(dictionary.size() & 0xff);
    header += static_cast<char>(dictionary.size() >> 8);
    header += dictionary;
    put(std::as_bytes(std::span(header)));
    copy_content(type, read, put);
}

}  // namespace juxta::formats
