#include "data_service/consensus/proposals.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace juxta::data {
namespace {

constexpr std::size_t kEntryBytes = 64 << 10;  // of an entry that several share
constexpr std::size_t kMostProposals = 4096;
constexpr std::uint32_t kMark = 0x3142584a;  // "JXB1"
constexpr std::size_t kHeadBytes = 2 * sizeof(std::uint32_t) + sizeof(std::uint64_t);

void put(std::string& out, std::uint32_t number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::uint32_t take_number(std::string_view& rest) {
    std::uint32_t number = 0;
    if (rest.size() < sizeof number) {
        throw Error(ErrorCode::internal, "an entry of the managers' log ends too early");
    }
    std::memcpy(&number, rest.data(), sizeof number);
    rest.remove_prefix(sizeof number);
    return number;
}

}  // namespace

void Proposal::succeed() {
    outcome_.change([](Outcome& o) { o.is_known = true; });
}

void Proposal::fail(const Error& why) {
    outcome_.change([&](Outcome& o) {
        if (o.is_known) return;
        o.is_known = true;
        o.failure = Failure{why.code(), why.what(), why.redirect()};
    });
}

bool Proposal::wait() {
    const auto outcome = outcome_.wait_until(
        deadline, [](const Outcome& o) { return o.is_known; }, [](const Outcome& o) { return o; });
    if (!outcome) return false;
    if (outcome->failure) {
        throw Error(outcome->failure->code, outcome->failure->text, outcome->failure->redirect);
    }
    return true;
}

void ProposalQueue::add(std::shared_ptr<Proposal> proposal) {
    waiting_.with([&](auto& waiting) { waiting.push_back(std::move(proposal)); });
}

Batch ProposalQueue::take() {
    const auto now = std::chrono::steady_clock::now();
    return waiting_.with([&](auto& waiting) {
        Batch batch;
        std::size_t bytes = 0;
        while (!waiting.empty() && batch.size() < kMostProposals) {
            const auto& first = waiting.front();
            if (first->deadline > now) {
                bytes += first->entry.size() + sizeof(std::uint32_t);
                if (!batch.empty() && bytes > kEntryBytes) break;
                batch.push_back(first);
            }
            waiting.pop_front();
        }
        return batch;
    });
}

bool ProposalQueue::remove(const std::shared_ptr<Proposal>& proposal) {
    return waiting_.with([&](auto& waiting) { return std::erase(waiting, proposal) > 0; });
}

bool ProposalQueue::empty() const {
    return waiting_.with([](const auto& waiting) { return waiting.empty(); });
}

std::string entry_of(const Batch& batch, std::uint64_t confirmed) {
    std::string entry;
    put(entry, kMark);
    put(entry, static_cast<std::uint32_t>(batch.size()));
    entry.append(reinterpret_cast<const char*>(&confirmed), sizeof confirmed);
    for (const auto& proposal : batch) {
        put(entry, static_cast<std::uint32_t>(proposal->entry.size()));
        entry += proposal->entry;
    }
    entry.resize((entry.size() + 7) / 8 * 8);
    return entry;
}

std::uint64_t confirmed_before(std::string_view entry) {
    std::uint64_t confirmed = 0;
    if (entry.size() < kHeadBytes) return 0;
    std::uint32_t mark = 0;
    std::memcpy(&mark, entry.data(), sizeof mark);
    if (mark != kMark) return 0;
    std::memcpy(&confirmed, entry.data() + kHeadBytes - sizeof confirmed, sizeof confirmed);
    return confirmed;
}

void for_each_proposal(std::string_view entry, const std::function<void(std::string_view)>& visit) {
    if (take_number(entry) != kMark) {
        throw Error(ErrorCode::internal,
                    "an entry of the managers' log is of another format; it was written by another "
                    "version");
    }
    std::uint32_t left = take_number(entry);
    take_number(entry);  // confirmed_before(), in halves
    take_number(entry);
    for (; left > 0; --left) {
        const std::uint32_t bytes = take_number(entry);
        if (bytes > entry.size()) {
            throw Error(ErrorCode::internal, "an entry of the managers' log ends too early");
        }
        visit(entry.substr(0, bytes));
        entry.remove_prefix(bytes);
    }
}

}  // namespace juxta::data
