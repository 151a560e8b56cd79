#include "data_service/distribution/scalapack.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "common/base/error.h"

namespace juxta::distribution {
namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorCode::invalid_argument,
                "ScaLAPACK descriptor: " + why + "; nothing was moved");
}

void expect(bool holds, const char* entry, Index value, const char* wanted) {
    if (!holds) refuse(fmt::format("{} is {}: it has to be {}", entry, value, wanted));
}

Axis dealt(Index n, Index block, Index places, Index source) {
    Axis axis(n, kind_named("cyclic"), places);
    axis.block = block;
    axis.source = source;
    return axis;
}

// MB_ or NB_ of a dimension.
Index block_of(const Axis& axis, std::size_t dimension) {
    const auto name = axis.kind->name();
    if (name == "cyclic") return axis.block;
    if (name == "block") return std::max<Index>(ceil_div(axis.n, axis.places), 1);
    if (axis.places == 1) return std::max<Index>(axis.n, 1);
    refuse(fmt::format("dimension {} is '{}' over {} places, which block-cyclic matrices cannot be",
                       dimension, name, axis.places));
}

}  // namespace

Descriptor Descriptor::from(std::span<const std::int32_t, 9> d) {
    return {d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8]};
}

std::array<std::int32_t, 9> Descriptor::narrow() const {
    const std::array<Index, 9> wide{dtype,        context,    rows,          columns, row_block,
                                    column_block, row_source, column_source, leading};
    std::array<std::int32_t, 9> numbers{};
    for (std::size_t i = 0; i < wide.size(); ++i) {
        if (wide[i] > std::numeric_limits<std::int32_t>::max()) {
            refuse(fmt::format("entry {} is {}, and its integers have 32 bits", i + 1, wide[i]));
        }
        numbers[i] = static_cast<std::int32_t>(wide[i]);
    }
    return numbers;
}

Layout layout_of(const Descriptor& d, const ProcessGrid& grid, Index element_bytes) {
    expect(d.dtype == Descriptor::kDense, "DTYPE_", d.dtype, "1 (dense)");
    expect(d.rows >= 0, "M_", d.rows, "0 or more");
    expect(d.columns >= 0, "N_", d.columns, "0 or more");
    expect(d.row_block >= 1, "MB_", d.row_block, "1 or more");
    expect(d.column_block >= 1, "NB_", d.column_block, "1 or more");
    expect(d.row_source >= 0 && d.row_source < grid.rows, "RSRC_", d.row_source,
           "a row of the process grid");
    expect(d.column_source >= 0 && d.column_source < grid.columns, "CSRC_", d.column_source,
           "a column of the process grid");
    expect(d.leading >= 1, "LLD_", d.leading, "1 or more");
    Layout layout;
    layout.element_bytes = element_bytes;
    layout.grid_order = grid.order;
    layout.axes = {dealt(d.rows, d.row_block, grid.rows, d.row_source),
                   dealt(d.columns, d.column_block, grid.columns, d.column_source)};
    layout.check();
    return layout;
}

void check_leading(const Descriptor& descriptor, const Layout& layout, Index place) {
    const Index rows = layout.local_shape(place).front();
    if (descriptor.leading >= std::max<Index>(rows, 1)) return;
    refuse(fmt::format("LLD_ is {} at place {}, which has {} local rows", descriptor.leading, place,
                       rows));
}

Descriptor descriptor_of(const Layout& layout, Index place, Index leading, Index context) {
    const std::size_t dimensions = layout.dimensions();
    if (dimensions > 2) refuse(fmt::format("the array has {} dimensions", dimensions));
    const Indices local = layout.local_shape(place);
    const bool either_order = dimensions == 1 || local[0] <= 1 || local[1] <= 1;
    if (layout.local_order != Order::column_major && !either_order) {
        refuse("the local pieces are row-major, and ScaLAPACK's are column-major");
    }
    Descriptor descriptor;
    const Axis& rows = layout.axes.front();
    descriptor.context = context;
    descriptor.rows = rows.n;
    descriptor.row_block = block_of(rows, 0);
    descriptor.row_source = rows.source;
    descriptor.columns = 1;
    if (dimensions == 2) {
        const Axis& columns = layout.axes.back();
        descriptor.columns = columns.n;
        descriptor.column_block = block_of(columns, 1);
        descriptor.column_source = columns.source;
    }
    descriptor.leading = leading == 0 ? std::max<Index>(local.front(), 1) : leading;
    check_leading(descriptor, layout, place);
    return descriptor;
}

}  // namespace juxta::distribution
