#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <plumb/core/kernels/extreme.hpp>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/random.hpp>
#include <utility>

#include "../../support/special_values.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using kernel::Extreme;
using plumb::test::infinity;
using plumb::test::not_a_number;

namespace {

using Indices = std::vector<std::int64_t>;

Indices positions(const Tensor& x, Extreme which, const Axes& axes) {
  return kernel::extreme_positions(x, kernel::extreme(x, which, axes), axes)
      .to_vector<std::int64_t>();
}

}  // namespace

TEST_CASE("extreme: values and first positions along rows, columns and several axes") {
  const Tensor x = Tensor::from({3., 1., 4., 1., 5., 9., 2., 6., 5., 9., 5., 9.}, {2, 2, 3});
  CHECK(kernel::extreme(x, Extreme::largest).item() == 9);
  CHECK(kernel::extreme(x, Extreme::smallest).item() == 1);
  CHECK(positions(x, Extreme::largest, {}) == Indices{5});
  CHECK(positions(x, Extreme::smallest, {}) == Indices{1});
  CHECK(kernel::extreme(x, Extreme::largest, 2).to_vector<double>() ==
        std::vector<double>{4, 9, 6, 9});
  CHECK(positions(x, Extreme::largest, 2) == Indices{2, 5, 7, 9});
  CHECK(kernel::extreme(x, Extreme::smallest, 0).to_vector<double>() ==
        std::vector<double>{2, 1, 4, 1, 5, 9});
  CHECK(positions(x, Extreme::smallest, 0) == Indices{6, 1, 2, 3, 4, 5});
  CHECK(positions(x, Extreme::largest, 1) == Indices{0, 4, 5, 9, 7, 11});
  CHECK(kernel::extreme(x, Extreme::largest, {0, 2}).to_vector<double>() ==
        std::vector<double>{6, 9});
  CHECK(positions(x, Extreme::largest, {0, 2}) == Indices{7, 5});
  CHECK(positions(x, Extreme::largest, {1, 2}) == Indices{5, 9});
}

TEST_CASE("extreme: NaN wins wherever it stands, and its first position is found") {
  for (const Extreme which : {Extreme::largest, Extreme::smallest}) {
    for (const std::int64_t n : {3, 40, 3000}) {
      for (const std::int64_t at : {std::int64_t{0}, n / 2, n - 1}) {
        Tensor x = Tensor::zeros({n}, DType::float64);
        x.mutable_data<double>()[n - 1] = not_a_number;
        x.mutable_data<double>()[at] = not_a_number;
        CHECK(std::isnan(kernel::extreme(x, which).item()));
        CHECK(positions(x, which, {}) == Indices{at});
        Tensor columns = Tensor::zeros({n, 2}, DType::float64);
        columns.mutable_data<double>()[2 * at] = not_a_number;
        const Tensor y = kernel::extreme(columns, which, 0);
        CHECK(std::isnan(y.at({0})));
        CHECK(y.at({1}) == 0);
        CHECK(positions(columns, which, 0) == Indices{2 * at, 1});
      }
    }
  }
}

TEST_CASE("extreme: any element type, runs and columns of many lengths, as defined") {
  for (const DType dtype : {DType::float32, DType::float64, DType::int64, DType::uint8})
    for (const auto& size :
         {std::pair<int, int>{5, 1}, {64, 1}, {65, 1}, {700, 1}, {20, 3}, {9, 33}, {40, 1100}}) {
      const int n = size.first, inner = size.second;
      Tensor x = Tensor::empty({2, n, inner}, DType::float64);
      Generator(9).fill_uniform(x, 0, 200);
      for (std::int64_t i = 0; i < x.numel(); ++i) {
        double& value = x.mutable_data<double>()[i];
        value = is_floating(dtype) && value < 1 ? not_a_number : std::floor(value);
      }
      const Tensor typed = x.to(dtype);
      const Tensor y = kernel::extreme(typed, Extreme::largest, 1).to(DType::float64);
      const Indices found = positions(typed, Extreme::largest, 1);
      bool right = true;
      for (std::int64_t lane = 0; lane < 2 * inner; ++lane) {
        std::int64_t best = lane / inner * n * inner + lane % inner;
        for (std::int64_t k = 1, i = best + inner; k < n; ++k, i += inner) {
          const double now = x.data<double>()[i], before = x.data<double>()[best];
          if (!std::isnan(before) && (std::isnan(now) || now > before)) best = i;
        }
        const double value = y.data<double>()[lane], expected = x.data<double>()[best];
        right = right && found[static_cast<std::size_t>(lane)] == best &&
                (value == expected || (std::isnan(value) && std::isnan(expected)));
      }
      CAPTURE(n);
      CAPTURE(inner);
      CHECK(right);
    }
}

TEST_CASE("extreme: infinities and the limits of integers") {
  const Tensor low = Tensor::full({3}, -infinity, DType::float64);
  CHECK(kernel::extreme(low, Extreme::largest).item() == -infinity);
  CHECK(kernel::argmax(low).item<int>() == 0);
  const Tensor lowest = Tensor::from({std::numeric_limits<std::int64_t>::min()});
  CHECK(kernel::extreme(lowest, Extreme::largest).to_vector<std::int64_t>() ==
        lowest.to_vector<std::int64_t>());
  const Tensor bytes = Tensor::from({std::uint8_t{7}, std::uint8_t{255}, std::uint8_t{0}});
  CHECK(kernel::extreme(bytes, Extreme::smallest).item() == 0);
  CHECK(kernel::argmax(bytes).item<int>() == 1);
}

TEST_CASE("argmax: over all and along each axis") {
  const Tensor x = Tensor::from({3., 1., 4., 1., 5., 9., 2., 6., 5., 9., 5., 9.}, {2, 2, 3});
  CHECK(kernel::argmax(x).shape() == Shape{});
  CHECK(kernel::argmax(x).item<int>() == 5);
  CHECK(kernel::argmax(x, 0).to_vector<std::int64_t>() == Indices{0, 1, 1, 1, 0, 0});
  CHECK(kernel::argmax(x, -2).to_vector<std::int64_t>() == Indices{0, 1, 1, 1, 0, 1});
  CHECK(kernel::argmax(x, 2, KeepDims::yes).shape() == Shape{2, 2, 1});
  CHECK(kernel::argmax(x, 2).to_vector<std::int64_t>() == Indices{2, 2, 1, 0});
  const Tensor with_nan = Tensor::from({1., not_a_number, 9., not_a_number}, {2, 2});
  CHECK(kernel::argmax(with_nan).item<int>() == 1);
  CHECK(kernel::argmax(with_nan, 1).to_vector<std::int64_t>() == Indices{1, 1});
  CHECK(kernel::argmax(with_nan, 0).to_vector<std::int64_t>() == Indices{1, 0});
}

TEST_CASE("extreme: large tensors, the same for any number of threads") {
  Tensor x = Tensor::empty({5, 90000});
  Generator(3).fill_uniform(x, -1, 1);
  for (const int threads : {1, 3}) {
    const test::Threads scope(threads);
    for (const int axis : {0, 1}) {
      const Indices found = positions(x, Extreme::largest, axis);
      const std::vector<float> y = kernel::extreme(x, Extreme::largest, axis).to_vector<float>();
      for (std::size_t i = 0; i < found.size(); i += 997) CHECK(x.data<float>()[found[i]] == y[i]);
    }
    const std::vector<float> all = x.to_vector<float>();
    CHECK(kernel::argmax(x).item<std::ptrdiff_t>() ==
          std::max_element(all.begin(), all.end()) - all.begin());
  }
}

TEST_CASE("extreme: of none is an error, of no lines is empty") {
  const Tensor x = Tensor::zeros({0, 3});
  CHECK_THROWS_WITH_AS(kernel::extreme(x, Extreme::largest),
                       "[max] there is no element to choose along axis 0 of [0, 3]", Error);
  CHECK_THROWS_WITH_AS(kernel::extreme(x, Extreme::smallest, 0),
                       "[min] there is no element to choose along axis 0 of [0, 3]", Error);
  CHECK_THROWS_WITH_AS(kernel::argmax(x),
                       "[argmax] there is no element to choose along axis 0 of [0, 3]", Error);
  CHECK(kernel::extreme(x, Extreme::largest, 1).shape() == Shape{0});
  CHECK(kernel::argmax(x, 1).shape() == Shape{0});
}

TEST_CASE("place_into, share_into: overwrite or add") {
  const Tensor g = Tensor::from({10.f, 20.f});
  const Tensor at = Tensor::from({std::int64_t{3}, std::int64_t{0}});
  Tensor dx = Tensor::ones({2, 2});
  kernel::place_into(dx, Write::accumulate, g, at);
  CHECK(dx.to_vector<float>() == std::vector<float>{21, 1, 1, 11});
  kernel::place_into(dx, Write::overwrite, g, at);
  CHECK(dx.to_vector<float>() == std::vector<float>{20, 0, 0, 10});
  const Tensor x = Tensor::from({5.f, 1.f, 5.f, 4.f}, {2, 2});
  kernel::share_into(dx, Write::accumulate, Tensor::scalar(6), x, Tensor::scalar(5));
  CHECK(dx.to_vector<float>() == std::vector<float>{23, 0, 3, 10});
  const Tensor strange = Tensor::from(
      {static_cast<float>(not_a_number), 1.f, 2.f, static_cast<float>(not_a_number)}, {2, 2});
  kernel::share_into(dx, Write::overwrite, Tensor::scalar(6), strange,
                     Tensor::scalar(not_a_number));
  CHECK(dx.to_vector<float>() == std::vector<float>{3, 0, 0, 3});
}
