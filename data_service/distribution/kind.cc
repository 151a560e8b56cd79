#include "data_service/distribution/kind.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/error.h"
#include "data_service/distribution/numbers.h"

namespace juxta::distribution {
namespace {

[[noreturn]] void refuse_arguments(const Kind& kind, std::string_view arguments) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("'{}:{}' is no distribution: it is written {}", kind.name(), arguments,
                            kind.form()));
}

class Whole final : public Kind {
public:
    std::string_view name() const override { return "*"; }
    std::string_view form() const override { return "*"; }
    void read(std::string_view arguments, Axis&) const override {
        if (!arguments.empty()) refuse_arguments(*this, arguments);
    }
    std::string written(const Axis&) const override { return {}; }
    std::string objection(const Axis&) const override { return {}; }
    bool replicates() const override { return true; }
    Index owner(const Axis&, Index) const override { return 0; }
    Index local(const Axis&, Index global) const override { return global; }
    Index global(const Axis&, Index, Index local) const override { return local; }
    Index count(const Axis& axis, Index) const override { return axis.n; }
    Pattern pattern(const Axis& axis, Index) const override {
        Pattern all;
        append(all, Comb{.length = axis.n});
        return all;
    }
};

// Blocks of one size, dealt out in turn. RR-4924 calls blocks of 1 cyclic; the formulas are those
// of ScaLAPACK's NUMROC, INDXG2P, INDXG2L and INDXL2G, in an order that cannot overflow.
class Dealt : public Kind {
public:
    Index owner(const Axis& axis, Index global) const override {
        return global / block_of(axis) % axis.places;
    }
    Index local(const Axis& axis, Index global) const override {
        const Index block = block_of(axis);
        return global / block / axis.places * block + global % block;
    }
    Index global(const Axis& axis, Index coordinate, Index local) const override {
        const Index block = block_of(axis);
        return (local / block * axis.places + coordinate) * block + local % block;
    }
    Index count(const Axis& axis, Index coordinate) const override {
        const Index block = block_of(axis);
        const Index whole_blocks = axis.n / block;
        const Index extra = whole_blocks % axis.places;
        const Index last = coordinate < extra ? block : coordinate == extra ? axis.n % block : 0;
        return whole_blocks / axis.places * block + last;
    }
    Pattern pattern(const Axis& axis, Index coordinate) const override {
        const Index block = block_of(axis);
        const Index whole_blocks = axis.n / block;
        const Index extra = whole_blocks % axis.places;
        const Index mine = whole_blocks / axis.places + (coordinate < extra ? 1 : 0);
        Pattern pattern;
        if (mine > 0) {
            append(pattern, Comb{.first = coordinate * block,
                                 .length = block,
                                 .count = mine,
                                 .period = mine > 1 ? block * axis.places : 0,
                                 .local_period = block});
        }
        if (coordinate == extra) {
            append(pattern, Comb{.first = whole_blocks * block,
                                 .length = axis.n % block,
                                 .local = mine * block});
        }
        return pattern;
    }

protected:
    virtual Index block_of(const Axis& axis) const = 0;  // >= 1
};

class Block final : public Dealt {
public:
    std::string_view name() const override { return "block"; }
    std::string_view form() const override { return "block"; }
    void read(std::string_view arguments, Axis&) const override {
        if (!arguments.empty()) refuse_arguments(*this, arguments);
    }
    std::string written(const Axis&) const override { return {}; }
    std::string objection(const Axis&) const override { return {}; }

protected:
    Index block_of(const Axis& axis) const override {
        return std::max<Index>(ceil_div(axis.n, axis.places), 1);
    }
};

class Cyclic final : public Dealt {
public:
    std::string_view name() const override { return "cyclic"; }
    std::string_view form() const override { return "cyclic[:B]"; }
    void read(std::string_view arguments, Axis& axis) const override {
        const auto block = arguments.empty() ? 1 : parse_index(arguments);
        if (!block) refuse_arguments(*this, arguments);
        axis.block = *block;
    }
    std::string written(const Axis& axis) const override { return std::to_string(axis.block); }
    std::string objection(const Axis& axis) const override {
        if (axis.block >= 1 && axis.block < kIndexLimit) return {};
        return fmt::format("blocks of {} elements: they have 1 to 2^62", axis.block);
    }

protected:
    Index block_of(const Axis& axis) const override { return axis.block; }
};

class Given final : public Kind {
public:
    std::string_view name() const override { return "gen"; }
    std::string_view form() const override { return "gen:N1/N2/..."; }
    void read(std::string_view arguments, Axis& axis) const override {
        auto parts = parse_list(arguments, '/');
        if (!parts) refuse_arguments(*this, arguments);
        axis.parts = std::move(*parts);
    }
    std::string written(const Axis& axis) const override { return list_text(axis.parts, '/'); }
    std::string objection(const Axis& axis) const override {
        if (axis.parts.size() != static_cast<std::size_t>(axis.places)) {
            return fmt::format("{} lengths for {} places: each has one", axis.parts.size(),
                               axis.places);
        }
        Wide sum = 0;
        for (const Index part : axis.parts) {
            if (part < 0) return fmt::format("a length of {}: lengths are 0 or more", part);
            sum += part;
        }
        if (sum == axis.n) return {};
        if (sum >= kIndexLimit) return "lengths that add up to more than 2^62";
        return fmt::format("lengths that add up to {}, not to {}", static_cast<Index>(sum), axis.n);
    }
    Index owner(const Axis& axis, Index global) const override {
        Index coordinate = 0;
        while (global >= axis.parts[at(coordinate)]) global -= axis.parts[at(coordinate++)];
        return coordinate;
    }
    Index local(const Axis& axis, Index global) const override {
        return global - start(axis, owner(axis, global));
    }
    Index global(const Axis& axis, Index coordinate, Index local) const override {
        return start(axis, coordinate) + local;
    }
    Index count(const Axis& axis, Index coordinate) const override {
        return axis.parts[at(coordinate)];
    }
    Pattern pattern(const Axis& axis, Index coordinate) const override {
        Pattern pattern;
        append(pattern,
               Comb{.first = start(axis, coordinate), .length = axis.parts[at(coordinate)]});
        return pattern;
    }

private:
    static std::size_t at(Index coordinate) { return static_cast<std::size_t>(coordinate); }
    static Index start(const Axis& axis, Index coordinate) {
        Index sum = 0;
        for (Index before = 0; before < coordinate; ++before) sum += axis.parts[at(before)];
        return sum;
    }
};

const Whole whole;
const Block block;
const Cyclic cyclic;
const Given given;

}  // namespace

Axis::Axis() : kind(&whole) {}
Axis::Axis(Index elements, const Kind& how, Index over_places)
    : n(elements), kind(&how), places(over_places) {}

Index Axis::owner(Index global) const {
    const Index coordinate = kind->owner(*this, global) + source;
    return coordinate >= places ? coordinate - places : coordinate;
}

bool Axis::owns(Index p, Index global) const { return kind->replicates() || owner(global) == p; }

Index Axis::global(Index p, Index local) const {
    return kind->global(*this, from_source(p), local);
}

const std::vector<const Kind*>& kinds() {
    static const std::vector<const Kind*> all{&whole, &block, &cyclic, &given};
    return all;
}

const Kind* find_kind(std::string_view name) {
    const auto found = std::ranges::find(kinds(), name, &Kind::name);
    return found == kinds().end() ? nullptr : *found;
}

const Kind& kind_named(std::string_view name) {
    const Kind* found = find_kind(name);
    ensure(found != nullptr, "there is a distribution of that name");
    return *found;
}

std::string kind_forms_text() {
    std::string text;
    for (const Kind* each : kinds()) {
        text += (text.empty() ? "" : ", ") + std::string(each->form());
    }
    return text;
}

}  // namespace juxta::distribution
