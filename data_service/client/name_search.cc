#include "data_service/client/name_search.h"

#include <optional>

namespace juxta::data {
namespace {

struct Answers {
    InfoPtr found;
    std::optional<Error> failure;  // of a cluster that may know it
    std::size_t missing = 0;
};

constexpr auto longest = std::chrono::seconds(60);  // far beyond what asking one takes

}  // namespace

InfoPtr NameSearch::find(const std::string& name, const std::vector<std::string>& clusters) {
    const auto answers = std::make_shared<Guarded<Answers>>();
    answers->with([&](Answers& all) { all.missing = clusters.size(); });
    const auto ask_one = [ask = ask_, answers, name](const std::string& cluster) {
        InfoPtr found;
        std::optional<Error> failure;
        try {
            found = ask(cluster, name);
        } catch (const Error& e) {
            if (e.code() != ErrorCode::not_found) failure = e;
        }
        answers->change([&](Answers& all) {
            if (found) all.found = found;
            if (failure) all.failure = failure;
            --all.missing;
        });
    };
    if (clusters.size() == 1) {
        ask_one(clusters.front());
    } else {
        out_.with([](auto& out) {
            out.remove_if([](const std::future<void>& one) {
                return one.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
            });
        });
        for (const std::string& cluster : clusters) {
            auto asked = std::async(std::launch::async, ask_one, cluster);
            out_.with([&](auto& out) { out.push_back(std::move(asked)); });
        }
    }
    const auto outcome = answers->wait_until(
        std::chrono::steady_clock::now() + longest,
        [](const Answers& all) { return all.found || all.missing == 0; },
        [](const Answers& all) { return all; });
    if (outcome && outcome->found) return outcome->found;
    if (outcome && outcome->failure) throw *outcome->failure;
    throw Error(ErrorCode::not_found, "there is no datum named '" + name + "' in this platform");
}

}  // namespace juxta::data
