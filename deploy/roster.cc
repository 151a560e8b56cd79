#include "deploy/roster.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "common/base/error.h"
#include "common/base/in_parallel.h"

namespace juxta::deploy {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr unsigned kPollAnswerMs = 300;

bool is_answer_of(const ElementStatus& status, const Element& element) {
    return status.name == element.name && status.kind == element.kind;
}

std::string names_of(const std::vector<ElementRecord>& records) {
    std::string names;
    for (const ElementRecord& record : records) {
        names += (names.empty() ? "" : ", ") + record.element.name;
    }
    return names;
}

}  // namespace

void Roster::adopt_strays(std::vector<ElementRecord>& records) {
    in_parallel(records.size(), [&](std::size_t i) {
        ElementRecord& record = records[i];
        if (launcher_.alive(record.process)) return;
        try {
            const ElementStatus status = elements_.status(record.element.endpoint(), kPollAnswerMs);
            if (!is_answer_of(status, record.element)) return;
            const auto found = launcher_.adopt(static_cast<pid_t>(status.pid), record.element.argv);
            if (found) record.process = *found;
        } catch (const Error&) {
            // Nobody there: it is dead.
        }
    });
}

Attendance Roster::wait_until_up(const std::vector<ElementRecord>& started,
                                 const std::function<void(const std::string&)>& say) {
    const auto begin = Clock::now();
    auto next_word = begin + milliseconds(3000);
    auto pause = milliseconds(5);
    Attendance attendance{{}, started, {}};
    while (!attendance.silent.empty()) {
        auto& waiting = attendance.silent;
        for (const ElementRecord& record : waiting) {
            if (!launcher_.alive(record.process)) attendance.ended.push_back(record);
        }
        if (!attendance.ended.empty()) return attendance;

        std::vector<std::string> reasons(waiting.size());
        in_parallel(waiting.size(), [&](std::size_t i) {
            const ElementRecord& record = waiting[i];
            try {
                const auto status = elements_.status(record.element.endpoint(), kPollAnswerMs);
                if (!is_answer_of(status, record.element) || status.pid != record.process.pid) {
                    reasons[i] = "another process answers at " + record.element.endpoint();
                } else if (status.state != ElementState::up) {
                    reasons[i] = "it says '" + std::string(name_of(status.state)) + "'";
                }
            } catch (const Error& e) {
                reasons[i] = e.what();
            }
        });
        std::vector<ElementRecord> still;
        attendance.why_silent.clear();
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            if (reasons[i].empty()) continue;
            if (still.empty()) attendance.why_silent = reasons[i];
            still.push_back(waiting[i]);
        }
        waiting = std::move(still);
        const auto now = Clock::now();
        if (now - begin >= milliseconds(patience_.ready)) break;
        if (now >= next_word && !waiting.empty()) {
            say(fmt::format("{} of {} elements up; waiting for {}", started.size() - waiting.size(),
                            started.size(), names_of(waiting)));
            next_word = now + milliseconds(3000);
        }
        if (!waiting.empty()) std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, milliseconds(50));
    }
    return attendance;
}

bool Roster::wait_for_end(const std::vector<ElementRecord>& records, unsigned wait_ms) {
    const auto deadline = Clock::now() + milliseconds(wait_ms);
    auto pause = milliseconds(2);
    while (std::any_of(records.begin(), records.end(),
                       [&](const auto& each) { return launcher_.alive(each.process); })) {
        if (Clock::now() >= deadline) return false;
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, milliseconds(50));
    }
    return true;
}

void Roster::end(const std::vector<ElementRecord>& records, std::vector<Process> leftovers,
                 bool at_once) {
    std::vector<char> heard(records.size(), 0);
    in_parallel(records.size(), [&](std::size_t i) {
        const ElementRecord& record = records[i];
        if (!launcher_.alive(record.process)) return;
        try {
            if (!at_once) {
                elements_.terminate(record.element.endpoint(), patience_.answer);
                heard[i] = 1;
                return;
            }
        } catch (const Error&) {
            // It does not listen, so a signal has to do.
        }
        launcher_.ask_to_end(record.process);
    });
    std::vector<ElementRecord> ending;
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (heard[i] != 0) ending.push_back(records[i]);
    }
    if (!wait_for_end(ending, patience_.terminate)) {
        for (const ElementRecord& record : ending) launcher_.ask_to_end(record.process);
    }
    wait_for_end(records, patience_.signal);
    for (const ElementRecord& record : records) leftovers.push_back(record.process);
    if (!launcher_.kill_all_of(leftovers)) {
        throw Error(ErrorCode::internal,
                    "some processes of " + names_of(records) +
                        " survive SIGKILL (they hang in the system); try `juxta down` again later");
    }
}

void Roster::wait_until_gone(const std::vector<ElementRecord>& ended) {
    std::vector<Process> processes;
    for (const ElementRecord& record : ended) processes.push_back(record.process);
    launcher_.wait_until_gone(processes, patience_.gone);
}

void Roster::drain(const ElementRecord& record) {
    const Element& element = record.element;
    try {
        elements_.drain(element.endpoint(), patience_.terminate);
    } catch (const Error& e) {
        // It may have been so quick that its answer did not come.
        if (!wait_for_end({record}, patience_.answer)) {
            throw Error(e.code(), element.name + " (" + element.endpoint() +
                                      ") could not be asked to drain: " + e.what() +
                                      "; it runs on");
        }
    }
    if (!wait_for_end({record}, patience_.drain)) {
        throw Error(
            ErrorCode::deadline_exceeded,
            fmt::format("{} has not finished draining after {} s: calls still run there, or "
                        "nobody else can take what it holds; it goes on and ends when it has; "
                        "`juxta status` shows it",
                        element.name, patience_.drain / 1000));
    }
    end({record}, {}, true);
}

ElementView Roster::look_at(const ElementRecord& record) {
    const Element& element = record.element;
    ElementView view{element, {}};
    try {
        const ElementStatus answer = elements_.status(element.endpoint(), patience_.answer);
        if (is_answer_of(answer, element)) view.status = answer;
    } catch (const Error&) {
        // Down, as far as anybody can tell.
    }
    if (view.status.name.empty()) {
        view.status.state = ElementState::down;
        view.status.pid = launcher_.alive(record.process) ? record.process.pid : 0;
    }
    // Where it stands is the descriptor's to say.
    view.status.name = element.name;
    view.status.kind = element.kind;
    view.status.parent = element.parent;
    view.status.place = {element.host, element.cluster};
    return view;
}

std::vector<ElementView> Roster::look(const std::vector<ElementRecord>& records) {
    std::vector<ElementView> views(records.size());
    in_parallel(records.size(), [&](std::size_t i) { views[i] = look_at(records[i]); });
    return views;
}

}  // namespace juxta::deploy
