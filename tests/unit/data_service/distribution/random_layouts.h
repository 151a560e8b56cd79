// Layouts drawn at random for the tests of distributions, small enough to look at every element.
#pragma once

#include <algorithm>
#include <random>

#include "data_service/distribution/layout.h"

namespace juxta::distribution {

class Dice {
public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}
    Index between(Index least, Index most) {
        return std::uniform_int_distribution<Index>(least, most)(random_);
    }
    bool once_in(Index times) { return between(1, times) == 1; }

private:
    std::mt19937_64 random_;
};

// Any kind there is. `n` elements over at most `most_places`.
inline Axis random_axis(Dice& dice, Index n, Index most_places, const Kind& kind) {
    Axis axis(n, kind, dice.between(1, most_places));
    axis.source = dice.between(0, axis.places - 1);
    // Sizes round the interesting ones: 1, n, and in between.
    axis.block = dice.once_in(3) ? dice.between(1, n + 2) : dice.between(1, 9);
    if (kind.name() != "cyclic") axis.block = 0;
    if (kind.name() == "gen") {
        axis.parts.assign(static_cast<std::size_t>(axis.places), 0);
        for (Index left = n; left > 0;) {
            const Index part = dice.between(1, left);
            axis.parts[static_cast<std::size_t>(dice.between(0, axis.places - 1))] += part;
            left -= part;
        }
    }
    return axis;
}

inline Axis random_axis(Dice& dice, Index n, Index most_places) {
    const auto& all = kinds();
    return random_axis(dice, n, most_places,
                       *all[static_cast<std::size_t>(dice.between(0, std::ssize(all) - 1))]);
}

inline Layout random_layout(Dice& dice, const Indices& shape, Index most_places) {
    Layout layout;
    for (const Index n : shape) layout.axes.push_back(random_axis(dice, n, most_places));
    layout.grid_order = dice.once_in(2) ? Order::row_major : Order::column_major;
    layout.local_order = dice.once_in(2) ? Order::row_major : Order::column_major;
    return layout;
}

// The next multi-index below `shape`, the last one fastest; false behind the last.
inline bool next_index(Indices& index, const Indices& shape) {
    for (std::size_t i = shape.size(); i-- > 0;) {
        if (++index[i] < shape[i]) return true;
        index[i] = 0;
    }
    return false;
}

}  // namespace juxta::distribution
