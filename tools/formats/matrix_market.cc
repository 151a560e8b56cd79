// The Matrix Market exchange format: coordinate (sparse, made dense here) and array, of real,
// complex, integer and pattern entries, general, symmetric, skew-symmetric and hermitian.
#include <cctype>
#include <charconv>
#include <complex>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "tools/formats/array_file.h"

namespace juxta::formats {
namespace {

enum class Field { real, complex, integer, pattern };
enum class Symmetry { general, symmetric, skew, hermitian };

struct Banner {
    bool sparse = false;
    Field field = Field::real;
    Symmetry symmetry = Symmetry::general;
};

// The file's words, with the line they stand on.
class Words {
public:
    Words(std::string_view text, const std::filesystem::path& file) : text_(text), file_(file) {}

    [[noreturn]] void refuse(const std::string& why) const {
        throw Error(ErrorCode::invalid_argument,
                    file_.string() + ":" + std::to_string(line_) + ": " + why);
    }

    // The line's end stays, to be counted when the next word is read.
    std::string_view rest_of_line() {
        const std::string_view line = text_.substr(0, text_.find('\n'));
        text_.remove_prefix(line.size());
        return line;
    }

    void skip_comments() {
        for (;;) {
            skip_blanks();
            if (text_.empty() || text_.front() != '%') return;
            rest_of_line();
        }
    }

    bool at_end() {
        skip_blanks();
        return text_.empty();
    }

    template <class Number>
    Number number(const char* what) {
        skip_blanks();
        if (text_.empty()) refuse(std::string("truncated: ") + what + " is missing");
        const char* first = text_.data();
        const char* last = first + text_.size();
        if (*first == '+') ++first;  // from_chars knows no plus
        Number value{};
        const auto [end, error] = std::from_chars(first, last, value);
        if (error != std::errc{} ||
            (end != last && std::isspace(static_cast<unsigned char>(*end)) == 0)) {
            refuse(std::string(what) + ": '" +
                   std::string(text_.substr(0, text_.find_first_of(" \t\r\n"))) +
                   "' is no such number");
        }
        text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
        return value;
    }

private:
    void skip_blanks() {
        while (!text_.empty() && std::isspace(static_cast<unsigned char>(text_.front())) != 0) {
            if (text_.front() == '\n') ++line_;
            text_.remove_prefix(1);
        }
    }

    std::string_view text_;
    std::filesystem::path file_;
    std::size_t line_ = 1;
};

Banner parse_banner(Words& words) {
    std::string line(words.rest_of_line());
    for (char& c : line) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto has = [&](std::string_view word) { return line.find(word) != std::string::npos; };
    if (!line.starts_with("%%matrixmarket"))
        words.refuse("not a Matrix Market file: no %%MatrixMarket line");
    if (!has(" matrix")) words.refuse("only Matrix Market matrices are read");
    Banner banner;
    banner.sparse = has(" coordinate");
    if (!banner.sparse && !has(" array"))
        words.refuse("the format is neither 'coordinate' nor 'array'");
    if (has(" complex")) {
        banner.field = Field::complex;
    } else if (has(" integer")) {
        banner.field = Field::integer;
    } else if (has(" pattern")) {
        banner.field = Field::pattern;
    } else if (!has(" real") && !has(" double")) {
        words.refuse("the entries are none of real, complex, integer, pattern");
    }
    if (has(" skew-symmetric")) {
        banner.symmetry = Symmetry::skew;
    } else if (has(" symmetric")) {
        banner.symmetry = Symmetry::symmetric;
    } else if (has(" hermitian")) {
        banner.symmetry = Symmetry::hermitian;
    } else if (!has(" general")) {
        words.refuse("the symmetry is none of general, symmetric, skew-symmetric, hermitian");
    }
    return banner;
}

template <class Element>
Element opposite(const Words& words, const Element& value) {
    if constexpr (std::is_same_v<Element, std::int64_t>) {
        if (value == std::numeric_limits<std::int64_t>::min())
            words.refuse("the opposite of entry " + std::to_string(value) +
                         " does not fit 64 bits");
    }
    return -value;
}

// Entries at one place of a sparse matrix add up.
template <class Element>
void add(const Words& words, Element& sum, const Element& value) {
    if constexpr (std::is_same_v<Element, std::int64_t>) {
        if (__builtin_add_overflow(sum, value, &sum))
            words.refuse("the sum of the entries at one place does not fit 64 bits");
    } else {
        sum += value;
    }
}

template <class Element>
Element mirrored(const Words& words, const Element& value, Symmetry symmetry) {
    if (symmetry == Symmetry::skew) return opposite(words, value);
    if constexpr (std::is_same_v<Element, std::complex<double>>) {
        if (symmetry == Symmetry::hermitian) return std::conj(value);
    }
    return value;
}

template <class Element>
Element read_entry(Words& words, Field field) {
    if (field == Field::pattern) return Element(1);
    if constexpr (std::is_same_v<Element, std::complex<double>>) {
        const auto real = words.number<double>("the real part of an entry");
        return {real, words.number<double>("the imaginary part of an entry")};
    } else {
        return words.number<Element>("an entry");
    }
}

template <class Element>
void read_sparse(Words& words, const Banner& banner, std::uint64_t rows, std::uint64_t columns,
                 std::uint64_t entries, Element* dense) {
    for (std::uint64_t k = 0; k < entries; ++k) {
        const auto row = words.number<std::uint64_t>("a row number");
        const auto column = words.number<std::uint64_t>("a column number");
        if (row < 1 || row > rows || column < 1 || column > columns) {
            words.refuse("entry (" + std::to_string(row) + ", " + std::to_string(column) +
                         ") lies outside the " + std::to_string(rows) + " x " +
                         std::to_string(columns) + " matrix");
        }
        const auto value = read_entry<Element>(words, banner.field);
        add(words, dense[(row - 1) * columns + column - 1], value);
        if (banner.symmetry != Symmetry::general && row != column) {
            add(words, dense[(column - 1) * columns + row - 1],
                mirrored(words, value, banner.symmetry));
        }
    }
}

// Column by column; of a symmetric matrix the lower triangle only (skew: without the diagonal).
template <class Element>
void read_dense(Words& words, const Banner& banner, std::uint64_t rows, std::uint64_t columns,
                Element* dense) {
    for (std::uint64_t column = 0; column < columns; ++column) {
        std::uint64_t first = 0;
        if (banner.symmetry != Symmetry::general)
            first = column + (banner.symmetry == Symmetry::skew ? 1 : 0);
        for (std::uint64_t row = first; row < rows; ++row) {
            const auto value = read_entry<Element>(words, banner.field);
            dense[row * columns + column] = value;
            if (banner.symmetry != Symmetry::general && row != column) {
                dense[column * columns + row] = mirrored(words, value, banner.symmetry);
            }
        }
    }
}

template <class Element>
std::vector<std::byte> read_entries(Words& words, const Banner& banner, std::uint64_t rows,
                                    std::uint64_t columns, std::uint64_t entries) {
    std::vector<std::byte> bytes(rows * columns * sizeof(Element));
    auto* dense = reinterpret_cast<Element*>(bytes.data());
    if (banner.sparse) {
        read_sparse(words, banner, rows, columns, entries, dense);
    } else {
        read_dense(words, banner, rows, columns, dense);
    }
    if (!words.at_end()) words.refuse("more entries than the size line promises");
    return bytes;
}

template <class Number>
void append_number(std::string& text, Number value) {
    char digits[40];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    text.append(digits, end);
}

template <class Real>
void append_element(std::string& text, const std::byte* at, bool complex) {
    Real value{};
    std::memcpy(&value, at, sizeof value);
    append_number(text, value);
    if (complex) {
        std::memcpy(&value, at + sizeof value, sizeof value);
        text += ' ';
        append_number(text, value);
    }
    text += '\n';
}

void append_element(std::string& text, ElementType element, const std::byte* at) {
    switch (element) {
        case ElementType::int32: return append_element<std::int32_t>(text, at, false);
        case ElementType::int64: return append_element<std::int64_t>(text, at, false);
        case ElementType::float32: return append_element<float>(text, at, false);
        case ElementType::float64: return append_element<double>(text, at, false);
        case ElementType::complex64: return append_element<float>(text, at, true);
        case ElementType::complex128: return append_element<double>(text, at, true);
        case ElementType::char8:
        case ElementType::string:
        case ElementType::file: break;
    }
    throw Error(ErrorCode::invalid_argument, "Matrix Market holds numbers; write " +
                                                 std::string(name_of(element)) +
                                                 " data to another kind of file");
}

std::string_view field_name(ElementType element) {
    switch (element) {
        case ElementType::int32:
        case ElementType::int64: return "integer";
        case ElementType::complex64:
        case ElementType::complex128: return "complex";
        default: return "real";
    }
}

}  // namespace

ArraySource read_matrix_market(const std::filesystem::path& file) {
    const MappedFile mapped = map_file(file);
    Words words({reinterpret_cast<const char*>(mapped.content.data()), mapped.content.size()},
                file);
    const Banner banner = parse_banner(words);
    words.skip_comments();
    const auto rows = words.number<std::uint64_t>("the number of rows");
    const auto columns = words.number<std::uint64_t>("the number of columns");
    const auto entries = banner.sparse ? words.number<std::uint64_t>("the number of entries") : 0;
    if (banner.symmetry != Symmetry::general && rows != columns) {
        words.refuse("a symmetric matrix of " + std::to_string(rows) + " x " +
                     std::to_string(columns));
    }
    DataType type{ElementType::float64, {rows, columns}};
    if (banner.field == Field::complex) type.element = ElementType::complex128;
    if (banner.field == Field::integer) type.element = ElementType::int64;
    const auto bytes = bytes_of(type);
    if (!bytes) words.refuse("a matrix of " + to_string(type.shape) + " is too large");
    // An array's entries stand in the file, two characters each at least.
    if (!banner.sparse && banner.symmetry == Symmetry::general &&
        *bytes / size_of(type.element) > mapped.content.size()) {
        words.refuse("truncated: " + to_string(type.shape) +
                     " entries are promised, the file is too short");
    }
    expect_room(file, *bytes);
    switch (banner.field) {
        case Field::complex:
            return ArraySource::converted(
                type, read_entries<std::complex<double>>(words, banner, rows, columns, entries));
        case Field::integer:
            return ArraySource::converted(
                type, read_entries<std::int64_t>(words, banner, rows, columns, entries));
        case Field::real:
        case Field::pattern: break;
    }
    return ArraySource::converted(type,
                                  read_entries<double>(words, banner, rows, columns, entries));
}

void write_matrix_market(const DataType& type, const Reader& read, const Sink& put) {
    if (type.shape.size() > 2) {
        throw Error(ErrorCode::invalid_argument, "Matrix Market holds matrices; this array is " +
                                                     to_string(type.shape) +
                                                     ": write it to a .npy file");
    }
    const std::uint64_t rows = type.shape.empty() ? 1 : type.shape[0];
    const std::uint64_t columns = type.shape.size() < 2 ? 1 : type.shape[1];
    std::string text = "%%MatrixMarket matrix array " + std::string(field_name(type.element)) +
                       " general\n" + std::to_string(rows) + ' ' + std::to_string(columns) + '\n';
    // Entries go out column by column; the array comes by rows: one whole copy.
    std::vector<std::byte> array(bytes_of(type).value_or(0));
    read(0, array);
    const std::size_t width = size_of(type.element);
    for (std::uint64_t column = 0; column < columns; ++column) {
        for (std::uint64_t row = 0; row < rows; ++row) {
            append_element(text, type.element, array.data() + (row * columns + column) * width);
        }
        if (text.size() > (1 << 20) || column + 1 == columns) {
            put(std::as_bytes(std::span(text)));
            text.clear();
        }
    }
    if (!text.empty()) put(std::as_bytes(std::span(text)));
}

}  // namespace juxta::formats
