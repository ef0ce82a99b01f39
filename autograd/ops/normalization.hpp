// Normalization over a batch, a row or a group: values less their mean, divided by their deviation.
#pragma once

#include "../variable.hpp"

namespace plumb {

// All but rms_norm give y = (x - m) / sqrt(v + eps) weight + bias, where m and v are mean and variance of the
// elements that are normalized together; v divides by their number n, not by n - 1. An undefined
// weight stands for 1, an undefined bias for 0. All tensors have one dtype, float32 or float64.
// Means and variances are taken in double in two passes, so that float32 values of mean 1000 and
// deviation 0.01 keep their digits. Batches without samples give empty results, and gradients of 0
// for weight and bias.
//
// They throw "[batch_norm] ..." with both shapes where these do not fit, for other dtypes and for
// an eps that is negative or not finite.

/// The mean and the variance of each channel as batch_norm estimates them: both [c], or both
/// undefined.
struct RunningStatistics {
  Tensor mean, var;
};

/// Which statistics batch_norm normalizes by.
enum class NormalizeBy : std::uint8_t { batch, running };

/// Normalizes each channel of x [n, c, ...] over n and the other axes (Ioffe and Szegedy 2015,
/// "Batch normalization", algorithm 1); weight and bias are [c].
///
/// NormalizeBy::batch is for training: the gradient goes through mean and variance. At the end
/// `running`, if defined, is changed in place:
///   running = (1 - momentum) running + momentum (that of the batch),
/// where the batch's variance is the sum of squares over n - 1, as in PyTorch. A batch without
/// elements leaves it as it is (PyTorch makes it NaN). With NormalizeBy::running the statistics are
/// constants.
///
/// Throws for a batch with one value per channel, "[batch_norm] one value per channel has no
/// deviation to train with: [1, 3]", and for a momentum that is not in [0, 1].
Variable batch_norm(RunningStatistics& running, const Variable& x, const Variable& weight,
                    const Variable& bias, NormalizeBy by, double momentum = 0.1, double eps = 1e-5);

/// max_pool2d(batch_norm(...), 2): the same bits, also of all gradients, in less work, since what lies between the two
/// is not stored. x is [n, c, h, w], the result [n, c, h / 2, w / 2].
Variable batch_norm_max_pool2d(RunningStatistics& running, const Variable& x,
                               const Variable& weight, const Variable& bias, NormalizeBy by,
                               double momentum = 0.1, double eps = 1e-5);

/// Normalizes x [..., normalized] over its trailing axes, which weight and bias have too (Ba, Kiros
/// and Hinton 2016, "Layer normalization").
Variable layer_norm(const Variable& x, const Shape& normalized, const Variable& weight = Variable(),
                    const Variable& bias = Variable(), double eps = 1e-5);

/// Divides x [..., normalized] by the root of the mean of its squares over its trailing axes, which
/// the weight has too: y = x / sqrt(mean of x^2 + eps) weight (Zhang and Sennrich 2019, "Root mean
/// square layer normalization"). Squares are taken in double.
Variable rms_norm(const Variable& x, const Shape& normalized, const Variable& weight = Variable(),
                  double eps = 1e-5);

/// Normalizes each sample of x [n, c, ...] over groups: all elements of c / groups consecutive
/// channels. weight and bias are [c] (Wu and He 2018, "Group normalization"). With c groups
/// it is instance norm. Throws where `groups` does not divide c.
Variable group_norm(const Variable& x, std::int64_t groups, const Variable& weight = Variable(),
                    const Variable& bias = Variable(), double eps = 1e-5);

}  // namespace plumb
