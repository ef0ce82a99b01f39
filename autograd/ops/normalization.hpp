// Normalization: values less their mean, divided by their deviation, over a batch, a row or a
// group.
#pragma once

#include "../variable.hpp"

namespace plumb {

// All give y = (x - m) / sqrt(v + eps) weight + bias, with mean m and variance v (over all n, not
// n - 1) of what is normalized together. weight and bias are optional, each by itself: undefined
// ones stand for 1 and 0. All tensors have one dtype, float32 or float64; means and variances are
// taken in double in two passes, so that float32 values of mean 1000 and deviation 0.01 keep their
// digits. Batches without samples give empty results, and gradients of 0 for weight and bias.
//
// They throw "[batch_norm] ..." with both shapes where these do not fit, for other dtypes and for
// an eps that is negative or not finite.

/// The mean and the variance of each channel, [c] both, as batch_norm estimates them; or undefined,
/// both.
struct RunningStatistics {
  Tensor mean, var;
};

/// Which statistics batch_norm normalizes by.
enum class NormalizeBy : std::uint8_t { batch, running };

/// Normalizes each channel of x [n, c, ...] over n and the other axes (Ioffe and Szegedy 2015,
/// "Batch normalization", algorithm 1); weight and bias are [c].
///
/// By the batch, which is how one trains: the gradient goes through mean and variance, and
/// `running` where it is defined moves in place, after all else has succeeded:
///   running = (1 - momentum) running + momentum of the batch's,
/// where the batch's variance is the sum of squares over n - 1, as in PyTorch. A batch without
/// elements leaves it alone (PyTorch makes it NaN). By the running statistics: these are constants.
///
/// Throws for one value per channel by the batch, "[batch_norm] one value per channel has no
/// deviation to train with: [1, 3]", and for a momentum that is not in [0, 1].
Variable batch_norm(RunningStatistics& running, const Variable& x, const Variable& weight,
                    const Variable& bias, NormalizeBy by, double momentum = 0.1, double eps = 1e-5);

/// Normalizes over the trailing axes, which must be `normalized`, those of weight and bias:
/// x [..., normalized] (Ba, Kiros and Hinton 2016, "Layer normalization").
Variable layer_norm(const Variable& x, const Shape& normalized, const Variable& weight = Variable(),
                    const Variable& bias = Variable(), double eps = 1e-5);

/// Normalizes each sample of x [n, c, ...] over groups of c / groups consecutive channels with all
/// their elements; weight and bias are [c] (Wu and He 2018, "Group normalization"). With c groups
/// it is instance norm. Throws where `groups` does not divide c.
Variable group_norm(const Variable& x, std::int64_t groups, const Variable& weight = Variable(),
                    const Variable& bias = Variable(), double eps = 1e-5);

}  // namespace plumb
