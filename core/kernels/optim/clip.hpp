// Norms of gradients, and gradients made smaller.
#pragma once

#include "../../tensor/tensor.hpp"

namespace plumb::kernel {

/// The sum of x^2, in double, added in an order that the shape alone decides. Floating.
double sum_of_squares(const Tensor& x);

/// The largest |x|: 0 for no elements, NaN where there is one. Floating.
double largest_magnitude(const Tensor& x);

/// x = factor x, in x's dtype. Floating.
void scale(Tensor& x, double factor);

/// x = min(max(x, -limit), limit), in x's dtype; NaN stays. Floating.
void clamp_magnitude(Tensor& x, double limit);

}  // namespace plumb::kernel
