// The loops over steps and samples that all recurrent cells share; each source makes them for one.
#pragma once

#include <algorithm>

#include "../../runtime/parallel.hpp"
#include "../../simd/vector.hpp"
#include "../../tensor/tensor.hpp"
#include "cells.hpp"
#include "packed_weights.hpp"

namespace plumb::kernel::sequence {

/// What both directions know. Samples do not see each other: blocks of them run their steps on
/// threads of their own.
struct Extent {
  std::int64_t n, steps, hidden;
  bool reversed;
  const std::int64_t* lengths;  // null: all full

  std::int64_t length(std::int64_t sample) const {
    return lengths == nullptr ? steps : lengths[sample];
  }
  std::int64_t longest(std::int64_t begin, std::int64_t end) const {
    std::int64_t most = 0;
    for (std::int64_t i = begin; i < end; ++i) most = std::max(most, length(i));
    return most;
  }
  /// Samples of a block. The results of a sample do not depend on it: a share for each thread, but no
  /// more than keep their states in the second cache.
  std::int64_t block() const {
    const std::int64_t threads = num_threads();
    return std::clamp<std::int64_t>((n + threads - 1) / threads, 4, 64);
  }
};

template <class T>
struct Forward {
  Extent extent;
  const T* x;  // [n, steps, in]; null: the products with it stand in `projected`
  std::int64_t in;
  T* projected;
  const T *w_ih, *w_hh;
  const T* bias;    // of W_ih x, [gates hidden]; null: none
  const T* bias_n;  // of W_hn h, [hidden]; null where the cell needs none
  const T *h, *c;
  T *y, *last_h, *last_c;
  T* cells;  // null: not to be kept
};

template <class T>
struct Backward {
  Extent extent;
  const T *projected, *y, *cells, *h, *c;
  const T* w_hh;
  const T *dy, *d_last_h, *d_last_c;
  T *sums, *before, *dh, *dc;
};

/// Elements of a vector as on_best_vectors has them.
template <class T>
std::int64_t vector_lanes() {
  const std::int64_t bytes = isa() == Isa::v4 ? 64 : isa() == Isa::v3 ? 32 : 16;
  return bytes / static_cast<std::int64_t>(sizeof(T));
}

/// Vectors of a panel of the product with which the gradient goes back one step.
inline constexpr int backward_vectors = 2;

/// Elements from row to row of a buffer that is written in whole panels, two vectors wide at the
/// most. Rows of 2^n elements would all fall on few lines of the first cache.
template <class T>
constexpr std::int64_t padded(std::int64_t size) {
  constexpr auto line = 64 / static_cast<std::int64_t>(sizeof(T));
  return (size + 2 * line - 1) / (2 * line) * (2 * line) + line;
}

template <class T>
PLUMB_INLINE inline void copy_rows(std::int64_t rows, std::int64_t size, const T* from,
                                   std::int64_t from_stride, T* to, std::int64_t to_stride) {
  for (std::int64_t r = 0; r < rows; ++r)
    std::copy_n(from + r * from_stride, size, to + r * to_stride);
}

/// The buffers of a block of samples: rows of states, `stride` apart.
template <class T>
struct States {
  T *before, *after, *c;
  std::int64_t stride;
};

/// Of a panel: the biases of its columns, then `in` steps of W_ih where x is given, then `hidden` steps
/// of W_hh.
template <class Cell, int bytes, class T>
struct PanelShape {
  static constexpr int vectors = Cell::gates * Cell::span;
  static constexpr std::int64_t units = Cell::span * VectorOf<T, bytes>::lanes;
  static constexpr std::int64_t width = Cell::gates * units;

  explicit PanelShape(const Forward<T>& f)
      : state(width * (1 + (f.x == nullptr ? 0 : f.in))), size(state + width * f.extent.hidden) {}
  std::int64_t state, size;  // where W_hh begins, and where the next panel does
};

template <class Cell, int bytes, class T>
PLUMB_INLINE inline void pack_panels(const Forward<T>& f, T* to) {
  const PanelShape<Cell, bytes, T> panel(f);
  constexpr std::int64_t units = PanelShape<Cell, bytes, T>::units;
  const std::int64_t hidden = f.extent.hidden;
  pack_by_unit<bytes, Cell::gates, Cell::span>(hidden, hidden, f.w_hh, to + panel.state,
                                               panel.size);
  if (f.x == nullptr) return;
  pack_by_unit<bytes, Cell::gates, Cell::span>(hidden, f.in, f.w_ih, to + panel.width, panel.size);
  for (std::int64_t first = 0; first < hidden; first += units, to += panel.size)
    for (std::int64_t gate = 0; gate < Cell::gates; ++gate)
      for (std::int64_t u = 0; u < units; ++u)
        to[gate * units + u] =
            f.bias != nullptr && first + u < hidden ? f.bias[gate * hidden + first + u] : T(0);
}

/// The products of one tile: some rows, from `sample` on, times a panel.
template <class Cell, int bytes, class T>
struct Products {
  using Panel = PanelShape<Cell, bytes, T>;
  static constexpr int most = tile_rows<bytes, Panel::vectors>;

  template <int rows>
  PLUMB_INLINE void multiply(const Forward<T>& f, std::int64_t sample, std::int64_t t,
                             const T* panel, const T* before, std::int64_t stride,
                             std::integral_constant<int, rows>) {
    constexpr std::int64_t width = Panel::width;
    if (f.x != nullptr)
      multiply_tile<T, bytes, Panel::vectors, rows>(
          f.in, f.x + (sample * f.extent.steps + t) * f.in, f.extent.steps * f.in, panel + width,
          panel, inputs, width, Write::overwrite);
    multiply_tile<T, bytes, Panel::vectors, rows>(f.extent.hidden, before, stride,
                                                  panel + Panel(f).state, nullptr, sums, width,
                                                  Write::overwrite);
  }

  alignas(64) T sums[most * Panel::width], inputs[most * Panel::width];
};

/// The hidden units of one panel, `first` on, of a tile's rows at step t.
template <class Cell, int bytes, class T>
PLUMB_INLINE inline void forward_tile(const Forward<T>& f, std::int64_t rows, std::int64_t sample,
                                      std::int64_t t, std::int64_t first,
                                      const Products<Cell, bytes, T>& products,
                                      const States<T>& states) {
  constexpr std::int64_t units = PanelShape<Cell, bytes, T>::units;
  constexpr std::int64_t width = PanelShape<Cell, bytes, T>::width;
  const std::int64_t hidden = f.extent.hidden, steps = f.extent.steps;
  const std::int64_t count = std::min(units, hidden - first);
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t step = (sample + r) * steps + t, at = r * states.stride + first;
    T* y = f.y + step * hidden + first;
    if (t >= f.extent.length(sample + r)) {
      std::fill_n(y, count, T(0));
      std::copy_n(states.before + at, count, states.after + at);
      continue;
    }
    T* cell = Cell::has_c ? states.c + at : nullptr;
    T* projected = f.projected + step * Cell::projected * hidden + first;
    const cells::ForwardRow<T> row{hidden,
                                   products.sums + r * width,
                                   units,
                                   f.x != nullptr ? products.inputs + r * width : projected,
                                   f.x != nullptr ? units : hidden,
                                   projected,
                                   f.bias_n == nullptr ? nullptr : f.bias_n + first,
                                   states.before + at,
                                   states.after + at,
                                   y,
                                   cell};
    if (count == units) {
      Cell::forward(std::integral_constant<std::int64_t, units>(), row);
    } else {
      Cell::forward(count, row);
    }
    if (Cell::has_c && f.cells != nullptr)
      std::copy_n(cell, count, f.cells + step * hidden + first);
  }
}

/// All steps of the samples [begin, end).
template <class Cell, int bytes, class T>
PLUMB_INLINE inline void forward_block(const Forward<T>& f, std::int64_t begin, std::int64_t end,
                                       const T* packed, T* memory, std::int64_t stride) {
  using Panel = PanelShape<Cell, bytes, T>;
  const Panel shape(f);
  Products<Cell, bytes, T> products;
  const Extent& e = f.extent;
  const std::int64_t rows = end - begin, hidden = e.hidden, steps = e.longest(begin, end);
  T *before = memory, *after = memory + rows * stride, *c = memory + 2 * rows * stride;
  copy_rows(rows, hidden, f.h + begin * hidden, hidden, before, stride);
  if (Cell::has_c) copy_rows(rows, hidden, f.c + begin * hidden, hidden, c, stride);
  for (std::int64_t s = 0; s < steps; ++s) {
    const std::int64_t t = e.reversed ? steps - 1 - s : s;
    const T* panel = packed;
    for (std::int64_t first = 0; first < hidden; first += Panel::units, panel += shape.size)
      for_tiles<Products<Cell, bytes, T>::most>(
          rows,
          [&](std::int64_t r, auto count) PLUMB_INLINE {
            products.multiply(f, begin + r, t, panel, before + r * stride, stride, count);
          },
          [&](std::int64_t r, std::int64_t count) PLUMB_INLINE {
            const States<T> states{before + r * stride, after + r * stride, c + r * stride, stride};
            forward_tile(f, count, begin + r, t, first, products, states);
          });
    std::swap(before, after);
  }
  copy_rows(rows, hidden, before, stride, f.last_h + begin * hidden, hidden);
  if (Cell::has_c) copy_rows(rows, hidden, c, stride, f.last_c + begin * hidden, hidden);
  for (std::int64_t i = begin; i < end; ++i)
    std::fill_n(f.y + (i * e.steps + steps) * hidden, (e.steps - steps) * hidden, T(0));
}

/// The loops over all samples.
template <class Cell, class T>
void forward(const Forward<T>& f) {
  const Extent& e = f.extent;
  const std::int64_t units = Cell::span * vector_lanes<T>();
  const std::int64_t depth = 1 + e.hidden + (f.x == nullptr ? 0 : f.in);
  Tensor weights = Tensor::empty({packed_size(e.hidden, units, Cell::gates * depth)}, dtype_of<T>);
  T* packed = weights.mutable_data<T>();
  on_best_vectors([&](auto bytes) PLUMB_INLINE { pack_panels<Cell, bytes>(f, packed); });
  parallel_for(e.n, e.block(), [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t stride = padded<T>(e.hidden);
    Tensor memory = Tensor::empty({3 * (end - begin) * stride}, dtype_of<T>);
    T* buffers = memory.mutable_data<T>();
    on_best_vectors([&](auto bytes) PLUMB_INLINE {
      forward_block<Cell, bytes>(f, begin, end, packed, buffers, stride);
    });
  });
}

/// The gates' gradients of one step of some rows: into `sums`, rows `stride` apart, and from there
/// to where they stay.
template <class Cell, class T>
PLUMB_INLINE inline void backward_step(const Backward<T>& b, std::int64_t begin, std::int64_t end,
                                       std::int64_t t, T* sums, std::int64_t stride, T* dh, T* dc,
                                       std::int64_t state_stride) {
  const Extent& e = b.extent;
  const std::int64_t hidden = e.hidden, size = Cell::carried * hidden;
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t r = i - begin, step = i * e.steps + t, length = e.length(i);
    T* own = sums + r * stride;
    if (t >= length) {
      std::fill_n(own, size, T(0));
      std::fill_n(b.sums + step * size, size, T(0));
      std::fill_n(b.before + step * hidden, hidden, T(0));
      continue;
    }
    const bool first = t == (e.reversed ? length - 1 : 0);
    const std::int64_t last = e.reversed ? step + 1 : step - 1;  // the step before
    const T* before = first ? b.h + i * hidden : b.y + last * hidden;
    const cells::BackwardRow<T> row{
        hidden,
        Cell::keeps ? b.projected + step * Cell::projected * hidden : nullptr,
        b.y + step * hidden,
        before,
        Cell::has_c ? b.cells + step * hidden : nullptr,
        !Cell::has_c ? nullptr
        : first      ? b.c + i * hidden
                     : b.cells + last * hidden,
        b.dy + step * hidden,
        dh + r * state_stride,
        Cell::has_c ? dc + r * state_stride : nullptr,
        own};
    Cell::backward(row);
    std::copy_n(own, size, b.sums + step * size);
    std::copy_n(before, hidden, b.before + step * hidden);
  }
}

/// All steps of the samples [begin, end), from the last to the first.
template <class Cell, int bytes, class T>
PLUMB_INLINE inline void backward_block(const Backward<T>& b, std::int64_t begin, std::int64_t end,
                                        const T* packed, T* memory) {
  constexpr std::int64_t width = backward_vectors * VectorOf<T, bytes>::lanes;
  const Extent& e = b.extent;
  const std::int64_t rows = end - begin, hidden = e.hidden, steps = e.longest(begin, end);
  const std::int64_t depth = Cell::gates * hidden, size = Cell::carried * hidden;
  const std::int64_t state_stride = padded<T>(hidden), stride = padded<T>(size);
  T *dh = memory, *dc = memory + rows * state_stride, *sums = memory + 2 * rows * state_stride;
  copy_rows(rows, hidden, b.d_last_h + begin * hidden, hidden, dh, state_stride);
  if (Cell::has_c) copy_rows(rows, hidden, b.d_last_c + begin * hidden, hidden, dc, state_stride);
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t after = i * e.steps + steps, count = e.steps - steps;
    std::fill_n(b.sums + after * size, count * size, T(0));
    std::fill_n(b.before + after * hidden, count * hidden, T(0));
  }
  for (std::int64_t s = steps - 1; s >= 0; --s) {
    const std::int64_t t = e.reversed ? steps - 1 - s : s;
    backward_step<Cell>(b, begin, end, t, sums, stride, dh, dc, state_stride);
    const T* panel = packed;
    for (std::int64_t first = 0; first < hidden; first += width, panel += width * depth)
      for_tiles<tile_rows<bytes, backward_vectors>>(
          rows,
          [&](std::int64_t r, auto count) PLUMB_INLINE {
            multiply_tile<T, bytes, backward_vectors, count>(
                depth, sums + r * stride, stride, panel, nullptr, dh + r * state_stride + first,
                state_stride, Write::accumulate);
          },
          [](std::int64_t, std::int64_t) PLUMB_INLINE {});
  }
  copy_rows(rows, hidden, dh, state_stride, b.dh + begin * hidden, hidden);
  if (Cell::has_c) copy_rows(rows, hidden, dc, state_stride, b.dc + begin * hidden, hidden);
}

/// The loops over all samples.
template <class Cell, class T>
void backward(const Backward<T>& b) {
  const Extent& e = b.extent;
  const std::int64_t depth = Cell::gates * e.hidden;
  Tensor weights = Tensor::empty(
      {packed_size(e.hidden, backward_vectors * vector_lanes<T>(), depth)}, dtype_of<T>);
  T* packed = weights.mutable_data<T>();
  on_best_vectors([&](auto bytes) PLUMB_INLINE {
    pack_columns<bytes, backward_vectors>(e.hidden, depth, b.w_hh, Cell::first * e.hidden, packed);
  });
  parallel_for(e.n, e.block(), [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t size = 2 * padded<T>(e.hidden) + padded<T>(Cell::carried * e.hidden);
    Tensor memory = Tensor::empty({(end - begin) * size}, dtype_of<T>);
    T* buffers = memory.mutable_data<T>();
    on_best_vectors([&](auto bytes) PLUMB_INLINE {
      backward_block<Cell, bytes>(b, begin, end, packed, buffers);
    });
  });
}

/// Of each cell for float and double, in a source of its own.
template <class T>
struct Loops {
  void (*forward)(const Forward<T>&);
  void (*backward)(const Backward<T>&);
};
template <class T>
Loops<T> lstm_loops();
template <class T>
Loops<T> gru_loops();
template <class T>
Loops<T> rnn_tanh_loops();
template <class T>
Loops<T> rnn_relu_loops();

}  // namespace plumb::kernel::sequence
