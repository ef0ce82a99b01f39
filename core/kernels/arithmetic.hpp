// Broadcasting arithmetic on two tensors, or on a tensor and a number, and its backward kernels.
#pragma once

#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

/// Elementwise with NumPy broadcasting; both of one dtype. All but divide and power take integers
/// too. Throw "[add] ..." when shapes do not broadcast or dtypes differ.
Tensor add(const Tensor& a, const Tensor& b);
Tensor subtract(const Tensor& a, const Tensor& b);
Tensor multiply(const Tensor& a, const Tensor& b);
Tensor divide(const Tensor& a, const Tensor& b);
Tensor power(const Tensor& a, const Tensor& b);
Tensor maximum(const Tensor& a, const Tensor& b);  ///< NaN where either is NaN.
Tensor minimum(const Tensor& a, const Tensor& b);  ///< NaN where either is NaN.

/// The number takes the tensor's dtype; one that an integer tensor cannot hold is refused. Integers
/// wrap around.
Tensor add(const Tensor& a, double b);
Tensor multiply(const Tensor& a, double b);
Tensor divide(const Tensor& a, double b);
Tensor divide(double a, const Tensor& b);
Tensor power(const Tensor& a, double b);

/// Elements of a where `condition` (uint8) is not 0, of b elsewhere; all three broadcast.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

/// 1 where the relation holds, else 0, as uint8; broadcast.
Tensor equal(const Tensor& a, const Tensor& b);
Tensor not_equal(const Tensor& a, const Tensor& b);
Tensor less(const Tensor& a, const Tensor& b);
Tensor less_equal(const Tensor& a, const Tensor& b);

// The same with a number, in the tensor's type where that is floating. Integers are compared with the
// number itself, whether or not they can be equal to it.
Tensor equal(const Tensor& a, double b);
Tensor not_equal(const Tensor& a, double b);
Tensor less(const Tensor& a, double b);
Tensor less_equal(const Tensor& a, double b);
Tensor greater(const Tensor& a, double b);
Tensor greater_equal(const Tensor& a, double b);

// The gradient of one operand, where g has the broadcast shape: dx = or += ..., summed to the shape
// of dx.
void pass_into(Tensor& dx, Write mode, const Tensor& g);                       // g
void scale_into(Tensor& dx, Write mode, const Tensor& g, double factor);       // factor g
void multiply_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& b);  // g b
void divide_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& b);    // g / b
void divide_into(Tensor& dx, Write mode, const Tensor& g, double b);
void divisor_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& y,
                  const Tensor& b);  // -g y / b
void base_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& a,
               const Tensor& b);  // g b a^(b-1)
void base_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& a, double b);
void exponent_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& a,
                   const Tensor& b);  // g a^b log a
/// g where a > b, g / 2 where they are equal.
void greater_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& a, const Tensor& b);
/// g where condition is not 0 (`chosen` true) or where it is 0 (`chosen` false).
void select_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& condition, bool chosen);

}  // namespace plumb::kernel
