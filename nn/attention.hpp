// MultiheadAttention: every step takes from all steps what fits it.
#pragma once

#include <optional>

#include "../autograd/ops/attention.hpp"
#include "linear.hpp"
#include "position.hpp"

namespace plumb::nn {

using plumb::AttentionMask;
using plumb::Causal;

struct MultiheadAttentionOptions {
  /// Probability with which a weight is dropped while training.
  double dropout = 0;
  Bias bias = Bias::yes;
  /// Whether a step of self attention sees the steps before it and itself only.
  Causal causal = Causal::no;
  /// Turns queries and keys of self attention by their step.
  std::optional<RotaryOptions> rotary;
};

/// Attention in `heads` heads of size / heads columns (Vaswani et al. 2017, "Attention is all you
/// need", section 3.2.2), between products with weights. Batch-first.
///
/// Parameters are PyTorch's: "in_proj_weight" [3 size, size], of queries, keys and values, uniform by
/// Xavier; "in_proj_bias" [3 size], 0; "out_proj.weight", uniform in +-1/sqrt(size), and
/// "out_proj.bias", 0.
///
/// As a layer it is self attention: x [n, steps, size] -> [n, steps, size]. In layer(x, lengths) steps
/// past a sample's length are neither seen nor computed: their result is the bias of out_proj, whatever
/// they hold.
class MultiheadAttention : public Layer {
 public:
  /// float32; to() converts. The generator draws the weights, and gives the stream "generator" of the
  /// dropout. Throws "[MultiheadAttention] 4 heads do not divide 10 columns", and for a dropout outside
  /// of [0, 1].
  MultiheadAttention(std::int64_t size, std::int64_t heads, Generator& generator,
                     const MultiheadAttentionOptions& options = {});

  /// Throws "[MultiheadAttention] expected input [n, steps, 128], got [64, 128]".
  Variable forward(const Variable& x) override;
  Variable forward_padded(const Variable& x, const Tensor& lengths) override;

  /// Cross attention: queries [n, L, size] take from a memory [n, S, size] -> [n, L, size]. Option
  /// causal does not hold here: the mask says all.
  Variable attend(const Variable& query, const Variable& memory, const AttentionMask& mask = {});
  /// The same with values of their own: key and value [n, S, size].
  Variable attend(const Variable& query, const Variable& key, const Variable& value,
                  const AttentionMask& mask);
  /// Self attention with any mask: attend(x, x, mask) in one product.
  Variable attend_self(const Variable& x, const AttentionMask& mask);

  Variable in_proj_weight() const { return in_proj_weight_; }
  /// Undefined without bias.
  Variable in_proj_bias() const { return in_proj_bias_; }
  Linear& out_proj() & { return *out_proj_; }

 private:
  void check_input(const Variable& x) const;
  // Queries, keys or values: part 0, 1 or 2 of the input weights.
  Variable project(const Variable& x, std::int64_t part) const;
  AttentionDropout weight_dropout();

  std::int64_t size_, heads_;
  MultiheadAttentionOptions options_;
  std::optional<RotaryPositions> rotary_;
  Variable in_proj_weight_, in_proj_bias_;
  Linear* out_proj_;
  Generator* generator_;
};

}  // namespace plumb::nn
