#include "remap.hpp"

#include <algorithm>
#include <utility>

#include "../simd/loops.hpp"
#include "indexing.hpp"
#include "layout.hpp"

namespace plumb::kernel {
namespace {

// Walks over the rows of a result: all axes before the last one that has a table.
class RowWalk {
 public:
  RowWalk(const Shape& source, const Shape& result, const AxisTables& tables, int last,
          std::int64_t row)
      : source_(source), result_(result), tables_(tables), last_(last) {
    for (int axis = last - 1; axis >= 0; --axis) {
      index_[axis] = row % result[axis];
      row /= result[axis];
    }
  }

  // The number of the row's source, or no_source.
  std::int64_t source() const {
    std::int64_t row = 0;
    for (int axis = 0; axis < last_; ++axis) {
      const AxisTable& table = tables_[static_cast<std::size_t>(axis)];
      const std::int64_t at =
          table.empty() ? index_[axis] : table[static_cast<std::size_t>(index_[axis])];
      if (at == no_source) return no_source;
      row = row * source_[axis] + at;
    }
    return row;
  }

  void next() {
    for (int axis = last_ - 1; axis >= 0 && ++index_[axis] == result_[axis]; --axis)
      index_[axis] = 0;
  }

 private:
  const Shape& source_;
  const Shape& result_;
  const AxisTables& tables_;
  int last_;
  std::int64_t index_[Shape::max_rank] = {};
};

// The longest run of positions whose sources follow one another, which are copied as one.
struct StraightRun {
  std::int64_t begin = 0, end = 0;

  explicit StraightRun(const AxisTable& table) {
    const auto size = static_cast<std::int64_t>(table.size());
    const auto at = [&](std::int64_t i) { return table[static_cast<std::size_t>(i)]; };
    for (std::int64_t first = 0, i; first < size; first = i) {
      for (i = first + 1; i < size && at(first) != no_source && at(i) == at(i - 1) + 1;) ++i;
      if (at(first) != no_source && i - first > end - begin) begin = first, end = i;
    }
  }
};

// The positions [begin, end) of a row, whose elements are runs of `inner`.
template <class T>
void copy_positions(const AxisTable& table, std::int64_t begin, std::int64_t end,
                    std::int64_t inner, T filler, const T* from, T* to) {
  const std::int64_t* places = table.data();
  if (inner == 1) {
    for (std::int64_t i = begin; i < end; ++i)
      to[i] = places[i] == no_source ? filler : from[places[i]];
    return;
  }
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t at = places[i];
    if (at == no_source) {
      std::fill_n(to + i * inner, inner, filler);
    } else {
      std::copy_n(from + at * inner, inner, to + i * inner);
    }
  }
}

int last_mapped(const AxisTables& tables) {
  for (auto axis = static_cast<int>(tables.size()) - 1; axis >= 0; --axis)
    if (!tables[static_cast<std::size_t>(axis)].empty()) return axis;
  return -1;
}

// What is added up along an axis, of [outer, m, inner], where each element takes few terms.
template <class T>
void add_up(const AxisTable& table, std::int64_t outer, std::int64_t n, const T* from, T* to) {
  const auto m = static_cast<std::int64_t>(table.size());
  parallel_for(outer, grain / m + 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin; o < end; ++o)
      for (std::int64_t k = 0; k < m; ++k)
        to[o * n + table[static_cast<std::size_t>(k)]] += from[o * m + k];
  });
}

// The most terms that one element of an axis of `size` takes.
std::int64_t most_terms(const AxisTable& table, std::int64_t size) {
  std::vector<std::int64_t> terms(static_cast<std::size_t>(size));
  for (const std::int64_t at : table) ++terms[static_cast<std::size_t>(at)];
  return *std::max_element(terms.begin(), terms.end());
}

// dx = or += g, added up along one axis.
void add_up_into(Tensor& dx, Write mode, const Tensor& g, int axis, const AxisTable& table) {
  const std::int64_t inner = dx.shape().numel(axis + 1, dx.rank());
  const std::int64_t n = dx.shape()[axis];
  constexpr std::int64_t few = 64;  // more of them are not one chain of roundings
  if (inner > 1 || most_terms(table, n) > few)
    return index_select_into(dx, mode, g, axis, Tensor::from(table));
  if (mode == Write::overwrite) dx.fill(0);
  dispatch_floating("remap_into", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    add_up(table, dx.numel() / n, n, g.data<T>(), dx.mutable_data<T>());
  });
}

}  // namespace

void remap(Tensor& y, const Tensor& x, const AxisTables& tables, double filler) {
  if (y.numel() == 0) return;  // its axis without positions has an empty table
  const int last = last_mapped(tables);
  if (last < 0) return y.copy_from(x);
  const Shape& shape = y.shape();
  const AxisTable& table = tables[static_cast<std::size_t>(last)];
  const StraightRun run(table);
  const std::int64_t inner = shape.numel(last + 1, shape.rank());
  const std::int64_t from_length = x.shape()[last] * inner, to_length = shape[last] * inner;
  dispatch_all(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = x.data<T>();
    T* to = y.mutable_data<T>();
    const T number = static_cast<T>(filler);
    const auto row = [&](const T* in, T* out) {
      copy_positions(table, 0, run.begin, inner, number, in, out);
      if (run.begin < run.end)
        std::copy_n(in + table[static_cast<std::size_t>(run.begin)] * inner,
                    (run.end - run.begin) * inner, out + run.begin * inner);
      copy_positions(table, run.end, shape[last], inner, number, in, out);
    };
    parallel_for(y.numel() / to_length, grain / to_length + 1,
                 [&](std::int64_t begin, std::int64_t end) {
                   RowWalk walk(x.shape(), shape, tables, last, begin);
                   for (std::int64_t i = begin; i < end; ++i, walk.next()) {
                     const std::int64_t source = walk.source();
                     if (source == no_source)
                       std::fill_n(to + i * to_length, to_length, number);
                     else
                       row(from + source * from_length, to + i * to_length);
                   }
                 });
  });
}

void remap_into(Tensor& dx, Write mode, const Tensor& g, const AxisTables& tables) {
  const int last = last_mapped(tables);
  if (g.numel() == 0) {
    if (mode == Write::overwrite) dx.fill(0);
    return;
  }
  if (last < 0) return expand_into(dx, mode, g);
  int first = 0;
  while (tables[static_cast<std::size_t>(first)].empty()) ++first;
  Tensor rest = g;
  for (int axis = last; axis > first; --axis) {
    const AxisTable& table = tables[static_cast<std::size_t>(axis)];
    if (table.empty()) continue;
    Shape shape = rest.shape();
    shape[axis] = dx.shape()[axis];
    Tensor sums = Tensor::empty(shape, dx.dtype());
    add_up_into(sums, Write::overwrite, rest, axis, table);
    rest = std::move(sums);
  }
  add_up_into(dx, mode, rest, first, tables[static_cast<std::size_t>(first)]);
}

}  // namespace plumb::kernel
