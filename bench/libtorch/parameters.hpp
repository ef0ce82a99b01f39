// What libtorch's optimizers step on.
#pragma once

#include <vector>

#include "tensors.hpp"

namespace bench {

/// Ten tensors of so many million elements in all, with gradients.
inline std::vector<torch::Tensor> parameters(std::int64_t millions, double gradient = 1) {
  std::vector<torch::Tensor> result;
  for (std::uint32_t i = 0; i < 10; ++i) {
    const std::vector<std::int64_t> shape{millions, 100'000};
    torch::Tensor parameter = values(shape, i, 1).requires_grad_();
    parameter.mutable_grad() = values(shape, 10 + i, gradient);
    result.push_back(parameter);
  }
  return result;
}

/// Times a step, and checks one of the parameters.
template <class Step>
void run(const std::vector<torch::Tensor>& parameters, Step&& step) {
  time_training([&] {
    step();
    return parameters[9][0][7];
  });
}

}  // namespace bench
