// Two parameters, an optimizer of two groups and steps of it.
#pragma once

#include <cmath>

#include "parameters.hpp"

namespace plumb::test {

/// Parameters and an optimizer of two groups.
struct Pair {
  Parameter w = parameter("w", {1, 2, 3});
  Parameter b = parameter("b", {0.5});
  optim::SGD optimizer;

  explicit Pair(const optim::SGD::Options& defaults = optim::SGD::heavy_ball(0.1, 0.9),
                const optim::Settings& of_b = {})
      : optimizer({{{w}}, {{b}, of_b}}, defaults) {}

  void step(int t) {
    set_grad(w, {std::sin(t), std::cos(t), 1.0 / t});
    set_grad(b, {std::sin(2 * t)});
    optimizer.step();
  }
  StateDict all() const {
    StateDict state = optimizer.state_dict();
    state.set("value.w", w.variable.value());
    state.set("value.b", b.variable.value());
    return state;
  }
};

}  // namespace plumb::test
