// The formulas of RNN, GRU and LSTM for one step of one sample, forward and backward.
#pragma once

#include <cmath>
#include <cstdint>

#include "../../simd/vector_math.hpp"

// A cell has
//   gates      blocks of `hidden` rows in its weights
//   projected  blocks of `hidden` columns where the products with x may stand; a cell that `keeps`
//              leaves there what its gradient needs
//   carried    blocks of `hidden` columns that its gradient makes: the first `gates` of them are
//              those of the products with h, the last `gates` those of the products with x
//   first      the block of the weights whose gradient stands first in `carried`; the others follow
//              in their order, and after the last one block 0
//   span       vectors of one gate in a panel of packed weights
// forward() is for some neighbouring hidden units, backward() for all of them.

namespace plumb::kernel::cells {

// A division of vectors takes as long as twenty products. All that are needed for a step divide by
// numbers in [1, 2], so one division of their product serves for several; a step of Newton's method
// then makes up for the roundings, and 1 / 1 is 1.

/// 1 / d from nearly that.
template <class T>
PLUMB_INLINE inline T refined(T inverse, T d) {
  return inverse + inverse * (1 - d * inverse);
}

/// The numerator and denominator of 1 / (1 + exp(-x)), without the division.
template <class T>
struct Logistic {
  T above, below;

  PLUMB_INLINE explicit Logistic(T x) {
    constexpr T lowest = sizeof(T) == 4 ? -87 : -708;  // below, exp has no normal number
    const T e = vector_math::exp_of_negative(-std::abs(x));
    const T small = x < lowest ? T(0) : e;
    above = x < 0 ? small : T(1);
    below = 1 + e;
  }
  PLUMB_INLINE T value(T inverse) const { return above * refined(inverse, below); }
};

/// The same of tanh x.
template <class T>
struct HyperbolicTangent {
  T above, below;

  PLUMB_INLINE explicit HyperbolicTangent(T x) {
    const T part = vector_math::expm1_of_negative(-2 * std::abs(x));
    above = std::copysign(part, x);
    below = part + 2;
  }
  PLUMB_INLINE T value(T inverse) const { return above * refined(inverse, below); }
};

/// One sample at one step. Pointers are to the first of the hidden units at hand.
template <class T>
struct ForwardRow {
  std::int64_t hidden;
  const T* sums;  // [gates][width]: W_hh h, without bias
  std::int64_t width;
  const T* input;  // [gates][input_width]: W_ih x and the biases
  std::int64_t input_width;
  T* projected;     // [projected][hidden]: for the gates; may be `input`
  const T* bias;    // of W_hn h, of a GRU
  const T* before;  // h of the step before
  T* after;         // h of this step
  T* y;             // h of this step
  T* c;             // of the step before, then of this one
};

template <class T>
struct BackwardRow {
  std::int64_t hidden;
  const T* projected;  // what forward() left
  const T* y;          // h of this step
  const T* before;     // h of the step before
  const T* c;          // of this step
  const T* c_before;   // of the step before
  const T* dy;         // gradient of y
  T* dh;       // of h as later steps see it; then what of it goes past W_hh to the step before
  T* dc;       // of c, of this step and then of the step before
  T* carried;  // [carried][hidden]
};

/// c = f c' + i g, h = o tanh c.
struct Lstm {
  static constexpr int gates = 4, projected = 4, carried = 4, first = 0, span = 1;
  static constexpr bool has_c = true, keeps = true;

  template <class T, class Count>
  PLUMB_INLINE static void forward(Count count, const ForwardRow<T>& row) {
    const std::int64_t hidden = row.hidden, width = row.width, step = row.input_width;
    const T *sums = row.sums, *input = row.input;
    T *gate = row.projected, *after = row.after, *y = row.y, *cell = row.c;
#pragma omp simd
    for (std::int64_t u = 0; u < count; ++u) {
      const Logistic<T> to_i(input[u] + sums[u]);
      const Logistic<T> to_f(input[step + u] + sums[width + u]);
      const HyperbolicTangent<T> to_g(input[2 * step + u] + sums[2 * width + u]);
      const Logistic<T> to_o(input[3 * step + u] + sums[3 * width + u]);
      const T first = to_i.below * to_f.below, second = to_g.below * to_o.below;
      const T inverse = 1 / (first * second);
      const T of_first = inverse * second, of_second = inverse * first;
      const T i = to_i.value(of_first * to_f.below);
      const T f = to_f.value(of_first * to_i.below);
      const T g = to_g.value(of_second * to_o.below);
      const T o = to_o.value(of_second * to_g.below);
      const T c = f * cell[u] + i * g;
      const T h = o * vector_math::tanh(c);
      gate[u] = i;
      gate[hidden + u] = f;
      gate[2 * hidden + u] = g;
      gate[3 * hidden + u] = o;
      cell[u] = c;
      after[u] = h;
      y[u] = h;
    }
  }

  template <class T>
  PLUMB_INLINE static void backward(const BackwardRow<T>& row) {
    const std::int64_t hidden = row.hidden;
    const T *gate = row.projected, *cell = row.c, *c_before = row.c_before, *dy = row.dy;
    T *dh = row.dh, *dc = row.dc, *carried = row.carried;
#pragma omp simd
    for (std::int64_t u = 0; u < hidden; ++u) {
      const T i = gate[u], f = gate[hidden + u], g = gate[2 * hidden + u], o = gate[3 * hidden + u];
      const T bent = vector_math::tanh(cell[u]);
      const T gradient = dy[u] + dh[u];
      const T of_c = dc[u] + gradient * o * (1 - bent * bent);
      carried[u] = of_c * g * i * (1 - i);
      carried[hidden + u] = of_c * c_before[u] * f * (1 - f);
      carried[2 * hidden + u] = of_c * i * (1 - g * g);
      carried[3 * hidden + u] = gradient * bent * o * (1 - o);
      dc[u] = of_c * f;
      dh[u] = 0;
    }
  }
};

/// h = (1 - z) n + z h', n = tanh(W_in x + b_in + r (W_hn h' + b_hn)). Leaves r, z, n and
/// W_hn h' + b_hn.
struct Gru {
  static constexpr int gates = 3, projected = 4, carried = 4, first = 2, span = 1;
  static constexpr bool has_c = false, keeps = true;

  template <class T, class Count>
  PLUMB_INLINE static void forward(Count count, const ForwardRow<T>& row) {
    const std::int64_t hidden = row.hidden, width = row.width, step = row.input_width;
    const T *sums = row.sums, *input = row.input, *bias = row.bias, *before = row.before;
    T *gate = row.projected, *after = row.after, *y = row.y;
#pragma omp simd
    for (std::int64_t u = 0; u < count; ++u) {
      const Logistic<T> to_r(input[u] + sums[u]);
      const Logistic<T> to_z(input[step + u] + sums[width + u]);
      const T inverse = 1 / (to_r.below * to_z.below);
      const T r = to_r.value(inverse * to_z.below);
      const T z = to_z.value(inverse * to_r.below);
      const T past = sums[2 * width + u] + bias[u];
      const T n = vector_math::tanh(input[2 * step + u] + r * past);
      const T h = (1 - z) * n + z * before[u];
      gate[u] = r;
      gate[hidden + u] = z;
      gate[2 * hidden + u] = n;
      gate[3 * hidden + u] = past;
      after[u] = h;
      y[u] = h;
    }
  }

  /// Of W_hn h' + b_hn, r, z and W_in x + b_in.
  template <class T>
  PLUMB_INLINE static void backward(const BackwardRow<T>& row) {
    const std::int64_t hidden = row.hidden;
    const T *gate = row.projected, *before = row.before, *dy = row.dy;
    T *dh = row.dh, *carried = row.carried;
#pragma omp simd
    for (std::int64_t u = 0; u < hidden; ++u) {
      const T r = gate[u], z = gate[hidden + u], n = gate[2 * hidden + u];
      const T gradient = dy[u] + dh[u];
      const T of_n = gradient * (1 - z) * (1 - n * n);
      carried[u] = of_n * r;
      carried[hidden + u] = of_n * gate[3 * hidden + u] * r * (1 - r);
      carried[2 * hidden + u] = gradient * (before[u] - n) * z * (1 - z);
      carried[3 * hidden + u] = of_n;
      dh[u] = gradient * z;
    }
  }
};

/// h = tanh(W_ih x + b_ih + W_hh h' + b_hh).
struct RnnTanh {
  static constexpr int gates = 1, projected = 1, carried = 1, first = 0, span = 2;
  static constexpr bool has_c = false, keeps = false;

  template <class T, class Count>
  PLUMB_INLINE static void forward(Count count, const ForwardRow<T>& row) {
    const T *sums = row.sums, *input = row.input;
    T *after = row.after, *y = row.y;
#pragma omp simd
    for (std::int64_t u = 0; u < count; ++u) {
      const T h = vector_math::tanh(input[u] + sums[u]);
      after[u] = h;
      y[u] = h;
    }
  }

  template <class T>
  PLUMB_INLINE static void backward(const BackwardRow<T>& row) {
    const std::int64_t hidden = row.hidden;
    const T *y = row.y, *dy = row.dy;
    T *dh = row.dh, *carried = row.carried;
#pragma omp simd
    for (std::int64_t u = 0; u < hidden; ++u) {
      carried[u] = (dy[u] + dh[u]) * (1 - y[u] * y[u]);
      dh[u] = 0;
    }
  }
};

/// h = max(W_ih x + b_ih + W_hh h' + b_hh, 0).
struct RnnRelu {
  static constexpr int gates = 1, projected = 1, carried = 1, first = 0, span = 2;
  static constexpr bool has_c = false, keeps = false;

  template <class T, class Count>
  PLUMB_INLINE static void forward(Count count, const ForwardRow<T>& row) {
    const T *sums = row.sums, *input = row.input;
    T *after = row.after, *y = row.y;
#pragma omp simd
    for (std::int64_t u = 0; u < count; ++u) {
      const T sum = input[u] + sums[u];
      const T h = sum <= 0 ? T(0) : sum;  // NaN stays
      after[u] = h;
      y[u] = h;
    }
  }

  template <class T>
  PLUMB_INLINE static void backward(const BackwardRow<T>& row) {
    const std::int64_t hidden = row.hidden;
    const T *y = row.y, *dy = row.dy;
    T *dh = row.dh, *carried = row.carried;
#pragma omp simd
    for (std::int64_t u = 0; u < hidden; ++u) {
      const T gradient = dy[u] + dh[u];
      carried[u] = y[u] <= 0 ? T(0) : gradient;
      dh[u] = 0;
    }
  }
};

}  // namespace plumb::kernel::cells
