// Rows by their own mean and deviation, with a weight and a bias for each column, and the gradient.
#pragma once

#include "../../tensor/tensor.hpp"
#include "../../tensor/write.hpp"

namespace plumb::kernel {

// x is [rows, size], float32 or float64; the rows' means and inverse deviations are float64,
// [rows]; weight and bias are [size] of the dtype of x, or undefined for 1 and 0.

/// y = (x - mean) inverse weight + bias.
void scale_rows(Tensor& y, const Tensor& x, const Tensor& mean, const Tensor& inverse,
                const Tensor& weight, const Tensor& bias);

/// dx = or += inverse (h - mean of h - x^ times the mean of h x^) for each row, with h = g weight
/// and x^ = (x - mean) inverse.
void layer_norm_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& mean,
                     const Tensor& inverse, const Tensor& weight);

}  // namespace plumb::kernel
