// Normalization of each channel over a batch: values less their mean, divided by their deviation.
#pragma once

#include "../variable.hpp"

namespace plumb {

/// The mean and the variance of each channel as batch_norm estimates them: both [c], or both
/// undefined.
struct RunningStatistics {
  Tensor mean, var;
};

/// Which statistics batch_norm normalizes by.
enum class NormalizeBy : std::uint8_t { batch, running };

/// y = (x - m) / sqrt(v + eps) weight + bias for each channel of x [n, c, ...], over n and the other axes (Ioffe and
/// Szegedy 2015, "Batch normalization", algorithm 1). weight and bias are [c]; an undefined weight stands for 1, an
/// undefined bias for 0. All tensors have one dtype, float32 or float64.
///
/// NormalizeBy::batch is for training: m and v, which divides by the number n of elements and not by n - 1, are those
/// of the batch, and the gradient goes through them. They are taken in double in two passes, so that float32 values of
/// mean 1000 and deviation 0.01 keep their digits. At the end `running`, if defined, is changed in place:
///   running = (1 - momentum) running + momentum (that of the batch),
/// where the batch's variance is the sum of squares over n - 1, as in PyTorch. A batch without
/// elements leaves it as it is (PyTorch makes it NaN); its result is empty, and the gradients of weight and bias are 0.
/// With NormalizeBy::running the statistics are constants.
///
/// Throws "[batch_norm] ..." with both shapes where these do not fit, for other dtypes, for an eps that is negative or
/// not finite, for a batch with one value per channel, "[batch_norm] one value per channel has no
/// deviation to train with: [1, 3]", and for a momentum that is not in [0, 1].
Variable batch_norm(RunningStatistics& running, const Variable& x, const Variable& weight,
                    const Variable& bias, NormalizeBy by, double momentum = 0.1, double eps = 1e-5);

/// max_pool2d(batch_norm(...), 2): the same bits, also of all gradients, in less work, since what lies between the two
/// is not stored. x is [n, c, h, w], the result [n, c, h / 2, w / 2].
Variable batch_norm_max_pool2d(RunningStatistics& running, const Variable& x,
                               const Variable& weight, const Variable& bias, NormalizeBy by,
                               double momentum = 0.1, double eps = 1e-5);

}  // namespace plumb
