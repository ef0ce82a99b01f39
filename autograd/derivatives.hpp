// Jacobians and second derivatives: products with a Hessian or Jacobian, and small ones as a whole.
#pragma once

#include <vector>

#include "variable.hpp"

namespace plumb {

// All leave the gradients of leaves alone and keep the graph of what they take. They throw as grad()
// does; an input on which a first derivative does not depend has second derivatives of 0, and an x on
// which y does not depend a Jacobian of zeros.

/// The product H v of the Hessian of a scalar `loss` with one tensor for each of the inputs: the
/// gradient of the product of the loss's gradient with v (Pearlmutter 1994, "Fast exact multiplication
/// by the Hessian"). H itself is never formed; one costs about three gradients.
///
/// Where one loss is multiplied with many v, take its gradient once:
///
///     const auto g = grad({loss}, w, {}, create_graph);
///     const auto product = grad(g, w, v, retain_graph);  // H v
std::vector<Tensor> hvp(const Variable& loss, const std::vector<Variable>& inputs,
                        const std::vector<Tensor>& v);

/// The product J v of the Jacobian of y with one tensor for each of the inputs: how y changes where the
/// inputs move along v. Of the shape of y. It is the gradient of v J^T u with respect to u, in which it
/// is linear (Townsend 2017, "A new trick for calculating Jacobian vector products").
Tensor jvp(const Variable& y, const std::vector<Variable>& inputs, const std::vector<Tensor>& v);

/// All derivatives of y with respect to x: of the shape of y followed by that of x, 8 axes at most.
/// One pass for each element of y.
Tensor jacobian(const Variable& y, const Variable& x);

/// All second derivatives of a scalar: of the shape of x twice. One pass for each element of x.
Tensor hessian(const Variable& loss, const Variable& x);

}  // namespace plumb
