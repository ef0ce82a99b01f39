#include "attention.hpp"

#include "../../runtime/profile.hpp"
#include "strips.hpp"

namespace plumb::kernel {
namespace {

using namespace strips;

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
