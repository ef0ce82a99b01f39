#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/core/kernels/accumulate.hpp>

using namespace plumb;

TEST_CASE("accumulate: adds in place") {
  Tensor sum = Tensor::from({1.f, 2.f});
  kernel::accumulate(sum, Tensor::from({10.f, 20.f}));
  CHECK(sum.to_vector<float>() == std::vector<float>{11, 22});
}

TEST_CASE("all_finite: finds one NaN or infinity anywhere") {
  Tensor x = Tensor::zeros({100'000}, DType::float64);
  CHECK(kernel::all_finite(x));
  x.mutable_data<double>()[99'999] = std::nan("");
  CHECK_FALSE(kernel::all_finite(x));
  x.mutable_data<double>()[99'999] = -std::numeric_limits<double>::infinity();
  CHECK_FALSE(kernel::all_finite(x));
  CHECK(kernel::all_finite(Tensor::zeros({0})));
  for (const std::int64_t n : {1, 15, 16, 100}) {
    Tensor most = Tensor::full({n}, std::numeric_limits<float>::max());
    CHECK(kernel::all_finite(most));
    most.mutable_data<float>()[n / 2] = std::numeric_limits<float>::infinity();
    CHECK_FALSE(kernel::all_finite(most));
  }
}
