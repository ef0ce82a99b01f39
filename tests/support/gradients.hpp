// What tests of gradients share.
#pragma once

#include <plumb/autograd/variable.hpp>
#include <plumb/core/runtime/random.hpp>
#include <vector>

namespace plumb::test {

/// float64 values in random order, a good step apart, so that finite differences do not change the
/// order.
inline Tensor distinct(const Shape& shape) {
  Tensor x = Tensor::empty(shape, DType::float64);
  const std::vector<std::int64_t> order = Generator(5).permutation(shape.numel());
  for (std::size_t i = 0; i < order.size(); ++i)
    x.mutable_data<double>()[i] = 0.1 * static_cast<double>(order[i]) - 1;
  return x;
}

/// The gradient of sum(f(x)) at x.
template <class F>
Tensor gradient(const Tensor& x, F f) {
  const Variable leaf = Variable::leaf(x);
  const Variable y = f(leaf);
  y.backward(Tensor::ones(y.shape(), y.dtype()));
  return leaf.grad();
}

}  // namespace plumb::test
