// An operation of one's own, with its gradient.
#pragma once

#include <plumb/autograd.hpp>

// The error of Geman and McClure: y = x^2 / (1 + x^2);  dx = g 2 x / (1 + x^2)^2
inline plumb::Variable robust(const plumb::Variable& x) {
  plumb::Tensor square = x.value() * x.value();
  plumb::Tensor scale = 1.0 / (1.0 + square);
  return plumb::record("robust", square * scale, {x},
                       [x = plumb::Saved(x), scale](const plumb::Tensor& g, plumb::Gradients& to) {
                         to.give(0, g * 2.0 * x * scale * scale);
                       });
}
