// Normalization over a row or a group: values less their mean, divided by their deviation.
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
// They throw "[layer_norm] ..." with both shapes where these do not fit, for other dtypes and for
// an eps that is negative or not finite.

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
