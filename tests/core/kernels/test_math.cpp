#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/core/error.hpp>
#include <plumb/core/kernels/math.hpp>

using namespace plumb;

namespace {

const double infinity = std::numeric_limits<double>::infinity();
const double not_a_number = std::numeric_limits<double>::quiet_NaN();

double at(Tensor (*f)(const Tensor&), double x) {
  return f(Tensor::scalar(x, DType::float64)).item();
}

}  // namespace

TEST_CASE("math: values that one knows") {
  CHECK(at(kernel::exp, 0) == 1);
  CHECK(at(kernel::log, 1) == 0);
  CHECK(at(kernel::log, 0) == -infinity);
  CHECK(std::isnan(at(kernel::log, -1)));
  CHECK(at(kernel::sqrt, 9) == 3);
  CHECK(at(kernel::abs, -2) == 2);
  CHECK(at(kernel::erf, infinity) == 1);
  CHECK(at(kernel::sigmoid, 0) == 0.5);
  CHECK(at(kernel::silu, 0) == 0);
}

TEST_CASE("math: stable at +-1000") {
  CHECK(at(kernel::sigmoid, 1000) == 1);
  CHECK(at(kernel::sigmoid, -1000) == 0);
  CHECK(at(kernel::tanh, 1000) == 1);
  CHECK(at(kernel::silu, -1000) == 0);
  CHECK(at(kernel::silu, 1000) == 1000);
  CHECK(at(kernel::gelu, -1000) == 0);
  CHECK(at(kernel::gelu_tanh, 1000) == 1000);
  const Tensor x = Tensor::from({-1000., 1000.});
  CHECK(kernel::softplus(x, 1, 20).to_vector<double>() == std::vector<double>{0, 1000});
  CHECK(kernel::elu(x, 1).to_vector<double>() == std::vector<double>{-1, 1000});
}

TEST_CASE("math: NaN passes through relu and clamp") {
  CHECK(std::isnan(at(kernel::relu, not_a_number)));
  CHECK(std::isnan(kernel::clamp(Tensor::scalar(not_a_number, DType::float64), -1, 1).item()));
  CHECK(std::isnan(kernel::leaky_relu(Tensor::scalar(not_a_number, DType::float64), 0.1).item()));
}

TEST_CASE("math: the slopes at 0 of relu and abs are 0") {
  const Tensor zero = Tensor::zeros({1}), one = Tensor::ones({1});
  Tensor dx = Tensor::full({1}, 9);
  kernel::relu_into(dx, Write::overwrite, one, zero);
  CHECK(dx.item() == 0);
  kernel::abs_into(dx, Write::overwrite, one, zero);
  CHECK(dx.item() == 0);
}

TEST_CASE("math: integers are refused by name") {
  CHECK_THROWS_WITH_AS(kernel::exp(Tensor::arange(2)),
                       "[exp] expected float32 or float64, got int64", Error);
}
