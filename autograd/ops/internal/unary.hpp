// Makes an operation of one variable from a pair of kernels.
#pragma once

#include "linear_map.hpp"

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

/// y = forward(x), where gradient(dx, mode, g, x) needs the input. composed(g, x) is the same gradient
/// made of recorded operations.
template <class Forward, class Gradient, class Composed>
Variable from_input(const char* operation, const Variable& x, Forward forward, Gradient gradient,
                    Composed composed) {
  const Profiled profiled(operation);
  return record(operation, forward(x.value()), {x},
                [x = Saved(x), gradient, composed](const Tensor& g, Gradients& to) {
                  if (to.recorded()) return to.give(0, composed(to.gradient(g), to.input(0, x)));
                  pass_elementwise(g, to,
                                   [&](Tensor& dx, Write mode) { gradient(dx, mode, g, x); });
                });
}

/// y = forward(x), where gradient(dx, mode, g, y) and composed(g, y) need only the result.
template <class Forward, class Gradient, class Composed>
Variable from_result(const char* operation, const Variable& x, Forward forward, Gradient gradient,
                     Composed composed) {
  const Profiled profiled(operation);
  Tensor y = forward(x.value());
  auto rule = [y = Saved(y), gradient, composed](const Tensor& g, Gradients& to) {
    if (to.recorded()) return to.give(0, composed(to.gradient(g), to.result(y)));
    pass_elementwise(g, to, [&](Tensor& dx, Write mode) { gradient(dx, mode, g, y); });
  };
  return record(operation, std::move(y), {x}, std::move(rule));
}

/// The composed form for functions made of straight pieces, whose slope is a constant.
template <class Gradient>
auto straight(const char* operation, Gradient gradient) {
  return [operation, gradient](const Variable& g, const Variable& saved) {
    const auto scaled = [gradient, saved = Saved(saved)](const Tensor& g) {
      return written(g.shape(), g.dtype(),
                     [&](Tensor& dx, Write mode) { gradient(dx, mode, g, saved); });
    };
    return linear_map(operation, g, scaled, scaled);
  };
}

}  // namespace plumb::detail
