#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <plumb/nn.hpp>

#include "../support/special_values.hpp"
#include "../support/threads.hpp"

using namespace plumb;
using plumb::test::infinity;
using plumb::test::not_a_number;
namespace init = plumb::nn::init;

namespace {

struct Statistics {
  double mean, deviation, kurtosis, low, high, n;
};

Statistics statistics(const Tensor& x) {
  const std::vector<double> values = x.to(DType::float64).to_vector<double>();
  Statistics s{0, 0, 0, infinity, -infinity, static_cast<double>(values.size())};
  for (const double v : values) {
    s.mean += v / s.n;
    s.low = std::min(s.low, v);
    s.high = std::max(s.high, v);
  }
  double second = 0;
  double fourth = 0;
  for (const double v : values) {
    second += std::pow(v - s.mean, 2) / s.n;
    fourth += std::pow(v - s.mean, 4) / s.n;
  }
  s.deviation = std::sqrt(second);
  s.kurtosis = fourth / (second * second);
  return s;
}

// Within five standard errors of what a distribution of this mean, deviation and kurtosis gives.
void check_moments(const Statistics& s, double mean, double deviation, double kurtosis) {
  CHECK(std::abs(s.mean - mean) < 5 * deviation / std::sqrt(s.n));
  CHECK(std::abs(s.deviation - deviation) < 5 * deviation * std::sqrt((kurtosis - 1) / s.n) / 2);
}

void check_uniform(const Tensor& x, double bound) {
  const Statistics s = statistics(x);
  check_moments(s, 0, bound / std::sqrt(3.0), 1.8);
  CHECK(s.low >= -bound * (1 + 1e-6));
  CHECK(s.high <= bound * (1 + 1e-6));
  // The outermost 0.1 % on either side are reached.
  CHECK(s.low < -0.998 * bound);
  CHECK(s.high > 0.998 * bound);
}

void check_normal(const Tensor& x, double mean, double deviation) {
  const Statistics s = statistics(x);
  check_moments(s, mean, deviation, 3);
  // The standard error of a normal sample's kurtosis is sqrt(24 / n).
  CHECK(std::abs(s.kurtosis - 3) < 5 * std::sqrt(24 / s.n));
}

// [out, in, k, k] with a fan of 1800 in, 900 out.
Tensor weight(DType dtype = DType::float32) { return Tensor::empty({100, 200, 3, 3}, dtype); }

}  // namespace

TEST_CASE("init: uniform") {
  Generator generator(1);
  for (const DType dtype : {DType::float32, DType::float64}) {
    Tensor x = Tensor::empty({50000}, dtype);
    init::uniform(x, generator, -3, 3);
    check_uniform(x, 3);
    init::uniform(x, generator);
    check_uniform(x * 2 - 1, 1);
  }
}

TEST_CASE("init: normal") {
  Generator generator(2);
  for (const DType dtype : {DType::float32, DType::float64}) {
    Tensor x = Tensor::empty({50000}, dtype);
    init::normal(x, generator, 5, 0.5);
    check_normal(x, 5, 0.5);
    init::normal(x, generator);
    check_normal(x, 0, 1);
  }
}

TEST_CASE("init: truncated_normal cuts at values, not at multiples of the deviation") {
  Generator generator(3);
  Tensor x = Tensor::empty({100000});
  init::truncated_normal(x, generator, 0, 0.02);
  check_normal(x, 0, 0.02);

  // Between -1 and 1 the variance is 1 - 2 p(1) / (P(1) - P(-1)) for the density p and the
  // distribution function P; the fourth moment 3 times that, less 2 p(1) / (P(1) - P(-1)).
  init::truncated_normal(x, generator, 10, 2, 8, 12);
  const Statistics s = statistics(x);
  const double edge =
      2 * std::exp(-0.5) / std::sqrt(2 * 3.141592653589793) / std::erf(std::sqrt(0.5));
  const double variance = 1 - edge;
  const double kurtosis = (3 * variance - edge) / (variance * variance);
  check_moments(s, 10, 2 * std::sqrt(variance), kurtosis);
  CHECK(s.low >= 8);
  CHECK(s.high <= 12);
  CHECK(s.low < 8.01);
  CHECK(s.high > 11.99);
}

TEST_CASE("init: truncated_normal far in a tail and with one open side") {
  Generator generator(4);
  Tensor x = Tensor::empty({10000}, DType::float64);
  // Beyond z the excess over z is exponential with mean and deviation 1 / z, but for terms of
  // 1 / z^3.
  init::truncated_normal(x, generator, 0, 1, 30, infinity);
  const Statistics above = statistics(x);
  CHECK(above.low >= 30);
  CHECK(above.mean - 30 == doctest::Approx(1 / 30.0).epsilon(0.06));
  init::truncated_normal(x, generator, 0, 1, -31, -30);
  const Statistics below = statistics(x);
  CHECK(below.low >= -31);
  CHECK(below.high <= -30);
  CHECK(-30 - below.mean == doctest::Approx(1 / 30.0).epsilon(0.06));
  // The probability below is a few times the smallest that float64 has.
  init::truncated_normal(x, generator, 0, 1, -infinity, -38.4);
  const Statistics last = statistics(x);
  CHECK(std::isfinite(last.low));
  CHECK(last.high <= -38.4);
  init::truncated_normal(x, generator, 0, 1, -infinity, infinity);
  check_normal(x, 0, 1);
}

TEST_CASE("init: truncated_normal gives the same bits for any number of threads") {
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 3}) {
    const test::Threads scope(threads);
    Generator generator(5);
    Tensor x = Tensor::empty({20000});
    init::truncated_normal(x, generator);
    results.push_back(x.to_vector<float>());
  }
  CHECK(results[0] == results[1]);
}

TEST_CASE("init: constant") {
  Tensor x = Tensor::empty({2}, DType::float64);
  init::constant(x, 0.3);
  CHECK(x.to_vector<double>() == std::vector<double>{0.3, 0.3});
}

TEST_CASE("init: fans of matrices and of convolution weights") {
  CHECK(init::fans({5, 3}).in == 3);
  CHECK(init::fans({5, 3}).out == 5);
  CHECK(init::fans({5, 3, 2, 7}).in == 42);
  CHECK(init::fans({5, 3, 2, 7}).out == 70);
  CHECK_THROWS_WITH_AS(init::fans({5}),
                       "[init::fans] expected a weight [out, in, ...] of two or more axes, got [5]",
                       Error);
}

TEST_CASE("init: gains") {
  CHECK(init::gain(init::Nonlinearity::linear) == 1);
  CHECK(init::gain(init::Nonlinearity::sigmoid) == 1);
  CHECK(init::gain(init::Nonlinearity::tanh) == doctest::Approx(5.0 / 3));
  CHECK(init::gain(init::Nonlinearity::relu) == doctest::Approx(std::sqrt(2.0)));
  CHECK(init::gain(init::Nonlinearity::leaky_relu, 1) == doctest::Approx(1));
  CHECK(init::gain(init::Nonlinearity::leaky_relu) == doctest::Approx(std::sqrt(2 / 1.0001)));
}

TEST_CASE("init: xavier spreads by both fans") {
  Generator generator(6);
  Tensor x = weight();
  init::xavier_uniform(x, generator);
  check_uniform(x, std::sqrt(6.0 / 2700));
  init::xavier_uniform(x, generator, 2);
  check_uniform(x, 2 * std::sqrt(6.0 / 2700));
  init::xavier_normal(x, generator);
  check_normal(x, 0, std::sqrt(2.0 / 2700));
  Tensor y = weight(DType::float64);
  init::xavier_normal(y, generator, 5.0 / 3);
  check_normal(y, 0, 5.0 / 3 * std::sqrt(2.0 / 2700));
}

TEST_CASE("init: kaiming spreads by one fan and the gain") {
  Generator generator(7);
  Tensor x = weight();
  init::kaiming_uniform(x, generator);
  check_uniform(x, std::sqrt(2.0) * std::sqrt(3.0 / 1800));
  init::kaiming_normal(x, generator);
  check_normal(x, 0, std::sqrt(2.0 / 1800));
  init::KaimingOptions options;
  options.fan = init::Fan::out;
  options.nonlinearity = init::Nonlinearity::leaky_relu;
  options.slope = std::sqrt(5.0);
  init::kaiming_uniform(x, generator, options);
  check_uniform(x, 1 / std::sqrt(900.0));
  init::kaiming_normal(x, generator, options);
  check_normal(x, 0, 1 / std::sqrt(3 * 900.0));
}

TEST_CASE("init: orthogonal rows or columns have length gain and stand at right angles") {
  for (const DType dtype : {DType::float64, DType::float32})
    for (const Shape& shape : {Shape{6, 6}, Shape{9, 4}, Shape{4, 9}, Shape{1, 5}, Shape{5, 1},
                               Shape{1, 1}, Shape{8, 3, 3, 3}, Shape{64, 2, 3, 3}}) {
      CAPTURE(errors::text(shape, " ", dtype));
      Generator generator(11);
      Tensor x = Tensor::empty(shape, dtype);
      init::orthogonal(x, generator, 2);
      const std::int64_t rows = shape[0], columns = x.numel() / rows;
      const Variable matrix = Variable(x.to(DType::float64).reshape({rows, columns}));
      const Variable turned = transpose(matrix, 0, 1);
      const Tensor products =
          (rows < columns ? matmul(matrix, turned) : matmul(turned, matrix)).value();
      for (std::int64_t i = 0; i < products.dim(0); ++i)
        for (std::int64_t j = 0; j < products.dim(0); ++j)
          CHECK(products.at({i, j}) ==
                doctest::Approx(i == j ? 4 : 0).epsilon(dtype == DType::float64 ? 1e-13 : 1e-6));
    }
}

TEST_CASE("init: orthogonal matrices are uniform, and the same for any number of threads") {
  // Of a uniform matrix every element has mean 0 and variance 1/n, the diagonal too: the signs that
  // LAPACK chooses would make it negative.
  Generator generator(12);
  const std::int64_t n = 4, count = 4000;
  Tensor x = Tensor::empty({n, n}, DType::float64);
  std::vector<double> sum(n * n), squares(n * n);
  for (std::int64_t k = 0; k < count; ++k) {
    init::orthogonal(x, generator);
    for (std::int64_t i = 0; i < n * n; ++i) {
      sum[i] += x.data<double>()[i];
      squares[i] += x.data<double>()[i] * x.data<double>()[i];
    }
  }
  for (std::int64_t i = 0; i < n * n; ++i) {
    CHECK(std::abs(sum[i] / count) < 5 * std::sqrt(1.0 / n / count));
    CHECK(squares[i] / count == doctest::Approx(1.0 / n).epsilon(0.1));
  }

  std::vector<Tensor> same;
  for (const int threads : {1, 3}) {
    const test::Threads scope(threads);
    Generator again(13);
    same.push_back(Tensor::empty({70, 40}));
    init::orthogonal(same.back(), again);
  }
  CHECK(same[0].to_vector<float>() == same[1].to_vector<float>());
}

TEST_CASE("init: a tensor without elements stays one") {
  Generator generator(8);
  Tensor x = Tensor::empty({3, 0});
  init::uniform(x, generator);
  init::truncated_normal(x, generator);
  init::kaiming_normal(x, generator);
  init::xavier_uniform(x, generator);
  init::orthogonal(x, generator);
  CHECK(x.shape() == Shape{3, 0});
}

TEST_CASE("init: what is not float32 or float64 is refused") {
  Generator generator(9);
  Tensor x = Tensor::zeros({2, 2}, DType::int64);
  CHECK_THROWS_WITH_AS(init::uniform(x, generator),
                       "[init::uniform] expected float32 or float64, got int64", Error);
  CHECK_THROWS_AS(init::normal(x, generator), Error);
  CHECK_THROWS_AS(init::truncated_normal(x, generator), Error);
  CHECK_THROWS_AS(init::constant(x, 1), Error);
  CHECK_THROWS_AS(init::xavier_uniform(x, generator), Error);
  CHECK_THROWS_AS(init::xavier_normal(x, generator), Error);
  CHECK_THROWS_AS(init::kaiming_uniform(x, generator), Error);
  CHECK_THROWS_AS(init::kaiming_normal(x, generator), Error);
  CHECK_THROWS_WITH_AS(init::orthogonal(x, generator),
                       "[init::orthogonal] expected float32 or float64, got int64", Error);
  Tensor undefined;
  CHECK_THROWS_WITH_AS(init::constant(undefined, 1), "[init::constant] the tensor is undefined",
                       Error);
}

TEST_CASE("init: parameters that make no distribution are refused, the tensor is as before") {
  Generator generator(10);
  Tensor x = Tensor::ones({2, 2});
  CHECK_THROWS_WITH_AS(init::uniform(x, generator, 1, -1),
                       "[init::uniform] expected finite low <= high, got 1 and -1", Error);
  CHECK_THROWS_AS(init::uniform(x, generator, not_a_number, 1), Error);
  CHECK_THROWS_AS(init::uniform(x, generator, 0, infinity), Error);
  CHECK_THROWS_WITH_AS(init::normal(x, generator, 0, -1),
                       "[init::normal] expected a finite mean and deviation >= 0, got 0 and -1",
                       Error);
  CHECK_THROWS_AS(init::normal(x, generator, not_a_number, 1), Error);
  CHECK_THROWS_WITH_AS(
      init::truncated_normal(x, generator, 0, 0),
      "[init::truncated_normal] expected a finite mean and deviation > 0, got 0 and 0", Error);
  CHECK_THROWS_WITH_AS(init::truncated_normal(x, generator, 0, 1, 2, 2),
                       "[init::truncated_normal] expected low < high, got 2 and 2", Error);
  CHECK_THROWS_WITH_AS(
      init::truncated_normal(x, generator, 0, 1, 50, 60),
      "[init::truncated_normal] [50, 60] has no probability under mean 0 and deviation 1", Error);
  CHECK_THROWS_WITH_AS(init::xavier_normal(x, generator, -1),
                       "[init::xavier_normal] gain must be finite and not negative, got -1", Error);
  CHECK_THROWS_WITH_AS(init::orthogonal(x, generator, not_a_number),
                       "[init::orthogonal] gain must be finite, got nan", Error);
  Tensor bias = Tensor::ones({4});
  CHECK_THROWS_WITH_AS(
      init::orthogonal(bias, generator),
      "[init::orthogonal] expected a weight [out, in, ...] of two or more axes, got [4]", Error);
  init::KaimingOptions options;
  options.nonlinearity = init::Nonlinearity::leaky_relu;
  options.slope = not_a_number;
  CHECK_THROWS_WITH_AS(init::kaiming_normal(x, generator, options),
                       "[init::gain] slope must be finite, got nan", Error);
  CHECK(x.to_vector<float>() == std::vector<float>(4, 1));
  CHECK(generator.position() == 0);
}
