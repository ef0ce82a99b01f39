// BatchNorm, LayerNorm, GroupNorm, RMSNorm: values of one size whatever that of the input.
#pragma once

#include <optional>

#include "../autograd/ops/batch_norm.hpp"
#include "layer.hpp"

namespace plumb::nn {

class MaxPool2d;

/// Whether a normalization is followed by a learnt weight, which starts as 1, and bias, as 0.
enum class Affine : std::uint8_t { no, yes };

/// What the normalizations share: y = (x - m) / sqrt(v + eps) weight + bias with parameters
/// "weight" and "bias", unless Affine::no. They are float32; to() converts.
class NormLayer : public Layer {
 public:
  /// Both undefined with Affine::no.
  Variable weight() const { return weight_; }
  Variable bias() const { return bias_; }

 protected:
  // Throws for an eps that is negative or not finite.
  NormLayer(const char* layer, const Shape& parameters, double eps, Affine affine);

 private:
  Variable weight_, bias_;
};

/// Whether batch norm estimates statistics to evaluate with.
enum class TrackStatistics : std::uint8_t { no, yes };

struct BatchNormOptions {
  /// Added to the variance.
  double eps = 1e-5;
  /// How much each batch counts in the new running statistics. Without a value these are the mean
  /// over all batches so far.
  std::optional<double> momentum = 0.1;
  Affine affine = Affine::yes;
  TrackStatistics track = TrackStatistics::yes;
};

/// What BatchNorm1d and BatchNorm2d share: each channel is normalized by itself (Ioffe and Szegedy
/// 2015, "Batch normalization"). The parameters are [c].
///
/// In training mode mean and variance are those of the batch, and the running statistics move
/// towards them. In evaluation mode they are the running ones, or again the batch's where none are
/// tracked.
///
/// Unless TrackStatistics::no it has the buffers "running_mean", which starts as 0, "running_var",
/// as 1, both of the parameters' dtype, and "num_batches_tracked", an int64 of shape []: PyTorch's
/// names. As in PyTorch running_var takes the batch's variance over n - 1; unlike there a batch
/// without elements changes nothing.
class BatchNorm : public NormLayer {
 public:
  /// Throws "[BatchNorm2d] expected input [n, 3, h, w], got [64, 1, 28, 28]", and in training mode
  /// for one value per channel, "[batch_norm] one value per channel has no deviation to train with:
  /// [1, 3]".
  Variable forward(const Variable& x) override;

  /// [c]; undefined with TrackStatistics::no.
  Variable running_mean() const { return running_mean_; }
  Variable running_var() const { return running_var_; }
  /// Batches that moved the running statistics so far; 0 with TrackStatistics::no.
  std::int64_t num_batches_tracked() const;

 protected:
  BatchNorm(const char* layer, std::int64_t channels, const BatchNormOptions& options);
  // Throws where the layer does not take inputs of this shape.
  virtual void check_input(const Shape& shape) const = 0;
  std::int64_t channels() const { return channels_; }
  // forward(x) with an operation that normalizes x and may go on with it.
  using Operation = Variable (*)(RunningStatistics&, const Variable& x, const Variable& weight,
                                 const Variable& bias, NormalizeBy, double momentum, double eps);
  Variable forward_with(Operation operation, const Variable& x);

 private:
  std::int64_t channels_;
  BatchNormOptions options_;
  Variable running_mean_, running_var_, num_batches_tracked_;
};

/// Batch norm of features [n, c] or signals [n, c, l].
class BatchNorm1d : public BatchNorm {
 public:
  /// Throws for a negative number of channels, an eps that is negative or not finite and a momentum
  /// that is not in [0, 1].
  explicit BatchNorm1d(std::int64_t channels, const BatchNormOptions& options = {});

 private:
  void check_input(const Shape& shape) const override;
};

/// Batch norm of images [n, c, h, w].
class BatchNorm2d : public BatchNorm {
 public:
  /// As BatchNorm1d.
  explicit BatchNorm2d(std::int64_t channels, const BatchNormOptions& options = {});

  /// With a MaxPool2d of 2 x 2, and with a ReLU and such a pooling.
  Fused fuse_with(Layer& next) override;
  Fused fuse_with_two(Layer& next, Layer& last) override;

 private:
  Variable forward_pooled(MaxPool2d& pool, const Variable& x);
  void check_input(const Shape& shape) const override;
};

struct LayerNormOptions {
  /// Added to the variance.
  double eps = 1e-5;
  Affine affine = Affine::yes;
};

/// Mean and variance over the trailing axes of x [..., shape], which the parameters have too (Ba,
/// Kiros and Hinton 2016, "Layer normalization"). The same in training and evaluation.
class LayerNorm : public NormLayer {
 public:
  /// Throws for a shape without axes or with negative sizes and for an eps that is negative or not
  /// finite.
  explicit LayerNorm(const Shape& shape, const LayerNormOptions& options = {});
  /// Over the last axis.
  explicit LayerNorm(std::int64_t size, const LayerNormOptions& options = {});

  /// Throws "[LayerNorm] expected an input that ends in [128], got [64, 100]".
  Variable forward(const Variable& x) override;

 private:
  Shape shape_;
  LayerNormOptions options_;
};

struct RMSNormOptions {
  /// Added to the mean square.
  double eps = 1e-5;
  Affine affine = Affine::yes;
};

/// y = x / sqrt(mean of x^2 + eps) weight over the trailing axes of x [..., shape], which the
/// parameter "weight" has too and which starts as 1 (Zhang and Sennrich 2019, "Root mean square layer
/// normalization"). The same in training and evaluation.
class RMSNorm : public Layer {
 public:
  /// As LayerNorm.
  explicit RMSNorm(const Shape& shape, const RMSNormOptions& options = {});
  /// Over the last axis.
  explicit RMSNorm(std::int64_t size, const RMSNormOptions& options = {});

  /// Throws "[RMSNorm] expected an input that ends in [128], got [64, 100]".
  Variable forward(const Variable& x) override;

  /// Undefined with Affine::no.
  Variable weight() const { return weight_; }

 private:
  Shape shape_;
  RMSNormOptions options_;
  Variable weight_;
};

struct GroupNormOptions {
  /// Added to the variance.
  double eps = 1e-5;
  Affine affine = Affine::yes;
};

/// Mean and variance of x [n, c, ...] over all elements of c / groups consecutive channels of a
/// sample. The parameters are [c] (Wu and He 2018, "Group normalization"). The same in training and
/// evaluation.
class GroupNorm : public NormLayer {
 public:
  /// Throws "[GroupNorm] 4 groups do not divide 6 channels", and for an eps that is negative or not
  /// finite.
  GroupNorm(std::int64_t groups, std::int64_t channels, const GroupNormOptions& options = {});

  /// Throws "[GroupNorm] expected input [n, 6, ...], got [64, 4, 7, 7]".
  Variable forward(const Variable& x) override;

 private:
  std::int64_t groups_;
  std::int64_t channels_;
  GroupNormOptions options_;
};

}  // namespace plumb::nn
