// Strips of a head's queries: which keys they see, and how their scores become weights and gradients.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>

#include "../../runtime/random.hpp"
#include "../../simd/loops.hpp"
#include "../../simd/vector.hpp"
#include "../../simd/vector_math.hpp"
#include "../matmul/gemm.hpp"
#include "attention.hpp"

// A head's queries are taken in strips. The scores of a strip with all keys that it sees fit into the
// second cache; they become weights in place, and are formed again for the gradient. So no sum has to
// be corrected when a larger score turns up, and memory grows with the keys alone.

namespace plumb::kernel::strips {

// Rows of scores are padded to so many elements: then every loop over one is made of whole vectors.
constexpr std::int64_t lanes = 16;

constexpr std::int64_t padded(std::int64_t size) { return (size + lanes - 1) / lanes * lanes; }

// Queries of a strip. A causal mask hides half of what a strip's last keys are multiplied with: the
// strips are low. Of very many keys fewer rows stay in the second cache.
inline std::int64_t strip_height(const Attention& a) {
  const std::int64_t height = a.causal ? 32 : 64;
  const std::int64_t fitting = (std::int64_t{1} << 18) / std::max<std::int64_t>(a.keys, 1);
  return std::clamp<std::int64_t>(fitting, 8, height);
}

// The elements of one head of a tensor.
template <class T>
struct Rows {
  T* data;
  std::int64_t stride;

  T* row(std::int64_t i) const { return data + i * stride; }
};

template <class T>
Rows<T> head_of(T* data, const HeadLayout& layout, std::int64_t sample, std::int64_t head) {
  return {data + layout.first + sample * layout.sample + head * layout.head, layout.row};
}

template <class T>
Matrix<T> matrix(const Rows<const T>& rows, std::int64_t first = 0,
                 Transpose transpose = Transpose::no) {
  return {rows.row(first), rows.stride, transpose};
}

template <class T>
void clear(const Rows<T>& rows, std::int64_t begin, std::int64_t end, std::int64_t columns) {
  for (std::int64_t i = begin; i < end; ++i) std::fill_n(rows.row(i), columns, T(0));
}

// One sample's head.
struct Head {
  Head(const Attention& a, std::int64_t index)
      : sample(index / a.heads),
        head(index % a.heads),
        queries(a.query_lengths.defined() ? a.query_lengths.data<std::int64_t>()[sample]
                                          : a.queries),
        keys(a.key_lengths.defined() ? a.key_lengths.data<std::int64_t>()[sample] : a.keys),
        first_row(index * a.queries) {}

  std::int64_t sample, head;
  std::int64_t queries, keys;  // those that count
  std::int64_t first_row;      // of the rows of all samples and heads
};

// Neighbouring queries of a head, with the keys that the last of them sees.
struct Strip {
  Strip(const Attention& a, const Head& head, std::int64_t first, std::int64_t height)
      : first(first),
        rows(std::min(height, head.queries - first)),
        seen(a.causal ? std::min(head.keys, first + rows) : head.keys),
        stride(padded(seen)) {}

  std::int64_t first, rows, seen, stride;
};

// The mask of one strip, and its dropout.
template <class T>
class Weights {
 public:
  Weights(const Attention& a, const Head& head, const Strip& strip)
      : a_(a),
        head_(head),
        strip_(strip),
        bias_(a.bias.defined() ? a.bias.data<T>() + head.sample * a.bias_strides[0] +
                                     head.head * a.bias_strides[1]
                               : nullptr),
        factor_(a.bias.defined() ? T(1) : static_cast<T>(a.scale)) {}

  // What exponentials take of the distance between scores.
  T factor() const { return factor_; }

  // Hides from row r what it does not see, and adds the bias.
  PLUMB_INLINE void mask(std::int64_t r, T* scores) const {
    const std::int64_t i = strip_.first + r;
    if (bias_ != nullptr) {
      const T* row = bias_ + i * a_.bias_strides[2];
      const T scale = static_cast<T>(a_.scale);
      const std::int64_t step = a_.bias_strides[3];
#pragma omp simd
      for (std::int64_t j = 0; j < strip_.seen; ++j) scores[j] = scores[j] * scale + row[j * step];
    }
    const std::int64_t visible = a_.causal ? std::min(strip_.seen, i + 1) : strip_.seen;
    for (std::int64_t j = visible; j < strip_.stride; ++j)
      scores[j] = -std::numeric_limits<T>::infinity();
  }

  bool drops() const { return a_.dropout.p > 0; }

  // Writes to row r what dropout multiplies the weights by.
  void draw(std::int64_t r, T* factors) const {
    const WeightDropout& dropout = a_.dropout;
    const auto threshold = static_cast<std::uint64_t>(dropout.p * 0x1p32 + 0.5);
    const T kept = dropout.p < 1 ? static_cast<T>(1 / (1 - dropout.p)) : T(0);
    const auto blocks = static_cast<std::uint64_t>((a_.keys + 3) / 4);
    const auto row = static_cast<std::uint64_t>(head_.first_row + strip_.first + r);
    for (std::int64_t j = 0; j < strip_.stride; j += 4) {
      const auto words =
          philox(dropout.seed, dropout.position + row * blocks + static_cast<std::uint64_t>(j / 4),
                 dropout.stream);
      for (int w = 0; w < 4; ++w) factors[j + w] = words[w] >= threshold ? kept : T(0);
    }
  }

 private:
  const Attention& a_;
  const Head& head_;
  const Strip& strip_;
  const T* bias_;
  T factor_;
};

// The largest lane, by halves.
template <class T, int bytes>
PLUMB_INLINE inline T largest_lane(const typename VectorOf<T, bytes>::type& x) {
  if constexpr (VectorOf<T, bytes>::lanes == 2) {
    return x[0] > x[1] ? x[0] : x[1];
  } else {
    using Half = VectorOf<T, bytes / 2>;
    typename Half::type halves[2];
    std::memcpy(halves, &x, bytes);
    return largest_lane<T, bytes / 2>(halves[0] > halves[1] ? halves[0] : halves[1]);
  }
}

// NaNs are passed over.
template <int bytes, class T>
PLUMB_INLINE inline T largest(std::int64_t n, const T* x) {
  using V = VectorOf<T, bytes>;
  constexpr int vectors = lanes / V::lanes;
  typename V::type most[vectors];
#pragma GCC unroll 8
  for (int v = 0; v < vectors; ++v)
    most[v] = typename V::type{} - std::numeric_limits<T>::infinity();
  for (std::int64_t j = 0; j < n; j += lanes)
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      const typename V::type next = V::load(x + j + v * V::lanes);
      most[v] = next > most[v] ? next : most[v];
    }
#pragma GCC unroll 8
  for (int v = 1; v < vectors; ++v) most[0] = most[v] > most[0] ? most[v] : most[0];
  return largest_lane<T, bytes>(most[0]);
}

// x = exp(factor (x - highest)); returns the sum, of which 1024 elements at a time are added in type T.
template <class T>
PLUMB_INLINE inline double exponentials(std::int64_t n, T* x, T highest, T factor) {
  constexpr std::int64_t most = 1024;
  double total = 0;
  for (std::int64_t start = 0; start < n; start += most) {
    const std::int64_t end = start + most < n ? start + most : n;
    T sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t j = start; j < end; ++j) {
      x[j] = vector_math::exp((x[j] - highest) * factor);
      sum += x[j];
    }
    total += static_cast<double>(sum);
  }
  return total;
}

template <class T>
PLUMB_INLINE inline bool has_nan(std::int64_t n, const T* x) {
  bool found = false;
  for (std::int64_t j = 0; j < n; ++j) found = found || x[j] != x[j];
  return found;
}

// The state of a strip's rows.
template <class T>
struct RowState {
  T *highest, *inverse;
};

template <class T>
RowState<T> state_of(T* state, const Attention& a, const Head& head, const Strip& strip) {
  T* highest = state + head.first_row + strip.first;
  return {highest, highest + a.n * a.heads * a.queries};
}

// Scores become weights. Each step is done for all rows, which wait for nothing of one another.
template <int bytes, class T>
PLUMB_INLINE inline void softmax_strip(const Strip& strip, const Weights<T>& weights, T* scores,
                                       T* factors, const RowState<T>& state) {
  const std::int64_t width = strip.stride;
  for (std::int64_t r = 0; r < strip.rows; ++r) {
    T* x = scores + r * width;
    weights.mask(r, x);
    const T highest = largest<bytes>(width, x);
    // A row without a key that it sees has weights 0; one of NaN has NaN.
    const bool empty = highest == -std::numeric_limits<T>::infinity() && !has_nan(width, x);
    state.highest[r] = empty ? T(0) : highest;
    state.inverse[r] = empty ? T(0) : T(1);
  }
  for (std::int64_t r = 0; r < strip.rows; ++r) {
    const double sum = exponentials(width, scores + r * width, state.highest[r], weights.factor());
    state.inverse[r] = state.inverse[r] == 0 ? T(0) : static_cast<T>(1 / sum);
  }
  for (std::int64_t r = 0; r < strip.rows; ++r) {
    T* x = scores + r * width;
    const T inverse = state.inverse[r];
    if (weights.drops()) {
      weights.draw(r, factors);
      store_run(width, x, Write::overwrite,
                [=](std::int64_t j) PLUMB_INLINE { return x[j] * inverse * factors[j]; });
    } else {
      store_run(width, x, Write::overwrite,
                [=](std::int64_t j) PLUMB_INLINE { return x[j] * inverse; });
    }
  }
}

// Scores become weights (after dropout), and the gradients of those weights, in `slopes`, become
// gradients of q k^T. `products` has g y of each row.
template <class T>
PLUMB_INLINE inline void gradient_strip(const Strip& strip, const Weights<T>& weights, T scale,
                                        T* scores, T* slopes, T* factors, const T* products,
                                        const RowState<const T>& state) {
  for (std::int64_t r = 0; r < strip.rows; ++r) {
    T *x = scores + r * strip.stride, *dx = slopes + r * strip.stride;
    const T highest = state.highest[r], inverse = state.inverse[r], product = products[r];
    const T factor = weights.factor();
    if (inverse == 0) {
      std::fill_n(x, strip.stride, T(0));
      std::fill_n(dx, strip.stride, T(0));
      continue;
    }
    weights.mask(r, x);
    const auto weight = [=](std::int64_t j) PLUMB_INLINE {
      return vector_math::exp((x[j] - highest) * factor) * inverse;
    };
    if (weights.drops()) {
      weights.draw(r, factors);
#pragma omp simd
      for (std::int64_t j = 0; j < strip.stride; ++j) {
        const T p = weight(j);
        dx[j] = p * (factors[j] * dx[j] - product) * scale;
        x[j] = p * factors[j];
      }
    } else {
#pragma omp simd
      for (std::int64_t j = 0; j < strip.stride; ++j) {
        x[j] = weight(j);
        dx[j] = x[j] * (dx[j] - product) * scale;
      }
    }
  }
}

template <class T>
PLUMB_INLINE inline void dot_rows(std::int64_t rows, std::int64_t columns, const Rows<const T>& a,
                                  const Rows<const T>& b, std::int64_t first, T* out) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const T *left = a.row(first + r), *right = b.row(first + r);
    T sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t j = 0; j < columns; ++j) sum += left[j] * right[j];
    out[r] = sum;
  }
}

}  // namespace plumb::kernel::strips
