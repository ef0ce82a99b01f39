// libtorch's tensors with the values that both sides share.
#pragma once

#include <torch/torch.h>

#include "../shared/measure.hpp"

namespace bench {

inline torch::Tensor values(at::IntArrayRef shape, std::uint32_t seed, double scale) {
  const torch::Tensor result = torch::empty(shape);
  fill(result.data_ptr<float>(), result.numel(), seed, scale);
  return result;
}

inline torch::Tensor label_tensor(std::int64_t n, std::int64_t classes) {
  std::vector<std::int64_t> source = labels(n, classes);
  return torch::from_blob(source.data(), {n}, torch::kLong).clone();
}

}  // namespace bench
