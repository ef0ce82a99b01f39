#include <doctest/doctest.h>

#include <cmath>
#include <plumb/autograd.hpp>
#include <thread>

using namespace plumb;

TEST_CASE("NoGrad: nothing is recorded, nests and ends, also by an exception") {
  const Variable x = Variable::leaf(Tensor::ones({2}));
  {
    const NoGrad outer;
    { const NoGrad inner; }
    CHECK_FALSE(grad_enabled());
    CHECK_FALSE((x * x).requires_grad());
  }
  CHECK((x * x).requires_grad());
  try {
    const NoGrad scope;
    errors::fail("test", "thrown");
  } catch (const Error&) {
  }
  CHECK(grad_enabled());
}

TEST_CASE("NoGrad: is the calling one's of all threads") {
  const NoGrad scope;
  bool other = false;
  std::thread([&] { other = grad_enabled(); }).join();
  CHECK(other);
  CHECK_FALSE(grad_enabled());
}

TEST_CASE("AnomalyMode: names the operation whose gradient first became NaN or infinite") {
  const Variable x = Variable::leaf(Tensor::from({4.f, 0.f}));
  const Variable y = (sqrt(x) * 2.0) + 1.0;
  y.backward(Tensor::ones({2}), retain_graph);  // passes without the mode
  CHECK(std::isinf(x.grad().at({1})));
  const AnomalyMode scope;
  CHECK_THROWS_WITH_AS(
      y.backward(Tensor::ones({2})),
      "[anomaly] backward of sqrt made a gradient of input 0 that is NaN or infinite", Error);
}

TEST_CASE("AnomalyMode: finds sums of finite gradients and results of hooks that are infinite") {
  const Variable x = Variable::leaf(Tensor::ones({1}));
  const AnomalyMode scope;
  const Tensor large = Tensor::full({1}, 3e38);
  CHECK_THROWS_WITH_AS((x + x).backward(large),
                       "[anomaly] the gradient that reaches a leaf is NaN or infinite", Error);
  CHECK(std::isinf(x.grad().at({0})));  // it is there to be looked at
  const Variable y = x * 1.0;
  CHECK_THROWS_WITH_AS((y + y).backward(large),
                       "[anomaly] the gradient that reaches the result of mul is NaN or infinite",
                       Error);
  Variable z = x * 2.0;
  z.register_hook([](const Tensor& g) { return g / 0.0; });
  CHECK_THROWS_WITH_AS(z.backward(),
                       "[anomaly] the gradient that reaches the result of mul is NaN or infinite",
                       Error);
}
