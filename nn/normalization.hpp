// BatchNorm1d, BatchNorm2d: channels normalized over the batch, and by running statistics later.
#pragma once

#include <optional>

#include "affine.hpp"
#include "layer.hpp"

namespace plumb::nn {

/// Whether batch norm estimates statistics to evaluate with.
enum class TrackStatistics : std::uint8_t { no, yes };

struct BatchNormOptions {
  /// Added to the variance.
  double eps = 1e-5;
  /// Part of each batch in the new running statistics; without a value these are the mean over all
  /// batches so far.
  std::optional<double> momentum = 0.1;
  Affine affine = Affine::yes;
  TrackStatistics track = TrackStatistics::yes;
};

/// What BatchNorm1d and BatchNorm2d share: y = (x - m) / sqrt(v + eps) weight + bias for each
/// channel (Ioffe and Szegedy 2015, "Batch normalization").
///
/// In training mode m and v are those of the batch, and the running statistics move towards them;
/// in evaluation mode they are the running ones, or again the batch's where none are tracked.
///
/// Parameters "weight" and "bias" [c], unless Affine::no; buffers "running_mean", which starts as
/// 0, "running_var", as 1, of the parameters' dtype, and "num_batches_tracked", an int64 of shape
/// [], unless TrackStatistics::no: PyTorch's names. As in PyTorch running_var takes the batch's
/// variance over n - 1; unlike there a batch without elements changes nothing.
class BatchNorm : public Layer {
 public:
  /// Throws "[BatchNorm2d] expected input [n, 3, h, w], got [64, 1, 28, 28]", and in training mode
  /// for one value per channel, "[batch_norm] one value per channel has no deviation to train with:
  /// [1, 3]".
  Variable forward(const Variable& x) override;

  /// [c]; undefined with Affine::no.
  const Variable& weight() const { return weight_; }
  const Variable& bias() const { return bias_; }
  /// [c]; undefined with TrackStatistics::no.
  const Variable& running_mean() const { return running_mean_; }
  const Variable& running_var() const { return running_var_; }
  /// Batches that moved the running statistics so far; 0 with TrackStatistics::no.
  std::int64_t num_batches_tracked() const;

 protected:
  BatchNorm(const char* name, std::int64_t channels, const BatchNormOptions& options);
  // Throws where the layer does not take inputs of this shape.
  virtual void check_input(const Shape& shape) const = 0;
  std::int64_t channels() const { return channels_; }

 private:
  std::int64_t channels_;
  BatchNormOptions options_;
  Variable weight_, bias_;
  Variable running_mean_, running_var_, num_batches_tracked_;
};

/// Batch norm of features [n, c] or signals [n, c, l].
class BatchNorm1d : public BatchNorm {
 public:
  /// float32; to() converts. Throws for a negative number of channels, an eps that is negative or
  /// not finite and a momentum that is not in [0, 1].
  explicit BatchNorm1d(std::int64_t channels, const BatchNormOptions& options = {});

 private:
  void check_input(const Shape& shape) const override;
};

/// Batch norm of images [n, c, h, w].
class BatchNorm2d : public BatchNorm {
 public:
  /// As BatchNorm1d.
  explicit BatchNorm2d(std::int64_t channels, const BatchNormOptions& options = {});

 private:
  void check_input(const Shape& shape) const override;
};

}  // namespace plumb::nn
