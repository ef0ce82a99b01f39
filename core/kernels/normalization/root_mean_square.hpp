// Rows by the root of their mean square, with a weight for each column, and the gradient.
#pragma once

#include "../../tensor/tensor.hpp"
#include "../../tensor/write.hpp"

namespace plumb::kernel {

// x is [rows, size], float32 or float64; the weight is [size] of the dtype of x, or undefined for 1;
// the inverse roots are float64, [rows].

/// y = x inverse weight, with inverse = 1 / sqrt(mean of x^2 + eps), which is written too.
void rms_norm(Tensor& y, Tensor& inverse, const Tensor& x, const Tensor& weight, double eps);

/// dx = or += inverse (h - x^ times the mean of h x^) for each row, with h = g weight and
/// x^ = x inverse.
void rms_norm_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& inverse,
                   const Tensor& weight);

}  // namespace plumb::kernel
