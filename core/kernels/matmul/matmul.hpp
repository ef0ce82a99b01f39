// Matrix products of tensors: plain, batched with broadcasting, and with a bias.
#pragma once

#include "../../tensor/tensor.hpp"
#include "../../tensor/transpose.hpp"
#include "../../tensor/write.hpp"
#include "gemm.hpp"

namespace plumb::kernel {

/// op(a) op(b) of [..., m, k] and [..., k, n] after transposing the last two axes where asked; the
/// leading axes broadcast. Throws "[matmul] ..." with both shapes.
Tensor matmul(const Tensor& a, Transpose ta, const Tensor& b, Transpose tb);

/// c = or += op(a) op(b), summed over the leading axes that c does not have or where it has size 1.
/// Shapes must fit.
void matmul_into(Tensor& c, Write mode, const Tensor& a, Transpose ta, const Tensor& b,
                 Transpose tb);

/// x w^T + bias of x [..., in], w [out, in] and bias [out] (or undefined) -> [..., out], then the
/// activation. Throws "[linear] ..." with the shapes.
Tensor linear(const Tensor& x, const Tensor& w, const Tensor& bias,
              Activation activation = Activation::none);

// Gradients of linear for g [..., out], whose leading axes are those of x.
/// dx [..., in] = or += g w
void linear_input_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& w);
/// dw [out, in] = or += g^T x, summed over the leading axes.
void linear_weight_into(Tensor& dw, Write mode, const Tensor& g, const Tensor& x);

}  // namespace plumb::kernel
