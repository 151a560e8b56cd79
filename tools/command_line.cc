#include "tools/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <vector>

#include "tools/output.h"

namespace juxta::tools {
namespace {

// CLI11 takes "-3.5" for an option; behind this mark it does not. No word that a shell passes
// starts with it.
constexpr char kNumberMark = '\x01';

bool is_negative_number(std::string_view word) {
    if (word.size() < 2 || word[0] != '-') return false;
    return std::isdigit(static_cast<unsigned char>(word[1])) != 0 || word[1] == '.' ||
           word == "-inf" || word == "-nan";
}

std::vector<std::string> marked_words(int argc, char** argv) {
    std::vector<std::string> words;
    for (int i = argc - 1; i > 0; --i) {  // CLI11 wants them last first
        std::string word = argv[i];
        words.push_back(is_negative_number(word) ? kNumberMark + word : word);
    }
    return words;
}

void unmark(std::string& word) {
    if (word.starts_with(kNumberMark)) word.erase(0, 1);
}

class Grammar {
public:
    explicit Grammar(CommandLine& line) : line_(line) {
        app_.set_version_flag("--version", "juxta 0.1.0");
        app_.require_subcommand(1);
        common(app_);
        platform_verbs();
        call_verbs();
        data_verbs();
    }

    int parse(std::vector<std::string> words) {
        try {
            app_.parse(words);
        } catch (const CLI::ParseError& e) {
            if (e.get_exit_code() == 0) return app_.exit(e);
            std::fprintf(stderr, "juxta: %s (juxta --help, juxta VERB --help)\n", e.what());
            return kWrongUsage;
        }
        return kSuccess;
    }

private:
    void common(CLI::App& app) {
        app.add_flag("--json", line_.json, "one JSON document on standard output");
        app.add_option("--platform", line_.platform,
                       "a platform's name, or a client configuration file");
    }

    CLI::App& verb(Verb which, const char* name, const char* about) {
        CLI::App& app = *app_.add_subcommand(name, about);
        common(app);
        app.callback([this, which] { line_.verb = which; });
        return app;
    }

    void subject(CLI::App& app, const char* name, const char* about, bool required = true) {
        app.add_option(name, line_.subject, about)->required(required);
    }

    void platform_verbs() {
        CLI::App& up = verb(Verb::up, "up", "describe a platform on this machine and deploy it");
        up.add_option("--name", line_.up.name, "of the platform");
        up.add_option("--clusters", line_.up.clusters, "how many clusters (1)");
        up.add_option("--hosts", line_.up.hosts, "how many hosts to play");
        up.add_option("--managers", line_.up.managers, "replicas of each cluster manager (1)");
        up.add_option("--providers", line_.up.providers, "how many providers in all (3)");
        up.add_option("--seds", line_.up.seds, "how many SeDs in all (2)");
        up.add_option("--copies", line_.up.copies,
                      "copies of a datum, unless it says otherwise (1)");
        up.add_option("--memory", line_.up.memory, "that each provider offers (1GiB)");

        subject(verb(Verb::deploy, "deploy", "deploy a platform from its XML descriptor"), "FILE",
                "the descriptor");
        CLI::App& down = verb(Verb::down, "down",
                              "end a platform; nothing of it stays but the stores of durable data");
        down.add_flag("--purge", line_.purge, "delete the stores too");
        subject(verb(Verb::validate, "validate", "check a descriptor"), "FILE", "the descriptor");
        subject(verb(Verb::start, "start", "start a dead element again"), "ELEMENT", "its name");
        subject(verb(Verb::stop, "stop", "drain an element, then stop it"), "ELEMENT", "its name");
        verb(Verb::status, "status", "the tree of elements");
    }

    void call_verbs() {
        verb(Verb::services, "services", "the services and their arguments");
        CLI::App& call = verb(Verb::call, "call", "call a service");
        call.add_option("SERVICE", line_.call.service, "NAME or MODULE/NAME")->required();
        call.add_option("ARG", line_.call.arguments,
                        "d:ID, a data name, @FILE, a number, a string: as the profile asks");
        call.add_option("-o", line_.call.outputs,
                        "names for the array outputs, in profile order; repeat it")
            ->allow_extra_args(false);
        call.add_flag("--async", line_.call.async, "print the request and do not wait");
        call.add_option("--deadline", line_.call.deadline_s,
                        "seconds after which the call is stopped")
            ->check(CLI::PositiveNumber);
        subject(verb(Verb::wait, "wait", "wait for a request and print what came out"), "REQUEST",
                "r:...");
        subject(verb(Verb::cancel, "cancel", "stop a request in whatever state it is"), "REQUEST",
                "r:...");
        CLI::App& bench = verb(Verb::bench, "bench", "measure something beside its reference");
        bench.add_option("NAME", line_.bench.name, "call")->required();
        bench.add_flag("--quick", line_.bench.quick, "within 50 seconds");
    }

    void data_verbs() {
        CLI::App& put = verb(Verb::put, "put", "bring an array into the platform");
        put.add_option("FILE", line_.put.file, ".npy, .mtx, or any other as bytes")->required();
        CLI::Option* name = put.add_option("--name", line_.put.name, "for the datum");
        CLI::Option* into =
            put.add_option("--into", line_.put.into, "a datum: write a new version of it")
                ->excludes(name);
        put.add_option("--offset", line_.put.offset, "in the datum, in bytes")->needs(into);
        put.add_option("--copies", line_.put.copies, "in its cluster")->check(CLI::PositiveNumber);
        put.add_option("--persist", line_.put.persist,
                       "volatile, strictly_volatile, persistent, sticky, unique_sticky");
        put.add_option("--protocol", line_.put.protocol, "consistency protocol (sequential)");
        put.add_option("--cluster", line_.put.cluster, "that owns it");

        CLI::App& get = verb(Verb::get, "get", "write a datum to a file");
        get.add_option("DATA", line_.get.datum, "d:ID or a name")->required();
        get.add_option("-o", line_.get.output, "FILE: .npy, .mtx, or any other for the bytes");
        get.add_option("--offset", line_.get.offset, "first byte of a region");
        get.add_option("--length", line_.get.length, "bytes of a region");

        subject(verb(Verb::data, "data", "list the data, or tell of one"), "DATA", "d:ID or a name",
                false);
        subject(verb(Verb::rm, "rm", "free a datum"), "DATA", "d:ID or a name");
    }

    CommandLine& line_;
    CLI::App app_{"Juxta: call services where their data are."};
};

}  // namespace

int with_command_line(int argc, char** argv,
                      const std::function<int(const CommandLine&)>& command) {
    CommandLine line;
    Grammar grammar(line);
    // Help is printed by parse() itself; it leaves no verb to run.
    const std::vector<std::string> words = marked_words(argc, argv);
    const bool help = std::ranges::any_of(words, [](const std::string& word) {
        return word == "-h" || word == "--help" || word == "--version";
    });
    if (const int code = grammar.parse(words); code != kSuccess || help) return code;
    for (std::string& word : line.call.arguments) unmark(word);
    for (std::string* word : {&line.subject, &line.put.file, &line.put.name, &line.get.datum})
        unmark(*word);
    return command(line);
}

}  // namespace juxta::tools
