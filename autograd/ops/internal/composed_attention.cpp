#include "composed_attention.hpp"

#include <cmath>

#include "../../../core/runtime/random.hpp"
#include "../arithmetic.hpp"
#include "../comparison.hpp"
#include "../matmul.hpp"
#include "../reduction.hpp"
#include "../shape.hpp"
#include "../softmax.hpp"

namespace plumb::detail {
namespace {

using kernel::Attention;

// [n, h, steps, d], whether the heads stand apart or side by side.
Variable heads_apart(const Attention& a, const Variable& x) {
  if (x.rank() == 4) return x;
  return permute(reshape(x, {a.n, x.dim(1), a.heads, x.dim(2) / a.heads}), {0, 2, 1, 3});
}

// 1 at the steps past the ends of the samples: uint8 [n, 1, steps, 1].
Tensor past_the_end(const Attention& a, const Tensor& lengths, std::int64_t steps) {
  if (!lengths.defined()) return Tensor::zeros({a.n, 1, steps, 1}, DType::uint8);
  return Tensor::arange(steps).reshape({1, 1, steps, 1}) >= lengths.reshape({a.n, 1, 1, 1});
}

// The additive mask as it broadcasts, undefined for none.
Tensor additive(const Attention& a) {
  if (!a.bias.defined() || a.bias.rank() == 4) return a.bias;
  Shape shape = {1, 1, 1, 1};
  for (int axis = 1; axis <= a.bias.rank(); ++axis)
    shape[4 - axis] = a.bias.shape()[a.bias.rank() - axis];
  return a.bias.reshape(shape);
}

// 1 where a query does not see a key: uint8, broadcasts to [n, h, queries, keys].
Tensor hidden_keys(const Attention& a, const Tensor& dead_queries, const Tensor& dead_keys) {
  Tensor hidden = not_equal(dead_queries + dead_keys.reshape({a.n, 1, 1, a.keys}), 0);
  if (a.causal)
    hidden = not_equal(
        hidden + (Tensor::arange(a.keys) > Tensor::arange(a.queries).reshape({a.queries, 1})), 0);
  if (a.bias.defined()) hidden = not_equal(hidden + equal(additive(a), -INFINITY), 0);
  return hidden;
}

// What dropout multiplies the weights by: as in the kernel.
template <class T>
Tensor dropout_factors(const Attention& a, DType dtype) {
  const kernel::WeightDropout& dropout = a.dropout;
  const auto threshold = static_cast<std::uint64_t>(dropout.p * 0x1p32 + 0.5);
  const T kept = dropout.p < 1 ? static_cast<T>(1 / (1 - dropout.p)) : T(0);
  const std::int64_t rows = a.n * a.heads * a.queries, blocks = (a.keys + 3) / 4;
  Tensor factors = Tensor::empty({a.n, a.heads, a.queries, a.keys}, dtype);
  T* to = factors.mutable_data<T>();
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t j = 0; j < a.keys; ++j) {
      const auto block = static_cast<std::uint64_t>(row * blocks + j / 4);
      const auto words = philox(dropout.seed, dropout.position + block, dropout.stream);
      *to++ = words[static_cast<std::size_t>(j % 4)] >= threshold ? kept : T(0);
    }
  return factors;
}

}  // namespace

Variable composed_attention(const Attention& a, const Variable& q, const Variable& k,
                            const Variable& v) {
  const Tensor dead_queries = past_the_end(a, a.query_lengths, a.queries);
  const Tensor dead_keys = past_the_end(a, a.key_lengths, a.keys);
  const Tensor hidden = hidden_keys(a, dead_queries, dead_keys);
  const Tensor blind =  // queries that see nothing: all keys are hidden
      a.keys == 0 ? Tensor::ones({1, 1, 1, 1}, DType::uint8)
                  : equal(min(Variable(hidden), -1, KeepDims::yes).value(), 1);
  const Variable queries = masked_fill(heads_apart(a, q), dead_queries, 0);
  const Variable keys = masked_fill(heads_apart(a, k), dead_keys, 0);
  const Variable values = masked_fill(heads_apart(a, v), dead_keys, 0);

  Variable scores = matmul(queries, keys, Transpose::no, Transpose::yes) * a.scale;
  if (a.bias.defined())
    scores = scores + masked_fill(additive(a), equal(additive(a), -INFINITY), 0);
  scores = masked_fill(masked_fill(scores, hidden, -INFINITY), blind, 0);
  Variable weights = masked_fill(softmax(scores, -1), blind, 0);
  if (a.dropout.p > 0)
    weights = weights * (q.dtype() == DType::float32 ? dropout_factors<float>(a, q.dtype())
                                                     : dropout_factors<double>(a, q.dtype()));
  const Variable y = matmul(weights, values);
  if (q.rank() == 4) return y;
  return reshape(permute(y, {0, 2, 1, 3}), {a.n, a.queries, a.heads * a.value_depth});
}

}  // namespace plumb::detail
