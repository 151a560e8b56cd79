#include "tools/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <vector>

#include "data_service/core/consistency.h"
#include "tools/output.h"

namespace juxta::tools {
namespace {

// CLI11 takes "-3.5" for an option, and what stands after "--" too; behind this mark it does not.
constexpr char kMark = '\x01';
constexpr double kLongestDeadlineS = 1e9;

bool is_negative_number(std::string_view word) {
    if (word.size() < 2 || word[0] != '-') return false;
    return std::isdigit(static_cast<unsigned char>(word[1])) != 0 || word[1] == '.' ||
           word == "-inf" || word == "-nan";
}

// Last first, as CLI11 wants them.
std::vector<std::string> marked_words(int argc, char** argv) {
    std::vector<std::string> words;
    bool literal = false;  // after "--"
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (!literal && word == "--") {
            literal = true;
        } else {
            const bool marked = literal || is_negative_number(word) || word.starts_with(kMark);
            words.push_back(marked ? kMark + word : word);
        }
    }
    std::ranges::reverse(words);
    return words;
}

std::string unmark(std::string& word) {
    if (word.starts_with(kMark)) word.erase(0, 1);
    return {};
}

// For options: CLI11 would take the next option for the value of one whose value was forgotten.
std::string unmark_value(std::string& word) {
    if (word.starts_with('-') && word.size() > 1) return "expected a value, got " + word;
    return unmark(word);
}

std::string whole_number(const std::string& word) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc{} && end == word.data() + word.size()) return {};
    return "expected a whole number, got '" + word + "'";
}

std::string positive_number(const std::string& word) {
    const std::string wrong = whole_number(word);
    return wrong.empty() && word.find_first_not_of('0') == std::string::npos
               ? "expected 1 or more, got '" + word + "'"
               : wrong;
}

std::string seconds_above_zero(const std::string& word) {
    double seconds = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), seconds);
    const bool whole = error == std::errc{} && end == word.data() + word.size();
    if (whole && seconds > 0 && seconds <= kLongestDeadlineS) return {};
    return "expected seconds, above 0 and at most 1e9, got '" + word + "'";
}

std::string not_empty(const std::string& word) {
    return word.empty() ? "expected a value, got an empty one" : "";
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
        for (CLI::App* each : app_.get_subcommands({})) see_through_marks(*each);
        see_through_marks(app_);
    }

    // `words` last first.
    int parse(const std::vector<std::string>& words) {
        try {
            std::vector<std::string> eaten = words;
            app_.parse(eaten);
        } catch (const CLI::ParseError& e) {
            if (e.get_exit_code() == 0) return app_.exit(e);
            print_error(
                std::ranges::find(words, "--json") != words.end(),
                Error(ErrorCode::invalid_argument, unknown_verb(words).value_or(e.what()) +
                                                       " (juxta --help, juxta VERB --help)"));
            return kWrongUsage;
        }
        return kSuccess;
    }

private:
    std::optional<std::string> unknown_verb(const std::vector<std::string>& words) const {
        if (words.empty() || words.back().starts_with('-')) return std::nullopt;
        const auto verbs = app_.get_subcommands([](const CLI::App*) { return true; });
        if (std::ranges::find(verbs, words.back(), &CLI::App::get_name) != verbs.end())
            return std::nullopt;
        return "there is no verb '" + words.back() + "'";
    }

    // Before every other check of a word.
    static void see_through_marks(CLI::App& app) {
        for (CLI::Option* option : app.get_options()) {
            if (option->get_expected_max() == 0) continue;  // a flag
            const bool positional = option->get_positional();
            option->transform(CLI::Validator(positional ? unmark : unmark_value, ""));
        }
    }

    void common(CLI::App& app) {
        app.add_flag("--json", line_.json, "one JSON document on standard output");
        app.add_option("--platform", line_.platform,
                       "a platform's name, or a client configuration file")
            ->check(not_empty);
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

    template <class Number>
    static CLI::Option* number(CLI::App& app, const char* name, Number& value, const char* about) {
        return app.add_option(name, value, about)->check(whole_number);
    }

    void platform_verbs() {
        CLI::App& up = verb(Verb::up, "up", "describe a platform on this machine and deploy it");
        up.add_option("--name", line_.up.name, "of the platform")->check(not_empty);
        number(up, "--clusters", line_.up.clusters, "how many clusters (1)");
        number(up, "--hosts", line_.up.hosts, "how many hosts to play");
        number(up, "--managers", line_.up.managers, "replicas of each cluster manager (3)");
        number(up, "--providers", line_.up.providers, "how many providers in all (3)");
        number(up, "--seds", line_.up.seds, "how many SeDs in all (2)");
        number(up, "--copies", line_.up.copies, "copies of a datum, unless it says otherwise (1)");
        up.add_option("--memory", line_.up.memory, "that each provider offers (1GiB)")
            ->check(not_empty);

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
            ->check(seconds_above_zero);
        subject(verb(Verb::wait, "wait", "wait for a request and print what came out"), "REQUEST",
                "r:...");
        subject(verb(Verb::cancel, "cancel", "stop a request in whatever state it is"), "REQUEST",
                "r:...");
        subject(
            verb(Verb::why, "why", "the table from which a request was placed, and how it stands"),
            "REQUEST", "r:...");
        CLI::App& policy =
            verb(Verb::policy, "policy", "by what calls are placed; or choose another");
        CLI::Option* action =
            policy.add_option("ACTION", line_.policy.action, "use NAME, or load FILE")
                ->check(CLI::IsMember({"use", "load"}));
        CLI::Option* what =
            policy.add_option("WHAT", line_.policy.what,
                              "a shipped policy's name, or a shared object (juxta/policy.h)");
        action->needs(what);
        CLI::App& bench = verb(Verb::bench, "bench", "measure something beside its reference");
        bench.add_option("NAME", line_.bench.name, "call, persistence, transfer, volatility")->required();
        bench.add_flag("--quick", line_.bench.quick, "within 50 seconds");
    }

    void data_verbs() {
        CLI::App& put = verb(Verb::put, "put", "bring an array into the platform");
        put.add_option("FILE", line_.put.file, ".npy, .mtx, or any other as bytes")->required();
        CLI::Option* into =
            put.add_option("--into", line_.put.into, "a datum: write a new version of it")
                ->check(not_empty);
        number(put, "--offset", line_.put.offset, "in the datum, in bytes")->needs(into);
        // What a datum is made with; it has these already where one is written into.
        for (CLI::Option* making :
             {put.add_option("--name", line_.put.name, "for the datum")->check(not_empty),
              put.add_option("--copies", line_.put.copies, "in its cluster")
                  ->check(positive_number),
              put.add_option("--persist", line_.put.persist,
                             "volatile, strictly_volatile, persistent, sticky, unique_sticky"),
              put.add_option("--clusters", line_.put.clusters,
                             "that keep copies: its own and others")
                  ->check(positive_number),
              static_cast<CLI::Option*>(
                  put.add_flag("--durable", line_.put.durable, "every copy on disk, too")),
              put.add_option("--protocol", line_.put.protocol,
                             "consistency: " + data::consistency_names_text()),
              put.add_option("--dist", line_.put.dist,
                             "one for all dimensions, or one each: *, block, cyclic[:B], "
                             "gen:N1/N2/...")
                  ->check(not_empty),
              put.add_option("--grid", line_.put.grid, "places: PxQ[:R|C]")->check(not_empty),
              put.add_option("--src", line_.put.src, "place of the first block: p,q")
                  ->check(not_empty),
              put.add_option("--cluster", line_.put.cluster, "that owns it")->check(not_empty)})
            making->excludes(into);

        CLI::App& get = verb(Verb::get, "get", "write a datum to a file");
        get.add_option("DATA", line_.get.datum, "d:ID or a name")->required();
        get.add_option("-o", line_.get.output, "FILE: .npy, .mtx, or any other for the bytes")
            ->check(not_empty);
        CLI::Option* offset = number(get, "--offset", line_.get.offset, "first byte of a region");
        CLI::Option* length = number(get, "--length", line_.get.length, "bytes of a region");
        CLI::Option* place =
            number(get, "--place", line_.get.place, "the piece of this place alone, column-major");
        place->excludes(offset)->excludes(length);
        for (CLI::Option* layout :
             {get.add_option("--dist", line_.get.dist, "the piece in this layout instead"),
              get.add_option("--grid", line_.get.grid, "of that layout"),
              get.add_option("--src", line_.get.src, "of that layout")})
            layout->check(not_empty)->needs(place);

        set_verb();
        lock_verb();
        subject(verb(Verb::data, "data", "list the data, or tell of one"), "DATA", "d:ID or a name",
                false);
        subject(verb(Verb::rm, "rm", "free a datum"), "DATA", "d:ID or a name");
    }

    void set_verb() {
        CLI::App& set = verb(Verb::set, "set", "change what a datum is kept like");
        set.add_option("DATA", line_.set.datum, "d:ID or a name")->required();
        std::vector<CLI::Option*> changes{
            set.add_option("--copies", line_.set.copies, "in each of its clusters")
                ->check(positive_number),
            set.add_option("--clusters", line_.set.clusters, "that keep copies: its own and others")
                ->check(positive_number),
            set.add_option("--persist", line_.set.persist,
                           "volatile, strictly_volatile, persistent, sticky, unique_sticky")
                ->check(not_empty),
            set.add_option("--name", line_.set.name, "its new name")->check(not_empty),
            set.add_option("--lease", line_.set.lease_s,
                           "seconds that it lives from now on; set it again to renew")
                ->check(seconds_above_zero)};
        set.parse_complete_callback([changes] {
            if (std::ranges::none_of(changes, [](const auto* each) { return each->count() > 0; })) {
                throw CLI::RequiredError(
                    "set: nothing to change; --copies, --clusters, --persist, "
                    "--name or --lease");
            }
        });
    }

    void lock_verb() {
        CLI::App& lock = verb(Verb::lock, "lock", "hold a datum's lock, for a command or a while");
        lock.add_option("DATA", line_.lock.datum, "d:ID or a name")->required();
        lock.add_flag("--shared", line_.lock.shared, "with other readers; nobody writes");
        lock.add_option("--lease", line_.lock.lease_s,
                        "seconds that it outlives this process if that falls silent (5)")
            ->check(seconds_above_zero);
        lock.add_option("CMD", line_.lock.command,
                        "after --: run with JUXTA_LOCK=ID:TOKEN; without it, until SIGTERM");
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
    return command(line);
}

}  // namespace juxta::tools
