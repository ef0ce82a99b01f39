#include <doctest/doctest.h>

#include <plumb/core/tensor/xtensor.hpp>

using namespace plumb;

TEST_CASE("xtensor: a tensor is seen without a copy, by static and by run-time rank") {
  Tensor x = Tensor::from({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  const auto view = as_xtensor<float, 2>(x);
  CHECK(view(1, 2) == 6.f);
  CHECK(view.data() == x.data<float>());
  CHECK(as_xarray<float>(x).dimension() == 2);
  CHECK_THROWS_WITH_AS((as_xtensor<float, 1>(x)), "[as_xtensor] expected rank 1, got shape [2, 3]",
                       Error);
  CHECK_THROWS_AS((as_xtensor<double, 2>(x)), Error);
}

TEST_CASE("xtensor: expressions are written into a tensor and made into one") {
  const Tensor x = Tensor::from({1.f, 2.f, 3.f}, {3});
  Tensor y = Tensor::empty({3});
  auto out = as_mutable_xtensor<float, 1>(y);
  const auto in = as_xtensor<float, 1>(x);
  xt::noalias(out) = 2.f * in + 1.f;
  CHECK(y.to_vector<float>() == std::vector<float>{3, 5, 7});

  const Tensor squares = from_xtensor(in * in);
  CHECK(squares.dtype() == DType::float32);
  CHECK(squares.to_vector<float>() == std::vector<float>{1, 4, 9});
  const xt::xarray<double> matrix{{1., 2.}, {3., 4.}};
  CHECK(from_xtensor(matrix).shape() == Shape{2, 2});
  CHECK(from_xtensor(xt::xarray<double>(xt::transpose(matrix))).at({0, 1}) == 3);
}

TEST_CASE("xtensor: writing through a view counts as a change in place") {
  Tensor x = Tensor::zeros({2});
  const std::uint32_t before = x.version();
  as_mutable_xtensor<float, 1>(x)(0) = 1.f;
  CHECK(x.version() == before + 1);
}
