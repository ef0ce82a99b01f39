// Makes an operation of one variable from a pair of kernels.
#pragma once

#include "../../record.hpp"

namespace plumb::detail {

/// Lets gradient(dx, mode) write the gradient of the only input: into the memory of g where nobody
/// else holds g, which is a third faster for large tensors.
template <class Gradient>
void pass_elementwise(const Tensor& g, Gradients& to, Gradient gradient) {
  if (!g.unique()) return to.write(0, gradient);
  Tensor dx = g;
  gradient(dx, Write::overwrite);
  to.give(0, std::move(dx));
}

/// y = forward(x), where gradient(dx, mode, g, x) needs the input.
template <class Forward, class Gradient>
Variable from_input(const char* operation, const Variable& x, Forward forward, Gradient gradient) {
  const Profiled profiled(operation);
  return record(
      operation, forward(x.value()), {x}, [x = Saved(x), gradient](const Tensor& g, Gradients& to) {
        pass_elementwise(g, to, [&](Tensor& dx, Write mode) { gradient(dx, mode, g, x); });
      });
}

/// y = forward(x), where gradient(dx, mode, g, y) needs only the result.
template <class Forward, class Gradient>
Variable from_result(const char* operation, const Variable& x, Forward forward, Gradient gradient) {
  const Profiled profiled(operation);
  Tensor y = forward(x.value());
  auto rule = [y = Saved(y), gradient](const Tensor& g, Gradients& to) {
    pass_elementwise(g, to, [&](Tensor& dx, Write mode) { gradient(dx, mode, g, y); });
  };
  return record(operation, std::move(y), {x}, std::move(rule));
}

}  // namespace plumb::detail
