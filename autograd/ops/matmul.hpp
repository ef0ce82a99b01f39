// Matrix products.
#pragma once

#include "../../core/tensor/transpose.hpp"
#include "../variable.hpp"

namespace plumb {

/// Product of [..., m, k] and [..., k, n] -> [..., m, n]. With Transpose::yes the last two axes of
/// that operand are read transposed, without a copy. The leading axes broadcast.
/// Throws "[matmul] inner dimensions differ: [2, 3] @ [4, 5]"; operands of rank 0 or 1 are refused
/// (PyTorch promotes them).
Variable matmul(const Variable& a, const Variable& b, Transpose ta = Transpose::no,
                Transpose tb = Transpose::no);

/// x w^T + bias as one operation: x [..., in], w [out, in], bias [out] or undefined -> [..., out].
Variable linear(const Variable& x, const Variable& w, const Variable& bias = Variable());

/// max(x w^T + bias, 0) as one operation: the bits of relu(linear(x, w, bias)) and of its
/// gradients. x w^T + bias is never written to memory.
Variable linear_relu(const Variable& x, const Variable& w, const Variable& bias = Variable());

}  // namespace plumb
