// Attention from operations on variables: what its gradients of gradients are taken of.
#pragma once

#include "../../../core/kernels/attention/attention.hpp"
#include "../../variable.hpp"

namespace plumb::detail {

/// softmax(scale q k^T + mask) v as `a` says, with all weights in memory; q, k, v and the result have
/// their heads where `a` has them: apart, [n, h, steps, d], or side by side, [n, steps, h d].
Variable composed_attention(const kernel::Attention& a, const Variable& q, const Variable& k,
                            const Variable& v);

}  // namespace plumb::detail
