#include "attention.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "../../runtime/profile.hpp"
#include "../../runtime/random.hpp"
#include "../../simd/loops.hpp"
#include "../../simd/vector.hpp"
#include "../../simd/vector_math.hpp"
#include "../matmul/gemm.hpp"

// A head's queries are taken in strips. The scores of a strip with all keys that it sees fit into the
// second cache; they become weights in place, and are formed again for the gradient. So no sum has to
// be corrected when a larger score turns up, and memory grows with the keys alone.

namespace plumb::kernel {
namespace {

// Rows of scores are padded to so many elements: then every loop over one is made of whole vectors.
constexpr std::int64_t lanes = 16;

constexpr std::int64_t padded(std::int64_t size) { return (size + lanes - 1) / lanes * lanes; }

// Queries of a strip. A causal mask hides half of what a strip's last keys are multiplied with: the
// strips are low. Of very many keys fewer rows stay in the second cache.
std::int64_t strip_height(const Attention& a) {
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

// Scores q k^T of a strip.
template <class T>
void score(const Attention& a, const Strip& strip, const Rows<const T>& q, const Rows<const T>& k,
           T* scores) {
  gemm(strip.rows, strip.seen, a.depth, matrix(q, strip.first), matrix(k, 0, Transpose::yes),
       scores, strip.stride, Write::overwrite);
}

template <class T>
void forward(const Attention& a, const Head& head, const T* q, const T* k, const T* v, T* y,
             T* state) {
  const auto queries = head_of(q, a.q, head.sample, head.head);
  const auto keys = head_of(k, a.k, head.sample, head.head);
  const auto values = head_of(v, a.v, head.sample, head.head);
  const auto results = head_of(y, a.y, head.sample, head.head);
  clear(results, head.queries, a.queries, a.value_depth);
  const std::int64_t height = strip_height(a), width = padded(head.keys);
  Tensor memory = Tensor::empty({(height + 1) * width}, dtype_of<T>);
  T* scores = memory.mutable_data<T>();
  T* factors = scores + height * width;
  for (std::int64_t first = 0; first < head.queries; first += height) {
    const Strip strip(a, head, first, height);
    const Weights<T> weights(a, head, strip);
    const RowState<T> rows = state_of(state, a, head, strip);
    score(a, strip, queries, keys, scores);
    on_best_vectors([&](auto bytes) PLUMB_INLINE {
      softmax_strip<bytes>(strip, weights, scores, factors, rows);
    });
    gemm(strip.rows, a.value_depth, strip.seen, {scores, strip.stride}, matrix(values),
         results.row(first), results.stride, Write::overwrite);
  }
}

// Gradients of one head; null where one is not wanted.
template <class T>
struct HeadGradients {
  Rows<T> q, k, v;
};

// Makes 0 what no strip writes.
template <class T>
void clear_rest(const Attention& a, const Head& head, const HeadGradients<T>& to) {
  const std::int64_t seen = a.causal ? std::min(head.keys, head.queries) : head.keys;
  const std::int64_t keys = head.queries > 0 ? seen : 0;
  if (to.q.data != nullptr) clear(to.q, head.queries, a.queries, a.depth);
  if (to.k.data != nullptr) clear(to.k, keys, a.keys, a.depth);
  if (to.v.data != nullptr) clear(to.v, keys, a.keys, a.value_depth);
}

template <class T>
void backward(const Attention& a, const Head& head, Write mode, const T* g, const T* q, const T* k,
              const T* v, const T* y, const T* state, const HeadGradients<T>& to) {
  const auto slopes = head_of(g, a.y, head.sample, head.head);
  const auto queries = head_of(q, a.q, head.sample, head.head);
  const auto keys = head_of(k, a.k, head.sample, head.head);
  const auto values = head_of(v, a.v, head.sample, head.head);
  const auto results = head_of(y, a.y, head.sample, head.head);
  const std::int64_t height = strip_height(a), width = padded(head.keys);
  Tensor memory = Tensor::empty({(2 * height + 1) * width + height}, dtype_of<T>);
  T* scores = memory.mutable_data<T>();
  T* weight_slopes = scores + height * width;
  T* factors = weight_slopes + height * width;
  T* products = factors + width;
  // From the last strip on, which sees the most keys: its gradients of these may be the first.
  Write key_mode = mode;
  for (std::int64_t first = (head.queries - 1) / height * height; first >= 0; first -= height) {
    const Strip strip(a, head, first, height);
    const Weights<T> weights(a, head, strip);
    const RowState<const T> rows = state_of(state, a, head, strip);
    score(a, strip, queries, keys, scores);
    gemm(strip.rows, strip.seen, a.value_depth, matrix(slopes, first),
         matrix(values, 0, Transpose::yes), weight_slopes, strip.stride, Write::overwrite);
    on_best_isa([&]() PLUMB_INLINE {
      dot_rows(strip.rows, a.value_depth, slopes, results, first, products);
      gradient_strip(strip, weights, static_cast<T>(a.scale), scores, weight_slopes, factors,
                     products, rows);
    });
    if (to.v.data != nullptr)
      gemm(strip.seen, a.value_depth, strip.rows, {scores, strip.stride, Transpose::yes},
           matrix(slopes, first), to.v.data, to.v.stride, key_mode);
    if (to.q.data != nullptr)
      gemm(strip.rows, a.depth, strip.seen, {weight_slopes, strip.stride}, matrix(keys),
           to.q.row(first), to.q.stride, mode);
    if (to.k.data != nullptr)
      gemm(strip.seen, a.depth, strip.rows, {weight_slopes, strip.stride, Transpose::yes},
           matrix(queries, first), to.k.data, to.k.stride, key_mode);
    key_mode = Write::accumulate;
  }
}

// Heads that one thread takes at a time.
std::int64_t heads_at_once(const Attention& a) {
  const std::int64_t work = a.queries * a.keys * (a.depth + a.value_depth);
  return std::max<std::int64_t>(1, 8 * grain / std::max<std::int64_t>(work, 1));
}

template <class T>
T* data_or_null(Tensor& x) {
  return x.defined() ? x.mutable_data<T>() : nullptr;
}

template <class T>
Rows<T> gradient_of(T* dx, const HeadLayout& layout, const Head& head) {
  return dx == nullptr ? Rows<T>{nullptr, 0} : head_of(dx, layout, head.sample, head.head);
}

}  // namespace

std::uint64_t attention_blocks(const Attention& a) {
  return static_cast<std::uint64_t>(a.n * a.heads * a.queries) *
         static_cast<std::uint64_t>((a.keys + 3) / 4);
}

void attention(const Attention& a, const Tensor& q, const Tensor& k, const Tensor& v, Tensor& y,
               Tensor& state) {
  Profiled::add_multiply_adds(a.n, a.heads, a.queries, a.keys, a.depth + a.value_depth);
  dispatch_floating("attention", q.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *qs = q.data<T>(), *ks = k.data<T>(), *vs = v.data<T>();
    T *ys = y.mutable_data<T>(), *states = state.mutable_data<T>();
    parallel_for(a.n * a.heads, heads_at_once(a), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t index = begin; index < end; ++index)
        forward(a, Head(a, index), qs, ks, vs, ys, states);
    });
  });
}

void attention_into(const Attention& a, Write mode, const Tensor& g, const Tensor& q,
                    const Tensor& k, const Tensor& v, const Tensor& y, const Tensor& state,
                    Tensor& dq, Tensor& dk, Tensor& dv) {
  Profiled::add_multiply_adds(a.n, a.heads, a.queries, a.keys, 2 * a.depth + 2 * a.value_depth);
  dispatch_floating("attention", g.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *gs = g.data<T>(), *qs = q.data<T>(), *ks = k.data<T>(), *vs = v.data<T>();
    const T *ys = y.data<T>(), *states = state.data<T>();
    T *dqs = data_or_null<T>(dq), *dks = data_or_null<T>(dk), *dvs = data_or_null<T>(dv);
    parallel_for(a.n * a.heads, heads_at_once(a), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t index = begin; index < end; ++index) {
        const Head head(a, index);
        const HeadGradients<T> to{gradient_of(dqs, a.q, head), gradient_of(dks, a.k, head),
                                  gradient_of(dvs, a.v, head)};
        if (mode == Write::overwrite) clear_rest(a, head, to);
        if (head.queries > 0) backward(a, head, mode, gs, qs, ks, vs, ys, states, to);
      }
    });
  });
}

}  // namespace plumb::kernel
