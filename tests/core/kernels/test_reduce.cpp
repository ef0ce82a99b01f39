#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/core/kernels/reduce.hpp>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/random.hpp>

#include "../../support/special_values.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::infinity;

namespace {

Tensor random(const Shape& shape, DType dtype = DType::float64) {
  Tensor x = Tensor::empty(shape, dtype);
  Generator(1).fill_uniform(x, -1, 1);
  return x;
}

}  // namespace

TEST_CASE("sum_to: sums over stretched and over missing axes, overwrites or adds") {
  const Tensor x = Tensor::from({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  const auto summed = [&](const Shape& shape, Write mode) {
    Tensor to = Tensor::full(shape, 100);
    kernel::sum_to(x, to, mode);
    return to.to_vector<float>();
  };
  CHECK(summed({3}, Write::overwrite) == std::vector<float>{5, 7, 9});
  CHECK(summed({1, 3}, Write::accumulate) == std::vector<float>{105, 107, 109});
  CHECK(summed({2, 1}, Write::overwrite) == std::vector<float>{6, 15});
  CHECK(summed({2, 1}, Write::accumulate) == std::vector<float>{106, 115});
  CHECK(summed({}, Write::accumulate) == std::vector<float>{121});
  CHECK(summed({1, 1}, Write::overwrite) == std::vector<float>{21});
  CHECK(summed({2, 3}, Write::overwrite) == x.to_vector<float>());
  CHECK(summed({2, 3}, Write::accumulate) == std::vector<float>{101, 102, 103, 104, 105, 106});
}

TEST_CASE("sum: many float32 terms lose no digits") {
  CHECK(kernel::sum(Tensor::ones({20000000})).item() == 20000000);
  // One after the other, 300,000 times 0.1 gives 29,996 or 30,105 depending on the order.
  for (const auto& [shape, axis] : {std::pair<Shape, int>{{300000}, 0},
                                    {{2, 300000}, 1},
                                    {{300000, 2}, 0},
                                    {{2, 300000, 3}, 1}}) {
    const Tensor y = kernel::sum(Tensor::full(shape, 0.1), axis);
    for (const float value : y.to_vector<float>())
      CHECK(value == doctest::Approx(30000).epsilon(1e-6));
  }
}

TEST_CASE("reductions: the same bits for any number of threads") {
  for (const auto& [shape, axes] : {std::pair<Shape, Axes>{{200000}, 0},
                                    {{3, 70001}, 1},
                                    {{5000, 40}, 0},
                                    {{700, 2050}, 0},
                                    {{4, 600, 37}, 1},
                                    {{9, 30, 500}, {0, 2}}}) {
    const std::string where = errors::text(shape, " over ", axes);
    INFO(where);
    const Tensor x = random(shape, DType::float32);
    std::vector<std::vector<float>> first;
    for (const int threads : test::thread_counts()) {
      const test::Threads scope(threads);
      Tensor mean;
      const std::vector<std::vector<float>> results = {
          kernel::sum(x, axes).to_vector<float>(), kernel::logsumexp(x, axes).y.to_vector<float>(),
          kernel::variance(x, axes, KeepDims::no, 1, mean).to_vector<float>(),
          mean.to_vector<float>()};
      if (threads == 1) first = results;
      CHECK(results == first);
    }
  }
}

TEST_CASE("reductions: of no elements") {
  const Tensor none = Tensor::zeros({2, 0, 3});
  Tensor mean;
  for (const Axes& axes : {Axes{1}, Axes{0, 1}, Axes{1, 2}, Axes{}}) {
    INFO("axes ", errors::text(axes));
    for (const float value : kernel::sum(none, axes).to_vector<float>()) CHECK(value == 0);
    for (const float value : kernel::product(none, axes).to_vector<float>()) CHECK(value == 1);
    for (const float value : kernel::mean(none, axes).to_vector<float>()) CHECK(std::isnan(value));
    for (const float value : kernel::variance(none, axes, KeepDims::no, 1, mean).to_vector<float>())
      CHECK(std::isnan(value));
    for (const float value : kernel::logsumexp(none, axes).y.to_vector<float>())
      CHECK(value == -std::numeric_limits<float>::infinity());
  }
  CHECK(kernel::sum(none, 1).shape() == Shape{2, 3});
  CHECK(kernel::sum(none, {0, 2}).shape() == Shape{0});
}

TEST_CASE("sum, product: integers give int64") {
  const Tensor bytes = Tensor::full({2, 300}, 200, DType::uint8);
  const Tensor y = kernel::sum(bytes, 1);
  CHECK(y.to_vector<std::int64_t>() == std::vector<std::int64_t>{60000, 60000});
  const Tensor x = Tensor::from({std::int64_t{1} << 40, std::int64_t{3}}, {2});
  CHECK(kernel::sum(x).to_vector<std::int64_t>()[0] == (std::int64_t{1} << 40) + 3);
  CHECK(kernel::product(x).to_vector<std::int64_t>()[0] == 3 * (std::int64_t{1} << 40));
}

TEST_CASE("product: over axes") {
  const Tensor x = Tensor::from({1., 2., 3., 4., 5., 6.}, {2, 3});
  CHECK(kernel::product(x).item() == 720);
  CHECK(kernel::product(x, 0).to_vector<double>() == std::vector<double>{4, 10, 18});
  CHECK(kernel::product(x, 1).to_vector<double>() == std::vector<double>{6, 120});
}

TEST_CASE("logsumexp: stable far from 0, infinities pass") {
  const Tensor x = Tensor::from(
      {1000., 1000., -1000., -1000., -infinity, -infinity, infinity, 0., -infinity, 1.}, {5, 2});
  const std::vector<double> y = kernel::logsumexp(x, 1).y.to_vector<double>();
  CHECK(y[0] == doctest::Approx(1000 + std::log(2.)).epsilon(1e-15));
  CHECK(y[1] == doctest::Approx(-1000 + std::log(2.)).epsilon(1e-15));
  CHECK(y[2] == -infinity);
  CHECK(y[3] == infinity);
  CHECK(y[4] == 1);
}

TEST_CASE("variance: does not suffer from a large mean") {
  Tensor x = Tensor::empty({1000});
  for (std::int64_t i = 0; i < 1000; ++i)
    x.mutable_data<float>()[i] = 10000 + static_cast<float>(i % 2);
  Tensor mean;
  CHECK(kernel::variance(x, {}, KeepDims::no, 0, mean).item() ==
        doctest::Approx(0.25).epsilon(1e-6));
}

TEST_CASE("mean, logsumexp: integers are refused") {
  const Tensor x = Tensor::arange(3);
  CHECK_THROWS_WITH_AS(kernel::mean(x), "[mean] expected float32 or float64, got int64", Error);
  CHECK_THROWS_WITH_AS(kernel::logsumexp(x), "[logsumexp] expected float32 or float64, got int64",
                       Error);
}

TEST_CASE("sum: an empty result takes no time, however long the other axes") {
  CHECK(kernel::sum(Tensor::zeros({std::int64_t{1} << 40, 3, 0}), Axes{1}, KeepDims::no).numel() ==
        0);
}
