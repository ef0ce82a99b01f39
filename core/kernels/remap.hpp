// Copies whose elements are found by a table for each axis: padding, flips, nearest neighbours.
#pragma once

#include <vector>

#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

/// For each position along an axis of the result the one along the axis of the source whose element
/// comes there, or `no_source`. An empty table leaves the axis as it is.
using AxisTable = std::vector<std::int64_t>;
/// A position of the result that holds the filler.
inline constexpr std::int64_t no_source = -1;
/// One table for each axis of a tensor.
using AxisTables = std::vector<AxisTable>;

/// y[i, j, ..] = x[tables[0][i], tables[1][j], ..], or `filler` where a table has no source. Any
/// element type that can hold the filler; y comes with the shape that the tables give.
void remap(Tensor& y, const Tensor& x, const AxisTables& tables, double filler = 0);

/// dx[tables[0][i], tables[1][j], ..] = or += g[i, j, ..], where every position has a source.
/// Floating.
void remap_into(Tensor& dx, Write mode, const Tensor& g, const AxisTables& tables);

}  // namespace plumb::kernel
