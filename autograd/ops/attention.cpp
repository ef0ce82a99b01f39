#include "attention.hpp"

#include <cmath>

#include "../../core/kernels/attention/attention.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "../record.hpp"
#include "internal/composed_attention.hpp"
#include "shape.hpp"

namespace plumb {
namespace {

using kernel::Attention;

constexpr const char* of_heads = "multi_head_attention";

void check_operand(const char* operation, const Variable& q, const Variable& x, int rank) {
  if (!is_floating(x.dtype())) fail(operation, "expected float32 or float64, got ", x.dtype());
  detail::check_same_dtype(operation, q.dtype(), x.dtype());
  if (x.rank() != rank)
    fail(operation, "expected ", rank == 4 ? "[n, h, steps, d]" : "[n, steps, h d]", ", got ",
         x.shape());
}

// A copy that nobody else changes: the kernel reads as far as it says.
Tensor checked_lengths(const char* operation, const char* name, const Tensor& lengths,
                       std::int64_t n, std::int64_t steps) {
  if (!lengths.defined()) return lengths;
  if (lengths.dtype() != DType::int64 || lengths.shape() != Shape{n})
    fail(operation, "the ", name, " must be int64 ", Shape{n}, ", got ", lengths.dtype(), " ",
         lengths.shape());
  const std::int64_t* each = lengths.data<std::int64_t>();
  for (std::int64_t i = 0; i < n; ++i)
    if (each[i] < 0 || each[i] > steps)
      fail(operation, "the ", name, " of sample ", i, " must be in [0, ", steps, "], got ",
           each[i]);
  return lengths.clone();
}

// The distances between neighbours of a tensor that broadcasts to `shape`.
void set_bias(const char* operation, Attention& a, const Tensor& bias, DType dtype) {
  const Shape shape = {a.n, a.heads, a.queries, a.keys};
  if (bias.dtype() != dtype)
    fail(operation, "element types differ: ", dtype, " and an additive mask of ", bias.dtype());
  bool fits = bias.rank() <= 4;
  std::int64_t stride = 1;
  for (int axis = 1; axis <= bias.rank() && fits; ++axis) {
    const std::int64_t size = bias.shape()[bias.rank() - axis];
    fits = size == 1 || size == shape[4 - axis];
    a.bias_strides[4 - axis] = size == 1 ? 0 : stride;
    stride *= size;
  }
  if (!fits) fail(operation, "an additive mask ", bias.shape(), " does not broadcast to ", shape);
  a.bias = bias;
}

void set_mask(const char* operation, Attention& a, const AttentionMask& mask, DType dtype) {
  a.causal = mask.causal == Causal::yes;
  a.key_lengths = checked_lengths(operation, "key length", mask.key_lengths, a.n, a.keys);
  a.query_lengths = checked_lengths(operation, "query length", mask.query_lengths, a.n, a.queries);
  if (mask.additive.defined()) set_bias(operation, a, mask.additive, dtype);
}

void set_dropout(const char* operation, Attention& a, const AttentionDropout& dropout) {
  if (!(dropout.p >= 0 && dropout.p <= 1)) fail(operation, "p must be in [0, 1], got ", dropout.p);
  if (dropout.p == 0) return;
  if (dropout.generator == nullptr) fail(operation, "dropout needs a generator");
  const Generator& generator = *dropout.generator;
  a.dropout = {dropout.p, generator.seed(), generator.stream(), generator.position()};
}

// Sets all that does not depend on where heads stand.
void finish(const char* operation, Attention& a, const AttentionMask& mask,
            const AttentionDropout& dropout, DType dtype) {
  a.scale = a.depth > 0 ? 1 / std::sqrt(static_cast<double>(a.depth)) : 1;
  set_mask(operation, a, mask, dtype);
  set_dropout(operation, a, dropout);
}

void advance(const Attention& a, const AttentionDropout& dropout) {
  if (dropout.p == 0) return;
  dropout.generator->set_position(dropout.generator->position() + kernel::attention_blocks(a));
}

Tensor row_state(const Attention& a, DType dtype) {
  return Tensor::empty({2, a.n, a.heads, a.queries}, dtype);
}

// [n, h, steps, d] in memory.
kernel::HeadLayout separate(std::int64_t heads, std::int64_t steps, std::int64_t depth) {
  return {0, heads * steps * depth, steps * depth, depth};
}

// Heads of `depth` columns, from column `first` of rows of `columns`.
kernel::HeadLayout beside(std::int64_t first, std::int64_t steps, std::int64_t columns,
                          std::int64_t depth) {
  return {first, steps * columns, depth, columns};
}

// y = p v with p = softmax(scale q k^T + mask);  dv = p^T g, dq = scale s k, dk = scale s^T q with
// s = p (g v^T - g y)
Variable attention_of(const char* operation, const Attention& a, const Shape& shape,
                      const Variable& q, const Variable& k, const Variable& v,
                      const AttentionDropout& dropout) {
  Tensor y = Tensor::empty(shape, q.dtype());
  Tensor state = row_state(a, q.dtype());
  kernel::attention(a, q.value(), k.value(), v.value(), y, state);
  Variable result =
      record(operation, y, {q, k, v},
             [a, q = Saved(q), k = Saved(k), v = Saved(v), y = Saved(y), state,
              bias = Saved(a.bias)](const Tensor& g, Gradients& to) {
               bias.get();  // throws if it was changed since
               if (to.recorded())
                 return to.recompute({to.input(0, q), to.input(1, k), to.input(2, v)},
                                     [&](const std::vector<Variable>& inputs) {
                                       return detail::composed_attention(a, inputs[0], inputs[1],
                                                                         inputs[2]);
                                     });
               const auto wanted = [&](std::size_t input, const Tensor& like) {
                 return to.needs(input) ? Tensor::empty(like.shape(), like.dtype()) : Tensor();
               };
               Tensor dq = wanted(0, q), dk = wanted(1, k), dv = wanted(2, v);
               kernel::attention_into(a, Write::overwrite, g, q, k, v, y, state, dq, dk, dv);
               if (dq.defined()) to.give(0, std::move(dq));
               if (dk.defined()) to.give(1, std::move(dk));
               if (dv.defined()) to.give(2, std::move(dv));
             });
  advance(a, dropout);
  return result;
}

std::int64_t columns_of_head(const Variable& x, std::int64_t columns, std::int64_t heads) {
  if (heads < 1 || columns % heads != 0)
    fail(of_heads, "the columns of ", x.shape(), " do not fall into ", heads, " heads");
  return columns / heads;
}

}  // namespace

Variable scaled_dot_product_attention(const Variable& q, const Variable& k, const Variable& v,
                                      const AttentionMask& mask, const AttentionDropout& dropout) {
  constexpr const char* name = "scaled_dot_product_attention";
  const Profiled profiled(name);
  detail::check_defined(name, q, k, v);
  for (const Variable* x : {&q, &k, &v}) check_operand(name, q, *x, 4);
  const std::int64_t n = q.dim(0), heads = q.dim(1), steps = k.dim(2);
  if (k.dim(0) != n || v.dim(0) != n || k.dim(1) != heads || v.dim(1) != heads ||
      k.dim(3) != q.dim(3) || v.dim(2) != steps)
    fail(name, "expected q [n, h, L, d], k [n, h, S, d] and v [n, h, S, e], got ", q.shape(), ", ",
         k.shape(), " and ", v.shape());
  Attention a{n, heads, q.dim(2), steps, q.dim(3), v.dim(3)};
  finish(name, a, mask, dropout, q.dtype());
  a.q = separate(heads, a.queries, a.depth);
  a.k = separate(heads, a.keys, a.depth);
  a.v = separate(heads, a.keys, a.value_depth);
  a.y = separate(heads, a.queries, a.value_depth);
  return attention_of(name, a, {n, heads, a.queries, a.value_depth}, q, k, v, dropout);
}

Variable multi_head_attention(const Variable& q, const Variable& k, const Variable& v,
                              std::int64_t heads, const AttentionMask& mask,
                              const AttentionDropout& dropout) {
  const Profiled profiled(of_heads);
  detail::check_defined(of_heads, q, k, v);
  for (const Variable* x : {&q, &k, &v}) check_operand(of_heads, q, *x, 3);
  const std::int64_t n = q.dim(0), steps = k.dim(1);
  if (k.dim(0) != n || v.dim(0) != n || k.dim(2) != q.dim(2) || v.dim(1) != steps)
    fail(of_heads, "expected q [n, L, h d], k [n, S, h d] and v [n, S, h e], got ", q.shape(), ", ",
         k.shape(), " and ", v.shape());
  const std::int64_t columns = q.dim(2), value_columns = v.dim(2);
  Attention a{n,
              heads,
              q.dim(1),
              steps,
              columns_of_head(q, columns, heads),
              columns_of_head(v, value_columns, heads)};
  finish(of_heads, a, mask, dropout, q.dtype());
  a.q = beside(0, a.queries, columns, a.depth);
  a.k = beside(0, a.keys, columns, a.depth);
  a.v = beside(0, a.keys, value_columns, a.value_depth);
  a.y = beside(0, a.queries, value_columns, a.value_depth);
  return attention_of(of_heads, a, {n, a.queries, value_columns}, q, k, v, dropout);
}

// As above; the three gradients go into the columns of one.
Variable multi_head_attention(const Variable& qkv, std::int64_t heads, const AttentionMask& mask,
                              const AttentionDropout& dropout) {
  const Profiled profiled(of_heads);
  detail::check_defined(of_heads, qkv);
  check_operand(of_heads, qkv, qkv, 3);
  const std::int64_t n = qkv.dim(0), steps = qkv.dim(1), all = qkv.dim(2), columns = all / 3;
  if (all % 3 != 0) fail(of_heads, "expected [n, L, 3 h d], got ", qkv.shape());
  const std::int64_t depth = columns_of_head(qkv, columns, heads);
  Attention a{n, heads, steps, steps, depth, depth};
  finish(of_heads, a, mask, dropout, qkv.dtype());
  a.q = beside(0, steps, all, depth);
  a.k = beside(columns, steps, all, depth);
  a.v = beside(2 * columns, steps, all, depth);
  a.y = beside(0, steps, columns, depth);
  Tensor y = Tensor::empty({n, steps, columns}, qkv.dtype());
  Tensor state = row_state(a, qkv.dtype());
  const Tensor& x = qkv.value();
  kernel::attention(a, x, x, x, y, state);
  Variable result = record(
      of_heads, y, {qkv},
      [a, x = Saved(x), y = Saved(y), state, bias = Saved(a.bias)](const Tensor& g, Gradients& to) {
        bias.get();  // throws if it was changed since
        if (to.recorded())
          return to.recompute({to.input(0, x)}, [&](const std::vector<Variable>& inputs) {
            const std::vector<Variable> parts = chunk(inputs[0], 3, -1);
            return detail::composed_attention(a, parts[0], parts[1], parts[2]);
          });
        to.write(0, [&](Tensor& dx, Write mode) {
          kernel::attention_into(a, mode, g, x, x, x, y, state, dx, dx, dx);
        });
      });
  advance(a, dropout);
  return result;
}

}  // namespace plumb
