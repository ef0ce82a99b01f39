#include "transformer.hpp"

#include "../autograd/ops/activation.hpp"
#include "../autograd/ops/arithmetic.hpp"

namespace plumb::nn {
namespace {

MultiheadAttentionOptions self_options(const TransformerOptions& options, Causal causal) {
  return {options.dropout, options.bias, causal, options.rotary};
}

MultiheadAttentionOptions memory_options(const TransformerOptions& options) {
  return {options.dropout, options.bias, Causal::no, {}};
}

// linear2(dropout(activation(linear1(x))))
Variable feed_forward(const Variable& x, Linear& linear1, FeedForward activation, Dropout& dropout,
                      Linear& linear2) {
  const Variable between =
      activation == FeedForward::relu ? linear1.forward_relu(x) : gelu(linear1(x));
  return linear2(dropout(between));
}

// x beside f of it, which dropout follows.
template <class F>
Variable around(NormOrder order, const Variable& x, LayerNorm& norm, Dropout& dropout, F f) {
  if (order == NormOrder::pre) return x + dropout(f(norm(x)));
  return norm(x + dropout(f(x)));
}

}  // namespace

TransformerEncoderLayer::TransformerEncoderLayer(std::int64_t size, std::int64_t heads,
                                                 Generator& generator,
                                                 const TransformerOptions& options)
    : options_(options) {
  const auto dropout = [&] { return Dropout(options.dropout, generator.fork()); };
  const LayerNormOptions norm{options.eps, Affine::yes};
  self_attn_ = &add("self_attn", MultiheadAttention(size, heads, generator,
                                                    self_options(options, options.causal)));
  linear1_ = &add("linear1", Linear(size, options.feed_forward, generator, options.bias));
  dropout_ = &add("dropout", dropout());
  linear2_ = &add("linear2", Linear(options.feed_forward, size, generator, options.bias));
  norm1_ = &add("norm1", LayerNorm(size, norm));
  norm2_ = &add("norm2", LayerNorm(size, norm));
  dropout1_ = &add("dropout1", dropout());
  dropout2_ = &add("dropout2", dropout());
}

Variable TransformerEncoderLayer::forward(const Variable& x) { return forward_padded(x, Tensor()); }

Variable TransformerEncoderLayer::forward_padded(const Variable& x, const Tensor& lengths) {
  const Variable y = around(options_.norm, x, *norm1_, *dropout1_,
                            [&](const Variable& in) { return (*self_attn_)(in, lengths); });
  return around(options_.norm, y, *norm2_, *dropout2_, [&](const Variable& in) {
    return feed_forward(in, *linear1_, options_.activation, *dropout_, *linear2_);
  });
}

TransformerDecoderLayer::TransformerDecoderLayer(std::int64_t size, std::int64_t heads,
                                                 Generator& generator,
                                                 const TransformerOptions& options)
    : options_(options) {
  const auto dropout = [&] { return Dropout(options.dropout, generator.fork()); };
  const LayerNormOptions norm{options.eps, Affine::yes};
  self_attn_ = &add("self_attn",
                    MultiheadAttention(size, heads, generator, self_options(options, Causal::yes)));
  multihead_attn_ =
      &add("multihead_attn", MultiheadAttention(size, heads, generator, memory_options(options)));
  linear1_ = &add("linear1", Linear(size, options.feed_forward, generator, options.bias));
  dropout_ = &add("dropout", dropout());
  linear2_ = &add("linear2", Linear(options.feed_forward, size, generator, options.bias));
  norm1_ = &add("norm1", LayerNorm(size, norm));
  norm2_ = &add("norm2", LayerNorm(size, norm));
  norm3_ = &add("norm3", LayerNorm(size, norm));
  dropout1_ = &add("dropout1", dropout());
  dropout2_ = &add("dropout2", dropout());
  dropout3_ = &add("dropout3", dropout());
}

Variable TransformerDecoderLayer::operator()(const Variable& x, const Variable& memory,
                                             const Tensor& lengths, const Tensor& memory_lengths) {
  AttentionMask seen;
  seen.key_lengths = memory_lengths;
  seen.query_lengths = lengths;
  Variable y = around(options_.norm, x, *norm1_, *dropout1_,
                      [&](const Variable& in) { return (*self_attn_)(in, lengths); });
  y = around(options_.norm, y, *norm2_, *dropout2_,
             [&](const Variable& in) { return multihead_attn_->attend(in, memory, seen); });
  return around(options_.norm, y, *norm3_, *dropout3_, [&](const Variable& in) {
    return feed_forward(in, *linear1_, options_.activation, *dropout_, *linear2_);
  });
}

}  // namespace plumb::nn
