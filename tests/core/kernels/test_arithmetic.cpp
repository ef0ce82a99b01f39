#include <doctest/doctest.h>

#include <cmath>
#include <plumb/core/kernels/arithmetic.hpp>
#include <plumb/core/runtime/error.hpp>

using namespace plumb;

TEST_CASE("maximum, minimum: NaN on either side wins") {
  const double nan = std::nan("");
  const Tensor a = Tensor::from({nan, 1., 3.});
  const Tensor b = Tensor::from({1., nan, 2.});
  const std::vector<double> high = kernel::maximum(a, b).to_vector<double>();
  const std::vector<double> low = kernel::minimum(a, b).to_vector<double>();
  CHECK(std::isnan(high[0]));
  CHECK(std::isnan(high[1]));
  CHECK(high[2] == 3);
  CHECK(std::isnan(low[0]));
  CHECK(std::isnan(low[1]));
  CHECK(low[2] == 2);
}

TEST_CASE("where: chooses by condition, broadcast, on any element type") {
  const Tensor c = Tensor::from({std::uint8_t{1}, std::uint8_t{0}}, {2, 1});
  const Tensor y = kernel::where(c, Tensor::arange(3), Tensor::scalar(-1, DType::int64));
  CHECK(y.to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1, 2, -1, -1, -1});
  CHECK_THROWS_WITH_AS(kernel::where(Tensor::zeros({2}), Tensor::zeros({2}), Tensor::zeros({2})),
                       "[where] the condition must be uint8, got float32", Error);
}

TEST_CASE("gradient kernels: stretched operands are summed, overwriting and accumulating") {
  const Tensor g = Tensor::from({1., 2., 3., 4., 5., 6.}, {2, 3});
  const Tensor b = Tensor::from({10., 100.}, {2, 1});
  Tensor row = Tensor::full({3}, 7, DType::float64);
  kernel::multiply_into(row, Write::overwrite, g, b);
  CHECK(row.to_vector<double>() == std::vector<double>{410, 520, 630});
  kernel::multiply_into(row, Write::accumulate, g, b);
  CHECK(row.to_vector<double>() == std::vector<double>{820, 1040, 1260});
  Tensor full = Tensor::full({2, 3}, 1, DType::float64);
  kernel::multiply_into(full, Write::accumulate, g, b);
  CHECK(full.to_vector<double>() == std::vector<double>{11, 21, 31, 401, 501, 601});
  Tensor scalar = Tensor::empty({}, DType::float64);
  kernel::pass_into(scalar, Write::overwrite, g);
  CHECK(scalar.item() == 21);
}
