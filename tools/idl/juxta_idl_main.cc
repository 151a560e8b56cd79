// juxta-idl: makes a service module's source from an interface description (interface.h).
#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "common/base/error.h"
#include "tools/idl/interface.h"

int main(int argc, char** argv) {
    CLI::App app(
        "Makes NAME.c, the source of the service module NAME, from an interface description");
    std::string in, out;
    app.add_option("FILE", in, "the description: Module NAME; Define service(IN int n, ...) ...")
        ->required();
    app.add_option("-o,--output", out, "the file to be written; else NAME.c here");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    try {
        std::ifstream source(in, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(source), {}};
        if (!source.is_open() || source.bad())
            throw juxta::Error(juxta::ErrorCode::not_found, in + " cannot be read");
        const auto interface = juxta::idl::parse_interface(text, in);
        if (out.empty()) out = interface.module + ".c";
        std::ofstream made(out, std::ios::binary | std::ios::trunc);
        made << juxta::idl::module_source(interface, std::filesystem::path(in).filename().string());
        if (!made.flush())
            throw juxta::Error(juxta::ErrorCode::out_of_space, out + " cannot be written");
    } catch (const std::exception& e) {
        std::cerr << "juxta-idl: " << e.what() << '\n';
        return 1;
    }
    return 0;
}
