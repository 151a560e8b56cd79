#include "data_service/core/consistency.h"

#include <algorithm>
#include <array>
#include <string>

namespace juxta::data {
namespace {

class Sequential final : public ConsistencyProtocol {
public:
    std::string_view name() const override { return "sequential"; }
    bool write_once() const override { return false; }
    bool keeps_versions() const override { return false; }
    bool may_answer(const SeenVersion&) const override { return false; }
};

class EntryConsistency final : public ConsistencyProtocol {
public:
    std::string_view name() const override { return "entry"; }
    bool write_once() const override { return false; }
    bool keeps_versions() const override { return true; }
    bool may_answer(const SeenVersion& seen) const override {
        return seen.pinned && seen.version >= seen.met;
    }
};

class Relaxed final : public ConsistencyProtocol {
public:
    std::string_view name() const override { return "relaxed"; }
    bool write_once() const override { return false; }
    bool keeps_versions() const override { return true; }
    bool may_answer(const SeenVersion& seen) const override {
        return seen.pinned && seen.version >= seen.met && seen.age < kRelaxedAge;
    }
};

class Immutable final : public ConsistencyProtocol {
public:
    std::string_view name() const override { return "immutable"; }
    bool write_once() const override { return true; }
    bool keeps_versions() const override { return true; }
    // The only version is never retired: it needs no pin.
    bool may_answer(const SeenVersion& seen) const override { return seen.version == 1; }
};

const Sequential sequential;
const EntryConsistency entry;
const Relaxed relaxed;
const Immutable immutable;
const std::array<const ConsistencyProtocol*, 4> all{&sequential, &entry, &relaxed, &immutable};

}  // namespace

const ConsistencyProtocol* find_consistency(std::string_view name) {
    const auto found = std::ranges::find(all, name, &ConsistencyProtocol::name);
    return found == all.end() ? nullptr : *found;
}

std::vector<std::string_view> consistency_names() {
    std::vector<std::string_view> names;
    for (const ConsistencyProtocol* each : all) names.push_back(each->name());
    return names;
}

std::string consistency_names_text() {
    std::string text;
    for (const ConsistencyProtocol* each : all) {
        text += (text.empty() ? "" : ", ") + std::string(each->name());
    }
    return text;
}

}  // namespace juxta::data
