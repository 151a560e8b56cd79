// What is typed, as arguments of a service: the profile decides.
#include "tools/typed_arguments.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <complex>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/base/error.h"

namespace juxta::tools {
namespace {

Profile taking(ElementType element, Rank rank = Rank::scalar) {
    Profile profile;
    profile.name = "service";
    profile.arguments = {{"in", Mode::in, element, rank}};
    return profile;
}

// The bytes of the one value argument.
template <class T>
T typed(ElementType element, const std::string& word) {
    const TypedArguments typed = typed_arguments(taking(element), {word});
    const auto& value = std::get<Value>(typed.arguments.at(0).content());
    T result{};
    EXPECT_EQ(value.bytes.size(), sizeof result);
    std::memcpy(&result, value.bytes.data(), std::min(sizeof result, value.bytes.size()));
    return result;
}

std::string typed_text(const std::string& word) {
    const TypedArguments typed = typed_arguments(taking(ElementType::string), {word});
    const auto& value = std::get<Value>(typed.arguments.at(0).content());
    return {reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()};
}

std::string refusal_of(const Profile& profile, const std::vector<std::string>& words) {
    try {
        typed_arguments(profile, words);
    } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::invalid_argument);
        return e.what();
    }
    return {};
}

using Complex = std::complex<double>;

TEST(TypedArguments, read_numbers_as_C_writes_them) {
    EXPECT_EQ(typed<std::int32_t>(ElementType::int32, "-2147483648"), INT32_MIN);
    EXPECT_EQ(typed<std::int64_t>(ElementType::int64, "+9223372036854775807"), INT64_MAX);
    EXPECT_EQ(typed<float>(ElementType::float32, ".5"), 0.5F);
    EXPECT_EQ(typed<double>(ElementType::float64, "-1.5e-3"), -1.5e-3);
    EXPECT_TRUE(std::isinf(typed<double>(ElementType::float64, "-inf")));
    EXPECT_TRUE(std::isnan(typed<double>(ElementType::float64, "nan")));
}

TEST(TypedArguments, read_complex_numbers_in_every_spelling) {
    for (const auto& [word, number] :
         std::vector<std::pair<std::string, Complex>>{{"1.5", {1.5, 0}},
                                                      {"-1.5", {-1.5, 0}},
                                                      {"1.5-2j", {1.5, -2}},
                                                      {"1.5+2j", {1.5, 2}},
                                                      {"1.5+2i", {1.5, 2}},
                                                      {"-2j", {0, -2}},
                                                      {"1.5,-2", {1.5, -2}},
                                                      {"1e3-2e-3j", {1e3, -2e-3}},
                                                      {"+1+1j", {1, 1}}}) {
        EXPECT_EQ(typed<Complex>(ElementType::complex128, word), number) << word;
        EXPECT_EQ(typed<std::complex<float>>(ElementType::complex64, word),
                  std::complex<float>(number))
            << word;
    }
}

TEST(TypedArguments, refuse_what_is_no_number_of_the_type) {
    const std::vector<std::pair<ElementType, std::vector<std::string>>> wrong{
        {ElementType::int32, {"2147483648", "1.0", "", " 1", "1 ", "0x10", "+-5", "-", "--5"}},
        {ElementType::int64, {"9223372036854775808", "1e3", "one"}},
        {ElementType::float32, {"1e39", "1,5", ""}},
        {ElementType::float64, {"1e400", "1.5j", "two", "+-5", "++5"}},
        {ElementType::complex128,
         {"", "j", "1.5-2", "1.5-2k", "1,2j", "1,", ",1", "1+j2", "1.5j2", "1 + 2j", "1+-2j"}},
        {ElementType::char8, {"", "ab"}}};
    for (const auto& [element, words] : wrong) {
        for (const std::string& word : words) {
            const std::string why = refusal_of(taking(element), {word});
            EXPECT_NE(why.find("service: argument in"), std::string::npos)
                << name_of(element) << " took '" << word << "'";
            EXPECT_NE(why.find("'" + word + "'"), std::string::npos) << why;
        }
    }
}

TEST(TypedArguments, take_strings_as_they_are) {
    for (const std::string text :
         {"", " two words ", "it's \"quoted\"", "a@b", "-5", "a\nb", "d:1"})
        EXPECT_EQ(typed_text(text), text);
}

TEST(TypedArguments, take_a_string_from_the_file_behind_an_at_sign) {
    const auto file = std::filesystem::temp_directory_path() /
                      ("juxta-typed-arguments-" + std::to_string(::getpid()));
    std::ofstream(file) << "line 1\nline 2";
    EXPECT_EQ(typed_text("@" + file.string()), "line 1\nline 2");
    std::filesystem::remove(file);
    EXPECT_THROW(typed_text("@" + file.string()), Error);
    EXPECT_THROW(typed_text("@"), Error);
}

TEST(TypedArguments, refuse_a_wrong_number_of_words_and_name_what_is_expected) {
    Profile profile = taking(ElementType::int32);
    profile.arguments.push_back({"alpha", Mode::in, ElementType::float64, Rank::scalar});
    profile.arguments.push_back({"out", Mode::out, ElementType::float64, Rank::scalar});
    for (const auto& words : std::vector<std::vector<std::string>>{{}, {"1"}, {"1", "2", "3"}}) {
        const std::string why = refusal_of(profile, words);
        EXPECT_NE(why.find("takes 2 arguments (in alpha), " + std::to_string(words.size())),
                  std::string::npos)
            << why;
    }
    EXPECT_EQ(typed_arguments(profile, {"1", "2"}).arguments.size(), 2U);
}

TEST(TypedArguments, take_a_word_for_a_datum_where_an_array_is_expected) {
    const Profile profile = taking(ElementType::float64, Rank::matrix);
    EXPECT_TRUE(typed_arguments(profile, {"A"}).array_files.empty());
    EXPECT_THROW(typed_arguments(profile, {"@/nonexistent/A.npy"}), Error);
}

TEST(TypedArguments, refuse_an_array_file_of_another_type_or_rank) {
    const auto file = std::filesystem::temp_directory_path() /
                      ("juxta-typed-arguments-" + std::to_string(::getpid()) + ".mtx");
    std::ofstream(file) << "%%MatrixMarket matrix array real general\n3 1\n1\n2\n3\n";
    const std::string word = "@" + file.string();
    EXPECT_EQ(typed_arguments(taking(ElementType::float64, Rank::matrix), {word}).arguments.size(),
              1U);
    EXPECT_EQ(typed_arguments(taking(ElementType::float64, Rank::vector), {word}).arguments.size(),
              1U)
        << "a matrix of one column is a vector";
    const std::string why = refusal_of(taking(ElementType::int32, Rank::matrix), {word});
    EXPECT_NE(why.find("expected a int32 matrix"), std::string::npos) << why;
    std::filesystem::remove(file);
}

}  // namespace
}  // namespace juxta::tools
