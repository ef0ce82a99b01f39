// TransformerEncoderLayer, TransformerDecoderLayer: attention and two Linear layers, each beside a way
// around it.
#pragma once

#include "activation.hpp"
#include "attention.hpp"
#include "dropout.hpp"
#include "normalization.hpp"

namespace plumb::nn {

/// Where a transformer layer normalizes: behind each sum, x = norm(x + f(x)), as in the first paper,
/// or before each part, x = x + f(norm(x)), which trains without a warm-up (Xiong et al. 2020, "On
/// layer normalization in the transformer architecture").
enum class NormOrder : std::uint8_t { post, pre };

/// The function between the two Linear layers; gelu is the exact one.
enum class FeedForward : std::uint8_t { relu, gelu };

struct TransformerOptions {
  /// Columns between the two Linear layers.
  std::int64_t feed_forward = 2048;
  /// Of the attention's weights, of its result, between the Linear layers and behind them.
  double dropout = 0.1;
  FeedForward activation = FeedForward::relu;
  NormOrder norm = NormOrder::post;
  /// Of the LayerNorms.
  double eps = 1e-5;
  /// Whether steps of self attention see the steps before them and themselves only. A decoder layer's
  /// always do.
  Causal causal = Causal::no;
  /// Of the Linear layers and the attention; a LayerNorm has one always.
  Bias bias = Bias::yes;
  /// Turns queries and keys of self attention by their step.
  std::optional<RotaryOptions> rotary = {};
};

/// Self attention and feed-forward (Vaswani et al. 2017, "Attention is all you need", figure 1, left):
/// x [n, steps, size] -> the same shape; batch-first. Parameters are PyTorch's: "self_attn...",
/// "linear1...", "linear2...", "norm1...", "norm2...". With Causal::yes it is the layer of GPT. Several
/// go into a Sequential, which hands the lengths on:
///
/// ```
/// nn::TransformerOptions options;
/// options.causal = nn::Causal::yes;
/// nn::TransformerEncoderLayer layer(128, 4, generator, options);
/// Variable y = layer(x, lengths);  // steps past the lengths change nothing before them
/// ```
class TransformerEncoderLayer : public Layer {
 public:
  /// float32; to() converts. The generator draws the weights and gives each dropout its stream. Throws
  /// as MultiheadAttention, Linear and LayerNorm.
  TransformerEncoderLayer(std::int64_t size, std::int64_t heads, Generator& generator,
                          const TransformerOptions& options = {});

  Variable forward(const Variable& x) override;
  Variable forward_padded(const Variable& x, const Tensor& lengths) override;

  MultiheadAttention& self_attn() & { return *self_attn_; }

 private:
  TransformerOptions options_;
  MultiheadAttention* self_attn_;
  Linear *linear1_, *linear2_;
  LayerNorm *norm1_, *norm2_;
  Dropout *dropout_, *dropout1_, *dropout2_;
};

/// Causal self attention, attention to a memory and feed-forward (figure 1, right). Parameters are
/// PyTorch's: "self_attn...", "multihead_attn...", "linear1...", "linear2...", "norm1...", "norm2...",
/// "norm3...". It takes two inputs and is a module, not a layer.
class TransformerDecoderLayer : public Module {
 public:
  /// As TransformerEncoderLayer.
  TransformerDecoderLayer(std::int64_t size, std::int64_t heads, Generator& generator,
                          const TransformerOptions& options = {});

  /// x [n, L, size] with a memory [n, S, size] -> [n, L, size]. Lengths, where defined, say how many
  /// steps of each sample of both count.
  Variable operator()(const Variable& x, const Variable& memory, const Tensor& lengths = {},
                      const Tensor& memory_lengths = {});

  MultiheadAttention& self_attn() & { return *self_attn_; }
  MultiheadAttention& multihead_attn() & { return *multihead_attn_; }

 private:
  TransformerOptions options_;
  MultiheadAttention *self_attn_, *multihead_attn_;
  Linear *linear1_, *linear2_;
  LayerNorm *norm1_, *norm2_, *norm3_;
  Dropout *dropout_, *dropout1_, *dropout2_, *dropout3_;
};

}  // namespace plumb::nn
