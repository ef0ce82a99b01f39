// Conv1d: windows of a signal, weighted and summed.
#pragma once

#include "../autograd/ops/convolution.hpp"
#include "layer.hpp"

namespace plumb::nn {

/// conv1d as a layer: x [n, in, l] -> y [n, out, ol], with parameters "weight"
/// [out, in / groups, k] and "bias" [out].
///
/// Both start uniform in [-1/sqrt(fan), 1/sqrt(fan)) with fan = in / groups k, drawn from the
/// generator in this order: the default of PyTorch. For other starts see init.hpp.
///
/// ```
/// nn::Conv1d(16, 32, 5, generator, {1, 2});  // stride 1, padding 2: as long as x
/// ```
class Conv1d : public Layer {
 public:
  /// float32; to() converts. Throws for channels that are negative or that groups does not divide,
  /// for an empty kernel and for options out of range.
  Conv1d(std::int64_t in, std::int64_t out, std::int64_t kernel, Generator& generator,
         const Conv1dOptions& options = {}, Bias bias = Bias::yes);
  /// Over parameters that already exist, which may be other modules' too: weight
  /// [out, in / groups, k], bias [out] or undefined. Both must be leaves.
  explicit Conv1d(Variable weight, Variable bias = Variable(), const Conv1dOptions& options = {});

  /// Throws "[Conv1d] expected input [n, 3, l], got [64, 1, 28]", and as conv1d.
  Variable forward(const Variable& x) override;

  /// [out, in / groups, k].
  const Variable& weight() const { return weight_; }
  /// [out]; undefined without bias.
  const Variable& bias() const { return bias_; }
  const Conv1dOptions& options() const { return options_; }

 private:
  Conv1dOptions options_;
  Variable weight_;
  Variable bias_;
};

}  // namespace plumb::nn
