#include "data_service/client/kept_versions.h"

#include <algorithm>

namespace juxta::data {
namespace {

constexpr Duration kept_for = 5 * kSecond;  // without being read: a pin keeps memory elsewhere
constexpr std::size_t most_kept = 1000;

}  // namespace

HeldVersionPtr KeptVersions::answer(const DataId& id, const ConsistencyProtocol& protocol,
                                    Time now) {
    return entries_.with([&](Entries& entries) -> HeldVersionPtr {
        Entry& entry = entries[id];
        entry.used = now;
        if (!entry.held) return nullptr;
        const SeenVersion seen{entry.held->version, entry.met, now - entry.asked,
                               entry.held->is_trusted(now)};
        return protocol.may_answer(seen) ? entry.held : nullptr;
    });
}

void KeptVersions::keep(const DataId& id, HeldVersionPtr held, Time asked) {
    entries_.with([&](Entries& entries) {
        const auto found = entries.find(id);
        // Forgotten while the answer was on its way, and with it what was met.
        if (found == entries.end()) return;
        Entry& entry = found->second;
        if (held->version < entry.met || (entry.held && asked < entry.asked)) return;
        entry.met = held->version;
        entry.asked = asked;
        entry.held.swap(held);  // the older one goes with `held`, after the lock
    });
}

void KeptVersions::met(const DataId& id, Version version) {
    HeldVersionPtr older;
    entries_.with([&](Entries& entries) {
        Entry& entry = entries[id];
        entry.met = std::max(entry.met, version);
        entry.used = std::max(entry.used, monotonic_now());
        if (entry.held && entry.held->version < entry.met) older = std::move(entry.held);
    });
}

void KeptVersions::forget(const DataId& id) {
    Entries::node_type gone;
    entries_.with([&](Entries& entries) { gone = entries.extract(id); });
}

void KeptVersions::forget_unused(Time now) {
    Entries gone;
    entries_.with([&](Entries& entries) {
        Time before = now - kept_for;
        if (entries.size() > most_kept) before = now - kept_for / 10;
        for (auto each = entries.begin(); each != entries.end();) {
            const auto next = std::next(each);
            if (each->second.used < before) gone.insert(entries.extract(each));
            each = next;
        }
    });
}

void KeptVersions::clear() {
    Entries gone;
    entries_.with([&](Entries& entries) { gone.swap(entries); });
}

}  // namespace juxta::data
