#include "server_daemon/core/service_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "server_daemon/core/module_loader.h"
#include "server_daemon/juxta/service.h"
#include "tests/unit/server_daemon/test_modules.h"

namespace juxta::sed {
namespace {

using testing::HasSubstr;
using namespace juxta::service;

template <class Function>
Profile profile_from(std::initializer_list<const char*> names, Function function,
                     service::Retry retry = service::Retry::always) {
    ServiceTable table;
    ModuleRegistry registry(table, "m");
    Registry(&registry).add("f", names, function, retry);
    EXPECT_EQ(registry.refusal(), "");
    return table.profiles().at(0);
}

std::string refusal_of(const auto& body) {
    try {
        body();
    } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::invalid_argument);
        EXPECT_THAT(std::string(e.what()), testing::Not(HasSubstr("\n")));
        return e.what();
    }
    return "accepted";
}

TEST(Signature, becomes_the_profile) {
    const Profile profile = profile_from(
        {"A", "B", "C"}, [](Matrix<const double>, Vector<const float>, Out<Matrix<double>>) {});
    EXPECT_EQ(to_string(profile),
              "f(in A: double matrix, in B: float vector, out C: double matrix)");
    EXPECT_EQ(profile.full_name(), "m/f");
    EXPECT_EQ(profile.retry, juxta::Retry::always);
}

TEST(Signature, knows_all_element_types) {
    const Profile profile =
        profile_from({"a", "b", "c", "d", "e", "f", "g", "h", "i"},
                     [](std::int32_t, std::int64_t, float, double, std::complex<float>,
                        std::complex<double>, char, std::string_view, File) {});
    for (std::size_t i = 0; i < 9; ++i)
        EXPECT_EQ(profile.arguments[i].element, static_cast<ElementType>(i));
}

TEST(Signature, takes_references_to_outputs_and_constant_references) {
    const Profile profile =
        profile_from({"a", "b", "c", "d"},
                     [](const std::string&, const double&, Out<double>&, InOut<std::string>&) {});
    EXPECT_EQ(to_string(profile), "f(in a: string, in b: double, out c: double, inout d: string)");
}

TEST(Signature, of_a_function_and_of_nothing) {
    EXPECT_EQ(profile_from(
                  {}, +[] {})
                  .arguments.size(),
              0u);
    EXPECT_EQ(profile_from(
                  {"v"}, [](InOut<Vector<char>>) {}, service::Retry::never)
                  .retry,
              juxta::Retry::never);
}

TEST(Signature, refuses_the_wrong_number_of_names) {
    ServiceTable table;
    ModuleRegistry registry(table, "m");
    EXPECT_THROW(Registry(&registry).add("f", {"a"}, [](double, double) {}), Failure);
}

TEST(ServiceTable, finds_a_service_by_its_short_and_its_full_name) {
    ServiceTable table;
    load_module(kTestingModule, table);
    EXPECT_NE(table.find("echo"), nullptr);
    EXPECT_EQ(table.find("testing/echo"), table.find("echo"));
    EXPECT_EQ(table.find("linalg/echo"), nullptr);
    EXPECT_EQ(table.find("ech"), nullptr);
}

TEST(ServiceTable, refuses_a_bad_name_and_a_repeated_argument) {
    ServiceTable table;
    const juxta_solve solve = [](juxta_call*, void*) { return 0; };
    EXPECT_THAT(refusal_of([&] {
                    table.add({{"a b", "m", {}, {}}, solve, nullptr});
                }),
                HasSubstr("'a b' cannot name"));
    EXPECT_THAT(refusal_of([&] {
                    table.add({{"", "m", {}, {}}, solve, nullptr});
                }),
                HasSubstr("cannot name"));
    EXPECT_THAT(refusal_of([&] {
                    table.add({{"f", "m", {{"x"}, {"x"}}, {}}, solve, nullptr});
                }),
                HasSubstr("there twice"));
    EXPECT_THAT(refusal_of([&] {
                    table.add({{"f", "m", {{"x", Mode::in, ElementType::file, Rank::vector}}, {}},
                               solve,
                               nullptr});
                }),
                HasSubstr("no arrays of strings or files"));
    EXPECT_THAT(refusal_of([&] {
                    table.add({{"f", "m", {}, {}}, nullptr, nullptr});
                }),
                HasSubstr("no function"));
}

TEST(Modules, of_the_project_offer_what_the_design_lists) {
    ServiceTable table;
    load_module(kTestingModule, table);
    load_module(kLinalgModule, table);
    for (const char* name : {"testing/echo",  "testing/sleep",    "testing/spin",
                             "testing/crash", "testing/fail",     "testing/leak",
                             "testing/touch", "testing/append",   "testing/append_once",
                             "testing/SUCC",  "testing/SLEEP",    "testing/EXIT",
                             "testing/LOOP",  "linalg/matmul",    "linalg/add",
                             "linalg/scale",  "linalg/transpose", "linalg/solve",
                             "linalg/norm",   "linalg/f1",        "linalg/f2"}) {
        EXPECT_NE(table.find(name), nullptr) << name;
    }
    EXPECT_EQ(table.find("append_once")->profile.retry, juxta::Retry::never);
    EXPECT_EQ(table.find("append")->profile.retry, juxta::Retry::always);
    EXPECT_EQ(to_string(table.find("SUCC")->profile), "SUCC(in in: int32, out out: int32)");
}

TEST(Modules, are_written_in_c_too) {
    ServiceTable table;
    load_module(test_module("plain"), table);
    EXPECT_EQ(to_string(table.find("plain/dot")->profile),
              "dot(in a: double vector, in b: double vector, out sum: double)");
    EXPECT_EQ(table.find("code")->profile.retry, juxta::Retry::never);
}

TEST(Modules, that_do_not_load_are_refused_in_one_line) {
    ServiceTable table;
    EXPECT_THAT(refusal_of([&] { load_module("/nowhere/x.so", table); }),
                HasSubstr("there is no such file"));
    EXPECT_THAT(refusal_of([&] { load_module(kSedProgram, table); }),
                HasSubstr("it cannot be loaded"));
    EXPECT_THAT(refusal_of([&] { load_module(test_module("no_entry"), table); }),
                HasSubstr("no service module"));
    EXPECT_THAT(refusal_of([&] { load_module(test_module("throwing"), table); }),
                HasSubstr("no licence today"));
}

TEST(Modules, that_offer_a_service_of_another_are_refused) {
    ServiceTable table;
    load_module(kTestingModule, table);
    EXPECT_THAT(
        refusal_of([&] { load_module(test_module("twin"), table); }),
        HasSubstr(
            "module 'twin' offers the service 'echo', which module 'testing' offers already"));
}

TEST(Modules, are_found_by_name_beside_the_program_or_by_path) {
    EXPECT_EQ(module_path("linalg", "/p/lib/juxta/modules"), "/p/lib/juxta/modules/linalg.so");
    EXPECT_EQ(module_path("./my.so", "/p"), "./my.so");
}

}  // namespace
}  // namespace juxta::sed
