// A line search for the strong Wolfe conditions.
#pragma once

#include <functional>

#include "../../core/tensor/tensor.hpp"

namespace plumb::optim {

/// A point on a line: how far along it, the loss there, its slope along the line, and the gradient.
struct LinePoint {
  double t = 0, loss = 0, slope = 0;
  Tensor gradient = {};
};

/// A point where the loss has fallen enough and the slope is flat enough, by bracketing and zooming
/// with cubic interpolation (Nocedal & Wright 2006, algorithms 3.5 and 3.6; PyTorch's _strong_wolfe);
/// after 25 points the best so far. `from` is at t = 0, with a slope below 0; `first` is the t that is
/// tried first. A bracket is small once its length times `size` is below `tolerance`.
LinePoint strong_wolfe(const std::function<LinePoint(double t)>& at, const LinePoint& from,
                       double first, double size, double tolerance);

}  // namespace plumb::optim
