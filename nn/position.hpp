// Positions: what tells a layer that mixes steps where each of them stands.
#pragma once

#include <optional>

#include "../autograd/ops/rotary.hpp"
#include "layer.hpp"

namespace plumb::nn {

/// y = x + table for x [..., steps, size], with the constant table of Vaswani et al. 2017, "Attention
/// is all you need", section 3.5: column 2 i of step t is sin(t 10000^(-2 i / size)), column 2 i + 1
/// the cosine. It is no parameter and is not saved.
class SinusoidalPositions : public Layer {
 public:
  /// For inputs of up to `most` steps. Throws for negative numbers.
  SinusoidalPositions(std::int64_t most, std::int64_t size);

  /// Throws "[SinusoidalPositions] expected input [..., steps, 128] of at most 64 steps, got
  /// [12, 65, 128]".
  Variable forward(const Variable& x) override;

  /// [most, size], float64.
  Tensor table() const { return table_; }

 private:
  Tensor table_;
  Tensor converted_;  // to the dtype of the last input
};

/// y = x + weight for x [..., steps, size]: the first rows of the parameter "weight" [most, size],
/// which starts normal with mean 0 and deviation 0.02.
class LearnedPositions : public Layer {
 public:
  /// For inputs of up to `most` steps; float32. Throws for negative numbers.
  LearnedPositions(std::int64_t most, std::int64_t size, Generator& generator);

  /// Throws as SinusoidalPositions.
  Variable forward(const Variable& x) override;

  /// [most, size].
  Variable weight() const { return weight_; }

 private:
  Variable weight_;
};

struct RotaryOptions {
  /// Steps of the longest input.
  std::int64_t most = 0;
  RotaryLayout layout = RotaryLayout::halves;
  double base = 10000;
};

/// Turns the columns of heads of `size` by angles that grow with the step (rotary() in
/// autograd/ops/rotary.hpp): x [..., steps, h size]. It has no parameters. MultiheadAttention takes
/// RotaryOptions and turns queries and keys itself.
class RotaryPositions : public Layer {
 public:
  /// Throws for an odd size and for negative numbers.
  RotaryPositions(std::int64_t size, const RotaryOptions& options);

  /// Throws "[rotary] there are angles for 64 steps, got [12, 65, 128]".
  Variable forward(const Variable& x) override { return turn(x); }
  /// Only the first `rotated` columns of x turn.
  Variable turn(const Variable& x, std::optional<std::int64_t> rotated = {});

 private:
  RotaryLayout layout_;
  Tensor angles_;     // float64
  Tensor converted_;  // to the dtype of the last input
};

}  // namespace plumb::nn
