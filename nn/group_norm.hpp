// GroupNorm: groups of channels of each sample normalized by their own mean and deviation.
#pragma once

#include "affine.hpp"
#include "layer.hpp"

namespace plumb::nn {

struct GroupNormOptions {
  /// Added to the variance.
  double eps = 1e-5;
  Affine affine = Affine::yes;
};

/// y = (x - m) / sqrt(v + eps) weight + bias for x [n, c, ...], with mean and variance over all
/// elements of c / groups consecutive channels of a sample; weight and bias belong to channels (Wu
/// and He 2018, "Group normalization"). The same in training and evaluation.
///
/// Parameters "weight" and "bias" [c], unless Affine::no.
class GroupNorm : public Layer {
 public:
  /// float32; to() converts. Throws "[GroupNorm] 4 groups do not divide 6 channels", and for an eps
  /// that is negative or not finite.
  GroupNorm(std::int64_t groups, std::int64_t channels, const GroupNormOptions& options = {});

  /// Throws "[GroupNorm] expected input [n, 6, ...], got [64, 4, 7, 7]".
  Variable forward(const Variable& x) override;

  /// [c]; undefined with Affine::no.
  const Variable& weight() const { return weight_; }
  const Variable& bias() const { return bias_; }

 private:
  std::int64_t groups_;
  std::int64_t channels_;
  GroupNormOptions options_;
  Variable weight_, bias_;
};

}  // namespace plumb::nn
