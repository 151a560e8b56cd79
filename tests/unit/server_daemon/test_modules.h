// Where the modules of the tests and of the project are, and the program that runs them.
#pragma once

#include <string>

namespace juxta::sed {

inline const std::string kTestingModule = JUXTA_TESTING_MODULE;
inline const std::string kLinalgModule = JUXTA_LINALG_MODULE;
inline const std::string kSedProgram = JUXTA_SED_PROGRAM;
inline std::string test_module(const std::string& name) {
    return std::string(JUXTA_TEST_MODULES) + "/" + name + ".so";
}

}  // namespace juxta::sed
