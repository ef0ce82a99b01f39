// What all norms share: the checks of what goes into them, weights and statistics in double, and the gradients of
// weights and biases.
#pragma once

#include "../../record.hpp"

namespace plumb::detail {

/// Throws where x is of integers, or where eps is negative or not finite.
void check_norm_input(const char* operation, const Variable& x, double eps);

/// Throws where x is not [n, c, ...].
void check_norm_channels(const char* operation, const Variable& x);

/// Throws where p, a weight, a bias or a statistic, has another shape than `expected` or another dtype than x. It may
/// be undefined.
void check_norm_shape(const char* operation, const char* name, const Tensor& p,
                      const Shape& expected, const Variable& x);

/// The same for a weight and a bias, either of which may be undefined.
void check_affine(const char* operation, const Variable& weight, const Variable& bias,
                  const Shape& expected, const Variable& x);

/// A copy of p, so that later changes in place do not reach it; full of `otherwise` if undefined.
Tensor in_double(const Variable& p, const Shape& shape, double otherwise);

/// 1 / sqrt(variance + eps)
Tensor inverse_deviation(const Tensor& variance, double eps);

/// Writes the gradient of a weight or a bias from sums in float64 and of any shape.
void write_sums(Gradients& to, std::size_t input, const Tensor& sums);

}  // namespace plumb::detail
