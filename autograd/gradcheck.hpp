// gradcheck: compares the gradients of an operation with finite differences, for users' too.
#pragma once

#include <functional>
#include <vector>

#include "variable.hpp"

namespace plumb {

struct GradcheckOptions {
  double step = 1e-6;  ///< Of the central difference.
  double atol = 1e-5;
  double rtol = 1e-3;
};

using GradcheckFunction = std::function<Variable(const std::vector<Variable>&)>;

/// Compares every element of the Jacobian of `f` at `inputs` (float64) with the central difference
/// (f(x + step) - f(x - step)) / (2 step), within atol + rtol |difference|. Runs backward twice on
/// one graph and wants the same bits. f must be deterministic and take its inputs as variables
/// only.
///
/// Throws "[gradcheck] ..." with input, element, both values and the tolerance where they differ.
void gradcheck(const GradcheckFunction& f, const std::vector<Tensor>& inputs,
               const GradcheckOptions& options = {});

/// The same for gradients of gradients: gradcheck of the gradients of all inputs, as functions of the
/// inputs and of the gradient of the result. The rules of all operations in f need forms that can be
/// differentiated (docs/autograd.md).
///
/// Throws "[gradgradcheck] ..."; the last input is the gradient of the result, the outputs are the
/// gradients of the others, one after the other.
void gradgradcheck(const GradcheckFunction& f, const std::vector<Tensor>& inputs,
                   const GradcheckOptions& options = {});

namespace detail {

/// What both do, where f depends on the leaves, whose values are changed in place and put back.
void check_gradients(const std::function<Variable()>& f, const std::vector<Variable>& leaves,
                     const GradcheckOptions& options);
void check_second_gradients(const std::function<Variable()>& f, const std::vector<Variable>& leaves,
                            const GradcheckOptions& options);

}  // namespace detail

}  // namespace plumb
