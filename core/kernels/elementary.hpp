// sin, cos, log1p and expm1 of a tensor: the same bits with every instruction set.
#pragma once

#include "../tensor/tensor.hpp"
#include "../tensor/write.hpp"

namespace plumb::kernel {

// Forward: a new tensor. Gradient: dx = or += g dy/dx, from the input x. All floating, of one shape
// and dtype.

Tensor sin(const Tensor& x);
void sin_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x);
Tensor cos(const Tensor& x);
void cos_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x);
Tensor log1p(const Tensor& x);
void log1p_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x);
Tensor expm1(const Tensor& x);
void expm1_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x);

}  // namespace plumb::kernel
