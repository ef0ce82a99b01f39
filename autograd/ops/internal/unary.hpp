// Makes an operation of one variable from a pair of kernels.
#pragma once

#include "../../../core/tensor/internal/defined.hpp"
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

/// Gives composed(g, x) or composed(g, y) with the saved x or y as a variable. Out of line: few programs
/// come here.
template <class Composed>
[[gnu::cold, gnu::noinline]] void give_of_input(const Tensor& g, Gradients& to, const Tensor& x,
                                                const Composed& composed) {
  to.give(0, composed(to.gradient(g), to.input(0, x)));
}
template <class Composed>
[[gnu::cold, gnu::noinline]] void give_of_result(const Tensor& g, Gradients& to, const Tensor& y,
                                                 const Composed& composed) {
  to.give(0, composed(to.gradient(g), to.result(y)));
}

/// What captures nothing, as a pointer: so all functions of a kind are one instantiation.
template <class Composed>
auto shared_form(Composed composed) {
  using Pointer = Variable (*)(const Variable& g, const Variable& saved);
  if constexpr (std::is_convertible_v<Composed, Pointer>)
    return static_cast<Pointer>(composed);
  else
    return composed;
}

template <class Forward, class Gradient, class Composed>
Variable record_from_input(const char* operation, const Variable& x, Forward forward,
                           Gradient gradient, Composed composed) {
  const Profiled profiled(operation);
  check_defined(operation, x);
  return record(operation, forward(x.value()), {x},
                [x = Saved(x), gradient, composed](const Tensor& g, Gradients& to) {
                  if (to.recorded()) return give_of_input(g, to, x, composed);
                  pass_elementwise(g, to,
                                   [&](Tensor& dx, Write mode) { gradient(dx, mode, g, x); });
                });
}

template <class Forward, class Gradient, class Composed>
Variable record_from_result(const char* operation, const Variable& x, Forward forward,
                            Gradient gradient, Composed composed) {
  const Profiled profiled(operation);
  check_defined(operation, x);
  Tensor y = forward(x.value());
  auto rule = [y = Saved(y), gradient, composed](const Tensor& g, Gradients& to) {
    if (to.recorded()) return give_of_result(g, to, y, composed);
    pass_elementwise(g, to, [&](Tensor& dx, Write mode) { gradient(dx, mode, g, y); });
  };
  return record(operation, std::move(y), {x}, std::move(rule));
}

/// y = forward(x), where gradient(dx, mode, g, x) needs the input. composed(g, x) is the same gradient
/// made of recorded operations.
template <class Forward, class Gradient, class Composed>
Variable from_input(const char* operation, const Variable& x, Forward forward, Gradient gradient,
                    Composed composed) {
  return record_from_input(operation, x, forward, gradient, shared_form(composed));
}

/// y = forward(x), where gradient(dx, mode, g, y) and composed(g, y) need only the result.
template <class Forward, class Gradient, class Composed>
Variable from_result(const char* operation, const Variable& x, Forward forward, Gradient gradient,
                     Composed composed) {
  return record_from_result(operation, x, forward, gradient, shared_form(composed));
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
