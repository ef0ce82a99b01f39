// Tensors of random numbers.
#pragma once

#include <plumb/core/runtime/random.hpp>
#include <plumb/core/tensor/tensor.hpp>

namespace plumb::test {

/// Normal values, the same for the same shape, dtype and seed.
inline Tensor normal(const Shape& shape, DType dtype = DType::float64, std::uint64_t seed = 7) {
  Tensor x = Tensor::empty(shape, dtype);
  Generator(seed).fill_normal(x);
  return x;
}

}  // namespace plumb::test
