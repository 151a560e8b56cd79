// Interface descriptions in Ninf's manner, from which service modules are made:
//
//     Module example;
//     Globals { #include "mine.h" }
//
//     Define mmul(IN int n, IN double A[n][n], IN double B[n][n], OUT double C[n][n])
//     "C = A B"
//     Calls "C" mmul(n, A, B, C);
//
//     Define sum(IN int n, IN const double x[n], OUT double *total)
//     { int i; *total = 0; for (i = 0; i < n; ++i) *total += x[i]; }
//
// Modes: IN, OUT, INOUT, WORK (memory for the time of the call, no argument). Types: int (int32),
// long (int64), float, double, scomplex, dcomplex, char, string, filename. Arrays have one extent a
// dimension, an expression over the integers that go in (common/model/extent.h). Comments as in C.
// Ninf's Required, CompileOptions, Library, Language, Backend, Shrink and FortranFormat are read;
// all but the last are for whoever builds the module.
//
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/model/profile.h"

namespace juxta::idl {

struct Parameter {
    ArgumentSpec spec;  // of WORK parameters: IN
    bool is_work = false;
    bool is_const = false;             // an IN array that the function does not write to
    std::vector<std::string> written;  // the extents as they were written
};

struct Service {
    std::string name;
    std::string description;
    std::vector<Parameter> parameters;
    bool retry = true;                 // "Retry never;" says no
    std::string code;                  // what stands in { }, or empty: it calls a function
    std::string function;              // to be called, with these arguments
    std::vector<std::string> actuals;  // parameters' names, or numbers
    bool fortran = false;
    int line = 0;
};

struct Interface {
    std::string module;
    std::string globals;  // C, as it was written
    std::string fortran_format = "%s_";
    std::vector<Service> services;
};

// Throws Error invalid_argument: "FILE:LINE:COLUMN: what is wrong".
Interface parse_interface(std::string_view text, const std::string& file);

// The module as C99, over juxta/service_c.h. `file` is named in its first line.
std::string module_source(const Interface& interface, const std::string& file);

}  // namespace juxta::idl
