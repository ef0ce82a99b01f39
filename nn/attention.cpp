#include "attention.hpp"

#include "../autograd/ops/matmul.hpp"
#include "../autograd/ops/shape.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "init.hpp"

namespace plumb::nn {

MultiheadAttention::MultiheadAttention(std::int64_t size, std::int64_t heads, Generator& generator,
                                       const MultiheadAttentionOptions& options)
    : size_(size), heads_(heads), options_(options) {
  if (size < 0 || heads < 1 || size % heads != 0)
    fail("MultiheadAttention", heads, " heads do not divide ", size, " columns");
  if (!(options.dropout >= 0 && options.dropout <= 1))
    fail("MultiheadAttention", "dropout must be in [0, 1], got ", options.dropout);
  Tensor weight = Tensor::empty({3 * size, size});
  init::xavier_uniform(weight, generator);
  in_proj_weight_ = add_parameter("in_proj_weight", weight);
  if (options.bias == Bias::yes)
    in_proj_bias_ = add_parameter("in_proj_bias", Tensor::zeros({3 * size}));
  out_proj_ = &add("out_proj", Linear(size, size, generator, options.bias));
  if (options.bias == Bias::yes) {
    Tensor bias = out_proj_->bias().value();
    bias.fill(0);
  }
  generator_ = &add_generator("generator", generator.fork());
  if (options.rotary) rotary_.emplace(size / heads, *options.rotary);
}

void MultiheadAttention::check_input(const Variable& x) const {
  if (x.rank() != 3 || x.dim(2) != size_)
    fail("MultiheadAttention", "expected input [n, steps, ", size_, "], got ", x.shape());
}

Variable MultiheadAttention::project(const Variable& x, std::int64_t part) const {
  check_input(x);
  const std::int64_t first = part * size_, end = first + size_;
  const Variable bias = in_proj_bias_.defined() ? slice(in_proj_bias_, 0, first, end) : Variable();
  return linear(x, slice(in_proj_weight_, 0, first, end), bias);
}

AttentionDropout MultiheadAttention::weight_dropout() {
  if (!training() || options_.dropout == 0) return {};
  return {options_.dropout, generator_};
}

Variable MultiheadAttention::forward(const Variable& x) {
  AttentionMask mask;
  mask.causal = options_.causal;
  return attend_self(x, mask);
}

Variable MultiheadAttention::forward_padded(const Variable& x, const Tensor& lengths) {
  AttentionMask mask;
  mask.causal = options_.causal;
  mask.key_lengths = mask.query_lengths = lengths;
  return attend_self(x, mask);
}

Variable MultiheadAttention::attend_self(const Variable& x, const AttentionMask& mask) {
  check_input(x);
  Variable qkv = linear(x, in_proj_weight_, in_proj_bias_);
  if (rotary_) qkv = rotary_->turn(qkv, 2 * size_);
  Variable y = (*out_proj_)(multi_head_attention(qkv, heads_, mask, weight_dropout()));
  show(y);
  return y;
}

Variable MultiheadAttention::attend(const Variable& query, const Variable& memory,
                                    const AttentionMask& mask) {
  return attend(query, memory, memory, mask);
}

Variable MultiheadAttention::attend(const Variable& query, const Variable& key,
                                    const Variable& value, const AttentionMask& mask) {
  const Variable q = project(query, 0), k = project(key, 1), v = project(value, 2);
  Variable y = (*out_proj_)(multi_head_attention(q, k, v, heads_, mask, weight_dropout()));
  show(y);
  return y;
}

}  // namespace plumb::nn
