// Matrices made orthogonal by products alone.
#pragma once

#include "../../core/tensor/tensor.hpp"

namespace plumb::optim {

/// x [m, n] with its singular values s replaced by values near 1: by `steps` steps of the
/// Newton-Schulz iteration of Muon, after division by |x| + 1e-7. In place, in x's dtype.
void orthogonalize(Tensor& x, int steps);

}  // namespace plumb::optim
