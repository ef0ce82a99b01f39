// plumb's tensors with the values that both sides share.
#pragma once

#include <plumb/core.hpp>

#include "../shared/measure.hpp"

namespace bench {

inline plumb::Tensor values(const plumb::Shape& shape, std::uint32_t seed, double scale) {
  plumb::Tensor result = plumb::Tensor::empty(shape);
  fill(result.mutable_data<float>(), result.numel(), seed, scale);
  return result;
}

}  // namespace bench
