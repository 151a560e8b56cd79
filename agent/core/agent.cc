#include "agent/core/agent.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "common/log/log.h"

namespace juxta::agent {
namespace {

// A deadline is seen by the link a little after it has passed.
constexpr auto kGrace = std::chrono::milliseconds(20);

Crew::Deadline in_ms(unsigned milliseconds) {
    return std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
}

// 0: no time is left to ask anybody, as in a tree that was configured as a ring.
unsigned time_of_children(unsigned wait_ms) {
    wait_ms = std::min(wait_ms, 10'000u);  // whatever the caller asks for
    return wait_ms - std::min(wait_ms, std::max(1u, wait_ms / 8));
}

bool has_name(const ChildInfo& sed, const std::string& server) {
    return sed.name == server || sed.address == server;
}

// A user's policy sees all there is.
constexpr std::uint32_t kAll = std::numeric_limits<std::uint32_t>::max();

// What a peer reports is ranked by: no number of it may be none.
void make_sound(EstimationVector& vector) {
    for (double* value :
         {&vector.free_memory, &vector.free_cores, &vector.expected_run_s, &vector.backlog_s,
          &vector.since_last_s, &vector.speed, &vector.transfer_s}) {
        if (!std::isfinite(*value)) *value = 0;
    }
    const LinkRates usual;
    if (!(vector.links.cluster > 0)) vector.links.cluster = usual.cluster;
    if (!(vector.links.afar > 0)) vector.links.afar = usual.afar;
    std::erase_if(vector.metrics, [](const Metric& each) { return !std::isfinite(each.value); });
    vector.slots = std::max<std::uint32_t>(vector.slots, 1);
}

template <class T>
void append(std::vector<T>& to, std::vector<T>&& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

std::string join_words(const std::vector<std::string>& words, const char* between) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
    return text;
}

[[noreturn]] void refuse_unknown(const ServiceIndex& index, const std::string& service) {
    const auto near = index.near(service);
    throw Error(ErrorCode::not_found,
                "no server offers a service '" + service + "'" +
                    (near.empty() ? "; 'juxta services' lists what there is"
                                  : "; did you mean " + join_words(near, " or ") + "?"));
}

}  // namespace

// One question to several children. Outlives the call that asked, as long as a child answers.
struct Agent::Round {
    Round(std::vector<Child> c, const ScheduleRequest& r) : children(std::move(c)), request(r) {}

    const std::vector<Child> children;
    const ScheduleRequest request;
    Guarded<Collection> collected;
};

Agent::Agent(AgentSettings settings, Connector& connector, std::unique_ptr<Policy> policy)
    : settings_(std::move(settings)),
      connector_(connector),
      ranking_(std::move(policy), settings_.ranking, settings_.loader),
      state_(settings_.lease_ms * kMillisecond),
      crew_(settings_.threads) {}

unsigned Agent::join(const ChildInfo& newcomer) {
    if (newcomer.name.empty()) {
        throw Error(ErrorCode::invalid_argument, "a child without a name wants to join");
    }
    if (newcomer.name == settings_.name) {
        throw Error(ErrorCode::invalid_argument,
                    newcomer.name + " cannot join itself: give every element a name of its own");
    }
    const Child child{std::make_shared<const ChildInfo>(newcomer), connector_.connect(newcomer)};
    std::vector<std::string> disagreed;
    const bool changed = state_.change([&](State& s) {
        const Time now = monotonic_now();
        const bool expired = s.children.expire(now);
        const bool joined = s.children.join(child, now);
        if (expired || joined) disagreed = s.index.rebuild(s.children.all(), now);
        return expired || joined;
    });
    if (changed) {
        log::info("{} joined as incarnation {}, with {} services", newcomer.name,
                  newcomer.incarnation, newcomer.services.size());
        tell_change(true);
    }
    for (const std::string& service : disagreed) {
        log::warning("children of {} disagree about the arguments of {}: only some are used",
                     settings_.name, service);
    }
    return settings_.lease_ms;
}

void Agent::renew(const std::string& name, Incarnation incarnation) {
    state_.with([&](State& s) {
        expire(s);
        s.children.renew(name, incarnation, monotonic_now());
    });
}

void Agent::leave(const std::string& name, Incarnation incarnation) {
    const bool left = state_.change([&](State& s) {
        const bool was_child = s.children.leave(name, incarnation);
        if (was_child) s.index.rebuild(s.children.all(), monotonic_now());
        return was_child;
    });
    if (!left) return;
    log::info("{} has left", name);
    tell_change(false);
}

Collection Agent::collect(const ScheduleRequest& request, std::uint32_t limit, unsigned wait_ms) {
    Collection collection;
    const unsigned time_ms = time_of_children(wait_ms);
    if (time_ms == 0) return collection;
    auto children = to_be_asked(request, collection);
    ScheduleRequest below = request;
    if (below.policy.empty()) below.policy = ranking_.for_children();
    const bool all = request.policy.empty() && ranking_.needs_all();
    Collection answers = ask_all(std::move(children), below, all ? kAll : limit, time_ms);
    append(collection.refusals, std::move(answers.refusals));

    auto [order, policy] = ranking_.rank(request, answers.candidates);
    collection.policy = std::move(policy);
    const std::size_t kept = std::min<std::size_t>(order.size(), limit);
    collection.candidates.reserve(kept);
    for (std::size_t i = 0; i < kept; ++i) {
        collection.candidates.push_back(std::move(answers.candidates.at(order[i])));
    }
    return collection;
}

std::vector<Candidate> Agent::offer(const ScheduleRequest& request, std::uint32_t limit,
                                    unsigned wait_ms) {
    Collection collection = collect(request, limit, wait_ms);
    if (collection.candidates.empty() && !collection.refusals.empty()) {
        throw Error(ErrorCode::no_server, join_words(collection.refusals, "; "));
    }
    return std::move(collection.candidates);
}

std::optional<SedContact> Agent::find_request(const RequestId& id, unsigned wait_ms) {
    struct Search {
        std::vector<Child> children;
        Guarded<std::optional<SedContact>> found;
    };
    auto search = std::make_shared<Search>();
    const unsigned time_ms = time_of_children(wait_ms);
    if (time_ms == 0) return std::nullopt;
    state_.with([&](State& s) {
        expire(s);
        search->children = s.children.all();
        std::erase_if(search->children,
                      [&](const Child& child) { return s.children.avoided(child.info->name); });
    });
    const auto ask = [this, search, id, time_ms](std::size_t i) {
        const Child& child = search->children[i];
        try {
            const auto sed = child.link->find_request(id, time_ms);
            if (sed) search->found.with([&](auto& found) { found = sed; });
            return sed.has_value();
        } catch (const Error& e) {
            note_failure(child, e);
            return false;
        }
    };
    crew_.run_all(search->children.size(), ask, in_ms(time_ms) + kGrace);
    return search->found.with([](const auto& found) { return found; });
}

std::vector<Profile> Agent::services() {
    return state_.with([&](State& s) {
        expire(s);
        return s.index.profiles();
    });
}

Profile Agent::profile_of(const std::string& service, Crew::Deadline unknown_until) {
    const auto offered = [&](State& s) {
        const auto* known = s.index.find(service);
        return known != nullptr && !known->offered_by.empty();
    };
    auto until = unknown_until;
    const bool here = state_.with([&](State& s) {
        expire(s);
        if (const auto* known = s.index.find(service)) {
            const auto gone = std::chrono::microseconds(known->gone_since + kSecond);
            until = std::max(until, Crew::Deadline(gone));
        }
        return offered(s);
    });
    if (!here) state_.wait_until(until, offered);
    return state_.with([&](State& s) {
        const auto* known = s.index.find(service);
        if (known == nullptr) refuse_unknown(s.index, service);
        if (known->offered_by.empty()) {
            throw Error(ErrorCode::no_server,
                        "the servers that offered " + known->profile.full_name() +
                            " have gone; it works again when one of them is back");
        }
        return known->profile;
    });
}

// True if the services on offer may be others now: wakes nobody, tells nobody.
bool Agent::expire(State& state) {
    const Time now = monotonic_now();
    if (!state.children.expire(now)) return false;
    state.index.rebuild(state.children.all(), now);
    return true;
}

void Agent::tell_change(bool wait) {
    if (services_changed_) services_changed_(wait);
}

std::vector<Child> Agent::to_be_asked(const ScheduleRequest& request, Collection& collection) {
    std::vector<Child> asked;
    const auto consider = [&](const State& s, const Child& child) {
        if (s.children.avoided(child.info->name)) {
            collection.refusals.push_back(child.info->name + ": does not answer at present");
        } else {
            asked.push_back(child);
        }
    };
    state_.with([&](State& s) {
        expire(s);
        const auto* service = s.index.find(request.service);
        if (service == nullptr) return;
        if (!request.server.empty()) {
            const auto wanted = std::ranges::find_if(service->offered_by, [&](const Child& each) {
                return !each.info->is_agent && has_name(*each.info, request.server);
            });
            if (wanted != service->offered_by.end()) return consider(s, *wanted);
        }
        for (const Child& child : service->offered_by) {
            const bool may_be_here = child.info->is_agent || request.server.empty();
            if (may_be_here) consider(s, child);
        }
    });
    std::erase_if(asked, [&](const Child& child) {
        const bool excluded =
            !child.info->is_agent &&
            std::ranges::find(request.excluded, child.info->name) != request.excluded.end();
        if (excluded) collection.refusals.push_back(child.info->name + ": failed this call before");
        return excluded;
    });
    return asked;
}

Collection Agent::ask_all(std::vector<Child> children, const ScheduleRequest& request,
                          std::uint32_t limit, unsigned wait_ms) {
    if (children.size() == 1) return ask_one(children.front(), request, limit, wait_ms);
    const auto round = std::make_shared<Round>(std::move(children), request);
    const auto ask = [this, round, limit, wait_ms](std::size_t i) {
        Collection answer = ask_one(round->children[i], round->request, limit, wait_ms);
        round->collected.with([&](Collection& all) {
            append(all.candidates, std::move(answer.candidates));
            append(all.refusals, std::move(answer.refusals));
        });
        return false;
    };
    crew_.run_all(round->children.size(), ask, in_ms(wait_ms) + kGrace);
    return round->collected.with([](Collection& all) { return std::move(all); });
}

// Never throws: a child that fails is a refusal.
Collection Agent::ask_one(const Child& child, const ScheduleRequest& request, std::uint32_t limit,
                          unsigned wait_ms) {
    Collection answer;
    const ChildInfo& info = *child.info;
    try {
        answer.candidates = child.link->collect(request, limit, wait_ms);
    } catch (const Error& e) {
        note_failure(child, e);
        answer.refusals.push_back(info.name + ": " + e.what());
        return answer;
    }
    for (Candidate& candidate : answer.candidates) {
        make_sound(candidate.estimation);
        if (info.is_agent) continue;
        candidate.sed = {info.name, info.address, info.incarnation, info.place};
        add_locality(candidate.estimation, request, info.place);
    }
    return answer;
}

// A refusal is an answer; silence and a broken connection are not.
void Agent::note_failure(const Child& child, const Error& error) {
    if (error.code() != ErrorCode::deadline_exceeded &&
        error.code() != ErrorCode::peer_unreachable) {
        return;
    }
    const ChildInfo& info = *child.info;
    const bool is_news =
        state_.with([&](State& s) { return s.children.failed(info.name, info.incarnation); });
    if (!is_news) return;
    log::warning("{} is avoided until it renews its lease: {}", info.name, error.what());
}

}  // namespace juxta::agent
