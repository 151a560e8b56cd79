// Array files: what is read, what is refused and how it is said.
#include "tools/formats/array_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/base/error.h"
#include "tests/mutation.h"

namespace juxta::formats {
namespace {

using ::testing::HasSubstr;

class ArrayFile : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() /
                  ("juxta-array-file-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path file(const std::string& name, const std::string& content) {
        const auto path = folder_ / name;
        std::filesystem::remove(path);  // a file cut to nothing and written is flushed to disk
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }

    static std::string npy(const std::string& dictionary, const std::string& elements) {
        std::string text("\x93NUMPY\x01\x00", 8);
        text += static_cast<char>(dictionary.size());
        text += '\0';
        return text + dictionary + elements;
    }

    static std::string refusal(const std::filesystem::path& path) {
        try {
            ArraySource::open(path);
        } catch (const Error& e) {
            return e.what();
        }
        return "no refusal";
    }

    std::filesystem::path folder_;
};

template <class T>
std::vector<T> elements(const ArraySource& source) {
    std::vector<T> values(source.content().size() / sizeof(T));
    std::memcpy(values.data(), source.content().data(), source.content().size());
    return values;
}

TEST_F(ArrayFile, fills_both_triangles_of_a_symmetric_sparse_matrix) {
    const auto path =
        file("a.mtx",
             "%%MatrixMarket matrix coordinate real symmetric\n% comment\n2 2 2\n1 1 4\n2 1 5e0\n");
    const auto source = ArraySource::open(path);
    EXPECT_EQ(source.type(), (DataType{ElementType::float64, {2, 2}}));
    EXPECT_EQ(elements<double>(source), (std::vector<double>{4, 5, 5, 0}));
}

TEST_F(ArrayFile, takes_any_other_file_as_a_vector_of_bytes) {
    const auto source = ArraySource::open(file("notes.txt", "abc"));
    EXPECT_EQ(source.type(), (DataType{ElementType::char8, {3}}));
}

TEST_F(ArrayFile, says_what_a_truncated_npy_promises_and_holds) {
    const auto path = file(
        "a.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }\n", "12345678"));
    EXPECT_THAT(refusal(path), AllOf(HasSubstr("a.npy: truncated"), HasSubstr("double 3x4"),
                                     HasSubstr("holds 8")));
}

TEST_F(ArrayFile, refuses_a_header_that_promises_more_than_64_bits_can_count) {
    EXPECT_THAT(
        refusal(file(
            "a.npy",
            npy("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296, 8), }",
                ""))),
        HasSubstr("truncated"));
    EXPECT_THAT(
        refusal(
            file("b.npy",
                 npy("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }",
                     ""))),
        HasSubstr("64 bits"));
}

TEST_F(ArrayFile, names_an_element_type_it_cannot_read) {
    EXPECT_THAT(
        refusal(
            file("a.npy", npy("{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }", "12"))),
        HasSubstr("'<f2'"));
    EXPECT_THAT(refusal(file(
                    "b.npy",
                    npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }", ""))),
                HasSubstr("structure"));
}

TEST_F(ArrayFile, refuses_what_is_no_array_file_at_all) {
    EXPECT_THAT(refusal(file("a.npy", "")), HasSubstr("not a .npy file"));
    EXPECT_THAT(refusal(file("b.npy", "\x93NUMPY\x01")), HasSubstr("truncated"));
    EXPECT_THAT(refusal(file("a.mtx", "hello")), HasSubstr("a.mtx:1: not a Matrix Market file"));
    EXPECT_THAT(refusal(folder_ / "missing.npy"), HasSubstr("No such file"));
    EXPECT_THAT(refusal(folder_), HasSubstr("not a regular file"));
}

TEST_F(ArrayFile, names_the_line_of_a_bad_entry) {
    const std::string head = "%%MatrixMarket matrix coordinate real general\n2 2 1\n";
    EXPECT_THAT(refusal(file("a.mtx", head + "3 1 1.0\n")),
                HasSubstr("a.mtx:3: entry (3, 1) lies outside"));
    EXPECT_THAT(refusal(file("b.mtx", head + "1 1 x\n")), HasSubstr("'x' is no such number"));
    EXPECT_THAT(refusal(file("c.mtx", head)), HasSubstr("truncated"));
    EXPECT_THAT(refusal(file("d.mtx", head + "1 1 1\n2 2 2\n")), HasSubstr("more entries"));
}

TEST_F(ArrayFile, takes_no_memory_for_a_small_file_that_claims_petabytes) {
    const auto path =
        file("a.mtx", "%%MatrixMarket matrix coordinate real general\n30000000 30000000 0\n");
    EXPECT_THAT(refusal(path), HasSubstr("free"));
}

TEST_F(ArrayFile, leaves_nothing_behind_when_the_reader_fails) {
    const auto path = folder_ / "out.npy";
    EXPECT_THROW(write_array(path, {ElementType::float64, {4}},
                             [](std::uint64_t, std::span<std::byte>) {
                                 throw Error(ErrorCode::data_lost, "gone");
                             }),
                 Error);
    EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(ArrayFile, refuses_integers_whose_sum_or_opposite_does_not_fit) {
    const std::string least = "-9223372036854775808";
    for (const std::string& body :
         {"coordinate integer general\n1 1 2\n1 1 " + least + "\n1 1 -1\n",
          "coordinate integer skew-symmetric\n2 2 1\n2 1 " + least + "\n",
          "array integer skew-symmetric\n2 2\n" + least + "\n"}) {
        EXPECT_THAT(refusal(file("a.mtx", "%%MatrixMarket matrix " + body)),
                    HasSubstr("does not fit 64 bits"))
            << body;
    }
}

TEST_F(ArrayFile, survives_mutated_npy_files) {
    const std::string numbers(48, '\1');
    for (const std::string dictionary :
         {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }\n",
          "{'descr': '>f8', 'fortran_order': True, 'shape': (3, 1, 2), }\n",
          "{'descr': '|u1', 'fortran_order': True, 'shape': (6, 8), }\n"}) {
        survives_mutations(npy(dictionary, numbers), 1000, [&](const std::string& bytes) {
            const ArraySource source = ArraySource::open(file("a.npy", bytes));
            EXPECT_EQ(source.content().size(), bytes_of(source.type()));
        });
    }
}

TEST_F(ArrayFile, survives_mutated_matrix_market_files) {
    for (const std::string body :
         {"coordinate integer skew-symmetric\n% why\n3 3 2\n2 1 5\n3 1 -7\n",
          "coordinate complex hermitian\n2 2 2\n1 1 1 0\n2 1 3 -4.5e1\n",
          "coordinate pattern general\n2 3 2\n1 1\n2 3\n", "array real symmetric\n2 2\n1\n2.5\n3\n",
          "array integer general\n2 2\n1\n2\n3\n4\n"}) {
        survives_mutations("%%MatrixMarket matrix " + body, 800, [&](const std::string& bytes) {
            const ArraySource source = ArraySource::open(file("a.mtx", bytes));
            EXPECT_EQ(source.content().size(), bytes_of(source.type()));
        });
    }
}

}  // namespace
}  // namespace juxta::formats
