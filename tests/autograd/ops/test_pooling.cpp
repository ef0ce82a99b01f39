#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/ops/pooling.hpp>
#include <plumb/core/runtime/random.hpp>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/core/tensor/operators.hpp>

#include "../../support/compare.hpp"
#include "../../support/errors.hpp"
#include "../../support/random.hpp"
#include "../../support/special_values.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::deviation;
using plumb::test::error_of;
using plumb::test::infinity;
using plumb::test::normal;
using plumb::test::not_a_number;
using plumb::test::Threads;

namespace {

constexpr std::int64_t huge = std::numeric_limits<std::int64_t>::max();

// max_pool2d and its gradient as the definition has them, for float64.
struct Direct {
  Tensor y, dx;

  Direct(const Tensor& x, const Tensor& g, Size2d kernel, Size2d stride, Size2d padding,
         Size2d dilation)
      : y(Tensor::empty(g.shape(), DType::float64)), dx(Tensor::zeros(x.shape(), DType::float64)) {
    const std::int64_t planes = x.dim(0) * x.dim(1), h = x.dim(2), w = x.dim(3);
    double* to = dx.mutable_data<double>();
    double* out = y.mutable_data<double>();
    const double* slope = g.data<double>();
    for (std::int64_t p = 0; p < planes; ++p)
      for (std::int64_t i = 0; i < g.dim(2); ++i)
        for (std::int64_t j = 0; j < g.dim(3); ++j, ++out, ++slope) {
          *out = -infinity;
          std::int64_t at = -1;
          for (std::int64_t a = 0; a < kernel.height; ++a)
            for (std::int64_t b = 0; b < kernel.width; ++b) {
              const std::int64_t row = i * stride.height - padding.height + a * dilation.height;
              const std::int64_t column = j * stride.width - padding.width + b * dilation.width;
              if (row < 0 || row >= h || column < 0 || column >= w) continue;
              const std::int64_t here = (p * h + row) * w + column;
              if (at >= 0 && (x.data<double>()[here] <= *out || std::isnan(*out))) continue;
              at = here;
              *out = x.data<double>()[here];
            }
          if (at >= 0) to[at] += *slope;
        }
  }
};

}  // namespace

TEST_CASE("max_pool2d: agrees with its definition for windows of many kinds") {
  const Tensor x = normal({2, 2, 10, 11});
  int compared = 0;
  for (std::int64_t kernel = 1; kernel <= 4; ++kernel)
    for (std::int64_t stride = 1; stride <= 3; ++stride)
      for (std::int64_t padding = 0; padding <= kernel / 2; ++padding)
        for (std::int64_t dilation = 1; dilation <= 3; ++dilation) {
          // Not the same along both axes.
          const Size2d kernels(kernel, 5 - kernel), strides(stride, 4 - stride);
          const Size2d paddings(padding, (5 - kernel) / 2), dilations(dilation, 2);
          const Variable leaf = Variable::leaf(x);
          const Variable y = max_pool2d(leaf, kernels, {strides, paddings, dilations});
          const Tensor g = normal(y.shape(), DType::float64, 3);
          y.backward(g);
          const Direct expected(x, g, kernels, strides, paddings, dilations);
          CHECK(y.value().to_vector<double>() == expected.y.to_vector<double>());
          CHECK(deviation(leaf.grad(), expected.dx) <= 1e-15);
          ++compared;
        }
  CHECK(compared == 72);
}

TEST_CASE("max_pool2d: infinities, NaN and equal elements in wide rows, as defined") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    Tensor x = Tensor::empty({2, 3, 9, 61}, DType::float64);
    Generator generator(5);
    generator.fill_uniform(x, 0, 8);
    const double special[] = {-infinity, infinity, not_a_number, -0.0, 0.0, 1, 1, 2};
    for (std::int64_t i = 0; i < x.numel(); ++i) {
      double& value = x.mutable_data<double>()[i];
      value = special[static_cast<std::int64_t>(value)];
    }
    for (const std::int64_t kernel : {2, 3})
      for (const std::int64_t stride : {1, 2, 3})
        for (const std::int64_t padding : {0, 1}) {
          const Variable leaf = Variable::leaf(x.to(dtype));
          const Variable y = max_pool2d(leaf, kernel, {stride, padding});
          const Tensor g = normal(y.shape(), dtype, 3);
          y.backward(g);
          const Direct expected(x, g.to(DType::float64), kernel, stride, padding, 1);
          CHECK(deviation(y.value(), expected.y) == 0);
          CHECK(deviation(leaf.grad(), expected.dx) <= 1e-6);
        }
  }
}

TEST_CASE("max_pool2d: 2 x 2 windows side by side agree with the definition, odd sizes too") {
  for (const Shape& shape : {Shape{2, 3, 8, 64}, Shape{1, 2, 7, 33}, Shape{1, 1, 2, 3}}) {
    for (const DType dtype : {DType::float32, DType::float64}) {
      const Variable leaf = Variable::leaf(normal(shape, dtype));
      const Variable y = max_pool2d(leaf, 2);
      CHECK(y.shape() == Shape{shape[0], shape[1], shape[2] / 2, shape[3] / 2});
      const Tensor g = normal(y.shape(), dtype, 3);
      y.backward(g);
      const Direct expected(leaf.value().to(DType::float64), g.to(DType::float64), 2, 2, 0, 1);
      CHECK(deviation(y.value(), expected.y) == 0);
      CHECK(deviation(leaf.grad(), expected.dx) == 0);
    }
  }
}

TEST_CASE("max_pool: the first of the largest in row-major order takes the gradient") {
  Variable x = Variable::leaf(Tensor::ones({1, 1, 4, 4}, DType::float64));
  max_pool2d(x, 2).backward(Tensor::from({1., 2., 3., 4.}, {1, 1, 2, 2}));
  CHECK(x.grad().to_vector<double>() ==
        std::vector<double>{1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0});
  x.zero_grad();
  max_pool2d(x, 3, {1, 1}).backward(Tensor::ones({1, 1, 4, 4}, DType::float64));
  // Each window's upper left element that is no padding.
  CHECK(x.grad().to_vector<double>() ==
        std::vector<double>{4, 2, 2, 0, 2, 1, 1, 0, 2, 1, 1, 0, 0, 0, 0, 0});
}

TEST_CASE("max_pool: NaN is the largest, and the first of several takes the gradient") {
  const Tensor values = Tensor::from({1., not_a_number, 9., 5., 7., not_a_number}, {1, 1, 6});
  const Variable x = Variable::leaf(values);
  const Variable y = max_pool1d(x, 3);
  CHECK(std::isnan(y.value().at({0, 0, 0})));
  CHECK(std::isnan(y.value().at({0, 0, 1})));
  y.backward(Tensor::from({2., 3.}, {1, 1, 2}));
  CHECK(x.grad().to_vector<double>() == std::vector<double>{0, 2, 0, 0, 0, 3});

  for (int place = 0; place < 4; ++place)
    for (int second = place; second < 4; ++second) {
      Tensor window = Tensor::from({1.F, 4.F, 3.F, 2.F}, {1, 1, 2, 2});
      window.mutable_data<float>()[place] = static_cast<float>(not_a_number);
      window.mutable_data<float>()[second] = static_cast<float>(not_a_number);
      const Variable leaf = Variable::leaf(window);
      const Variable largest = max_pool2d(leaf, 2);
      CHECK(std::isnan(largest.item()));
      largest.backward();
      std::vector<float> expected(4, 0);
      expected[static_cast<std::size_t>(place)] = 1;
      CHECK(leaf.grad().to_vector<float>() == expected);
    }
}

TEST_CASE("max_pool: -infinity is found, and a window on padding only passes nothing on") {
  const Variable x = Variable::leaf(Tensor::full({1, 1, 4}, -infinity, DType::float64));
  const Variable y = max_pool1d(x, 2);
  CHECK(y.value().to_vector<double>() == std::vector<double>{-infinity, -infinity});
  y.backward(Tensor::from({2., 3.}, {1, 1, 2}));
  CHECK(x.grad().to_vector<double>() == std::vector<double>{2, 0, 3, 0});
  // Two elements 5 apart around an axis of 4.
  const Variable around = Variable::leaf(Tensor::ones({1, 1, 4}, DType::float64));
  const Variable z = max_pool1d(around, 2, {std::nullopt, 1, 5});
  CHECK(z.value().to_vector<double>() == std::vector<double>{-infinity});
  z.backward();
  CHECK(around.grad().to_vector<double>() == std::vector<double>(4, 0));
  const Variable image = Variable::leaf(Tensor::ones({1, 1, 4, 4}, DType::float64));
  max_pool2d(image, 2, {1, 1, 5}).backward();
  CHECK(image.grad().to_vector<double>() == std::vector<double>(16, 0));
}

TEST_CASE("max_pool: windows of 256 and of more elements know the place of each") {
  for (const std::int64_t kernel : {256, 257, 300}) {
    for (const std::int64_t place : {std::int64_t{0}, std::int64_t{255}, kernel - 1}) {
      Tensor values = normal({1, 1, kernel});
      values.mutable_data<double>()[place] = 100;
      const Variable x = Variable::leaf(values);
      const Variable y = max_pool1d(x, kernel);
      CHECK(y.item() == 100);
      y.backward();
      CHECK(x.grad().at({0, 0, place}) == 1);
    }
  }
}

TEST_CASE("max_pool: backward does not look at x again") {
  const Variable x = Variable::leaf(normal({1, 1, 4, 4}));
  for (const std::int64_t kernel : {2, 3}) {
    const Variable y = max_pool2d(x, kernel);
    Tensor value = x.value();
    value.fill(0);
    CHECK_NOTHROW(y.backward(Tensor::ones(y.shape(), DType::float64)));
  }
}

TEST_CASE("avg_pool2d: agrees with its definition for windows of many kinds") {
  const auto mean = [](const Tensor& x, std::int64_t plane, std::int64_t row, std::int64_t column,
                       std::int64_t kernel) {
    double sum = 0;
    for (std::int64_t i = std::max<std::int64_t>(row, 0); i < std::min(row + kernel, x.dim(2)); ++i)
      for (std::int64_t j = std::max<std::int64_t>(column, 0);
           j < std::min(column + kernel, x.dim(3)); ++j)
        sum += x.data<double>()[(plane * x.dim(2) + i) * x.dim(3) + j];
    return sum / static_cast<double>(kernel * kernel);
  };
  for (const Shape& shape : {Shape{2, 1, 8, 52}, Shape{1, 2, 7, 33}, Shape{1, 1, 4, 3}})
    for (std::int64_t kernel = 1; kernel <= 3; ++kernel)
      for (std::int64_t stride = 1; stride <= 3; ++stride)
        for (std::int64_t padding = 0; padding <= kernel / 2; ++padding) {
          const Tensor x = normal(shape);
          const Tensor y = avg_pool2d(x, kernel, {stride, padding}).value();
          Tensor expected = Tensor::empty(y.shape(), DType::float64);
          double* to = expected.mutable_data<double>();
          for (std::int64_t plane = 0; plane < shape[0] * shape[1]; ++plane)
            for (std::int64_t i = 0; i < y.dim(2); ++i)
              for (std::int64_t j = 0; j < y.dim(3); ++j)
                *to++ = mean(x, plane, i * stride - padding, j * stride - padding, kernel);
          CHECK(deviation(y, expected) <= 1e-15);
          const Tensor single = avg_pool2d(x.to(DType::float32), kernel, {stride, padding}).value();
          CHECK(deviation(single, expected) <= 1e-6);
        }
}

TEST_CASE("avg_pool: padding counts as zeros, or not at all") {
  const Tensor x = Tensor::from({1., 2., 3., 4.}, {1, 1, 4});
  CHECK(avg_pool1d(x, 2, {2, 1}).value().to_vector<double>() == std::vector<double>{0.5, 2.5, 2});
  CHECK(avg_pool1d(x, 2, {2, 1, CountPadding::no}).value().to_vector<double>() ==
        std::vector<double>{1, 2.5, 4});
  const Tensor image = Tensor::ones({1, 1, 2, 2}, DType::float64);
  CHECK(avg_pool2d(image, 3, {1, 1}).value().to_vector<double>() ==
        std::vector<double>(4, 4 / 9.0));
  CHECK(avg_pool2d(image, 3, {1, 1, CountPadding::no}).value().to_vector<double>() ==
        std::vector<double>(4, 1));
}

TEST_CASE("avg_pool: float32 means of large windows keep their digits") {
  // One float32 chain over 10^6 elements of 0.1 errs by 1e-3.
  const Tensor x = Tensor::full({1, 1, 1000, 1000}, 0.1F);
  CHECK(avg_pool2d(x, 1000).item<float>() == 0.1F);
  CHECK(adaptive_avg_pool2d(x, 1).item<float>() == 0.1F);
}

TEST_CASE("adaptive_avg_pool: windows cover the axis and overlap where sizes do not divide") {
  const Tensor x = Tensor::arange(5, DType::float64).reshape({1, 1, 5});
  CHECK(adaptive_avg_pool1d(x, 2).value().to_vector<double>() == std::vector<double>{1, 3});
  CHECK(adaptive_avg_pool1d(x, 3).value().to_vector<double>() == std::vector<double>{0.5, 2, 3.5});
  CHECK(adaptive_avg_pool1d(x, 5).value().to_vector<double>() == x.to_vector<double>());
  CHECK(adaptive_avg_pool1d(x, 7).value().to_vector<double>() ==
        std::vector<double>{0, 0.5, 1.5, 2, 2.5, 3.5, 4});
}

TEST_CASE("pooling: gradients") {
  const auto check = [](auto function, const Shape& shape) {
    gradcheck([&](const std::vector<Variable>& in) { return function(in[0]); }, {normal(shape)});
  };
  check([](const Variable& x) { return max_pool1d(x, 3, {2, 1}); }, {2, 2, 7});
  check([](const Variable& x) { return max_pool2d(x, 2); }, {2, 2, 5, 4});
  check([](const Variable& x) { return max_pool2d(x, 3, {1, 1, 2}); }, {1, 2, 6, 5});
  check([](const Variable& x) { return avg_pool1d(x, 3, {2, 1}); }, {2, 2, 7});
  check(
      [](const Variable& x) {
        return avg_pool2d(x, {3, 2}, {Size2d(1, 2), {1, 0}});
      },
      {2, 1, 5, 4});
  check([](const Variable& x) { return avg_pool2d(x, 2); }, {2, 2, 5, 9});
  check([](const Variable& x) { return avg_pool2d(x, 2, {1, 1, CountPadding::no}); }, {1, 2, 3, 4});
  check([](const Variable& x) { return adaptive_avg_pool1d(x, 3); }, {2, 2, 7});
  check([](const Variable& x) { return adaptive_avg_pool2d(x, {2, 5}); }, {1, 2, 5, 4});
  check([](const Variable& x) { return adaptive_max_pool1d(x, 3); }, {2, 2, 7});
  check([](const Variable& x) { return adaptive_max_pool2d(x, {2, 5}); }, {1, 2, 5, 4});
  check([](const Variable& x) { return max_pool2d(x, 2, {2, 0, 1, CeilMode::yes}); }, {1, 2, 5, 3});
  for (const CountPadding counted : {CountPadding::no, CountPadding::yes})
    check(
        [&](const Variable& x) {
          return avg_pool2d(x, 3, {2, 1, counted, CeilMode::yes});
        },
        {1, 2, 6, 4});
}

TEST_CASE("pooling: gradients add up where x is used twice") {
  const Tensor x = normal({2, 3, 6, 7});
  const auto check = [&](auto function) {
    const Variable once = Variable::leaf(x), twice = Variable::leaf(x);
    const Tensor seed = normal(function(once).shape(), DType::float64, 3);
    function(once).backward(seed);
    add(function(twice), function(twice)).backward(seed);
    CHECK(deviation(twice.grad(), 2 * once.grad()) <= 1e-15);
  };
  check([](const Variable& v) { return max_pool2d(v, 2); });
  check([](const Variable& v) { return max_pool2d(v, 3, {1, 1}); });
  check([](const Variable& v) { return avg_pool2d(v, 2); });
  check([](const Variable& v) { return avg_pool2d(v, 3, {2, 1}); });
  check([](const Variable& v) { return adaptive_avg_pool2d(v, 4); });
  check([](const Variable& v) { return adaptive_max_pool2d(v, 4); });
}

TEST_CASE("pooling: batches of 0 and no channels give empty results") {
  for (const Shape& shape : {Shape{0, 3, 4, 6}, Shape{2, 0, 4, 6}}) {
    const Variable x = Variable::leaf(Tensor::empty(shape));
    for (const Variable& y : {max_pool2d(x, 2), avg_pool2d(x, 2), adaptive_avg_pool2d(x, {2, 3}),
                              adaptive_max_pool2d(x, {2, 3})}) {
      CHECK(y.shape() == Shape{shape[0], shape[1], 2, 3});
      y.backward(Tensor::empty(y.shape()));
      CHECK(x.grad().shape() == shape);
    }
    const Variable wide = max_pool2d(x, 3, {1, 1});
    CHECK(wide.shape() == shape);
    wide.backward(Tensor::empty(shape));
  }
  CHECK(max_pool1d(Tensor::empty({0, 3, 5}), 2).shape() == Shape{0, 3, 2});
  CHECK(avg_pool1d(Tensor::empty({0, 3, 5}), 2).shape() == Shape{0, 3, 2});
  const std::int64_t many = std::int64_t{1} << 50;
  CHECK(adaptive_avg_pool1d(Tensor::empty({0, 3, 5}), many).shape() == Shape{0, 3, many});
  CHECK(adaptive_max_pool1d(Tensor::empty({0, 3, 5}), many).shape() == Shape{0, 3, many});
}

TEST_CASE("pooling: the same bits for any number of threads") {
  const Tensor x = normal({5, 7, 61, 59}, DType::float32);
  const auto fingerprint = [&](int threads) {
    const Threads scope(threads);
    std::uint64_t result = 0;
    const auto include = [&](auto function) {
      const Variable leaf = Variable::leaf(x);
      const Variable y = function(leaf);
      y.backward(y.value());
      result = hash(leaf.grad(), hash(y.value(), result));
    };
    include([](const Variable& v) { return max_pool2d(v, 2); });
    include([](const Variable& v) { return max_pool2d(v, 3, {2, 1}); });
    include([](const Variable& v) { return avg_pool2d(v, 2); });
    include([](const Variable& v) { return avg_pool2d(v, 3, {1, 1}); });
    include([](const Variable& v) { return adaptive_avg_pool2d(v, {7, 13}); });
    include([](const Variable& v) { return adaptive_max_pool2d(v, {7, 13}); });
    include([](const Variable& v) { return avg_pool2d(v, 2, {2, 0, {}, CeilMode::yes}); });
    return result;
  };
  const std::uint64_t expected = fingerprint(1);
  for (const int threads : test::more_threads()) CHECK(fingerprint(threads) == expected);
}

TEST_CASE("pooling: inputs of another rank or type are refused") {
  const auto refusal = [](auto function, const Shape& shape, DType dtype = DType::float32) {
    return error_of([&] { function(Tensor::zeros(shape, dtype)); });
  };
  const auto max1 = [](const Tensor& x) { max_pool1d(x, 2); };
  const auto max2 = [](const Tensor& x) { max_pool2d(x, 2); };
  const auto avg1 = [](const Tensor& x) { avg_pool1d(x, 2); };
  const auto avg2 = [](const Tensor& x) { avg_pool2d(x, 2); };
  const auto adaptive1 = [](const Tensor& x) { adaptive_avg_pool1d(x, 2); };
  const auto adaptive2 = [](const Tensor& x) { adaptive_avg_pool2d(x, 2); };
  CHECK(refusal(max1, {3, 4}) == "[max_pool1d] expected input [n, c, l], got [3, 4]");
  CHECK(refusal(max2, {3, 4, 4}) == "[max_pool2d] expected input [n, c, h, w], got [3, 4, 4]");
  CHECK(refusal(avg1, {1, 3, 4, 4}) == "[avg_pool1d] expected input [n, c, l], got [1, 3, 4, 4]");
  CHECK(refusal(avg2, {}) == "[avg_pool2d] expected input [n, c, h, w], got []");
  CHECK(refusal(adaptive1, {4}) == "[adaptive_avg_pool1d] expected input [n, c, l], got [4]");
  CHECK(refusal(adaptive2, {4}) == "[adaptive_avg_pool2d] expected input [n, c, h, w], got [4]");
  CHECK(refusal(max2, {1, 1, 4, 4}, DType::int64) ==
        "[max_pool2d] expected float32 or float64, got int64");
  CHECK(refusal(max2, {2, 3, 0, 4}) ==
        "[max_pool2d] the input has no elements along h: [2, 3, 0, 4]");
  CHECK(refusal(adaptive2, {2, 3, 4, 0}) ==
        "[adaptive_avg_pool2d] the input has no elements along w: [2, 3, 4, 0]");
}

TEST_CASE("pooling: windows that are none or do not fit are refused") {
  const Tensor x = Tensor::zeros({1, 1, 4, 6}), signal = Tensor::zeros({1, 1, 4});
  CHECK(error_of([&] { max_pool2d(x, 5); }) ==
        "[max_pool2d] the kernel is larger than the padded input along h: kernel 5, dilation 1, "
        "padding 0, input [1, 1, 4, 6]");
  CHECK(error_of([&] {
          max_pool2d(x, {4, 3}, {1, 1, {1, 4}});
        }) ==
        "[max_pool2d] the kernel is larger than the padded input along w: kernel 3, dilation 4, "
        "padding 1, input [1, 1, 4, 6]");
  CHECK(error_of([&] {
          avg_pool1d(signal, 7, {1, 1});
        }) ==
        "[avg_pool1d] the kernel is larger than the padded input along l: kernel 7, dilation 1, "
        "padding 1, input [1, 1, 4]");
  CHECK(error_of([&] {
          max_pool2d(x, {2, 0});
        }) == "[max_pool2d] the kernel along w must be at least 1, got 0");
  CHECK(error_of([&] { max_pool1d(signal, 2, {0}); }) ==
        "[max_pool1d] the stride along l must be at least 1, got 0");
  CHECK(error_of([&] { avg_pool2d(x, 2, {Size2d(1, -2)}); }) ==
        "[avg_pool2d] the stride along w must be at least 1, got -2");
  CHECK(error_of([&] {
          max_pool2d(x, 2, {1, -1});
        }) == "[max_pool2d] the padding along h must not be negative, got -1");
  CHECK(error_of([&] {
          avg_pool2d(x, 3, {1, 2});
        }) == "[avg_pool2d] the padding along h must be at most half of the kernel 3, got 2");
  CHECK(error_of([&] {
          max_pool2d(x, 2, {1, 0, {1, 0}});
        }) == "[max_pool2d] the dilation along w must be at least 1, got 0");
  CHECK(error_of([&] { adaptive_avg_pool1d(signal, 0); }) ==
        "[adaptive_avg_pool1d] the output along l must be at least 1, got 0");
  CHECK(error_of([&] {
          adaptive_avg_pool2d(x, {1, -1});
        }) == "[adaptive_avg_pool2d] the output along w must be at least 1, got -1");
}

TEST_CASE("pooling: sizes near the largest integer neither overflow nor read elsewhere") {
  const Tensor x = Tensor::from({1., 3., 2.}, {1, 1, 3});
  CHECK(max_pool1d(x, 2, {huge, 1}).value().to_vector<double>() == std::vector<double>{1});
  CHECK(max_pool1d(x, 1, {1, 0, huge}).value().to_vector<double>() == x.to_vector<double>());
  CHECK(avg_pool1d(x, 3, {huge}).value().to_vector<double>() == std::vector<double>{2});
  CHECK_THROWS_AS(max_pool1d(x, huge), Error);
  CHECK_THROWS_AS(max_pool1d(x, 2, {1, 1, huge}), Error);
  CHECK_THROWS_AS(avg_pool2d(x.reshape({1, 1, 1, 3}), huge), Error);
}

TEST_CASE("max_pool, avg_pool: with CeilMode::yes the last window may hang over") {
  const Tensor x = Tensor::from({1., 5., 2., 4., 3.}, {1, 1, 5});
  const auto row = [](const Variable& y) { return y.value().to_vector<double>(); };
  CHECK(row(max_pool1d(x, 2, {2, 0, 1, CeilMode::yes})) == std::vector<double>{5, 4, 3});
  CHECK(row(avg_pool1d(x, 2, {2, 0, CountPadding::yes, CeilMode::yes})) ==
        std::vector<double>{3, 3, 3});
  // What lies behind the padding never counts, what lies in it may.
  CHECK(row(avg_pool1d(x, 4, {3, 1, CountPadding::yes, CeilMode::yes})) ==
        std::vector<double>{2, 9. / 4});
  CHECK(row(avg_pool1d(x, 4, {3, 2, CountPadding::yes, CeilMode::yes})) ==
        std::vector<double>{1.5, 3.5, 1});
  CHECK(row(avg_pool1d(x, 4, {3, 2, CountPadding::no, CeilMode::yes})) ==
        std::vector<double>{3, 3.5, 3});
  // Windows of 2 x 2 end with their plane.
  const Tensor images = Tensor::arange(24, DType::float64);
  const MaxPool2dOptions whole{2, 0, 1, CeilMode::yes};
  CHECK(row(max_pool2d(images.reshape({1, 2, 3, 4}), 2, whole)) ==
        std::vector<double>{5, 7, 9, 11, 17, 19, 21, 23});
  CHECK(row(max_pool2d(images.reshape({1, 2, 4, 3}), 2, whole)) ==
        std::vector<double>{4, 5, 10, 11, 16, 17, 22, 23});
  // One that would begin behind the input is left out.
  CHECK(row(max_pool1d(x, 2, {5, 1, 1, CeilMode::yes})) == std::vector<double>{1, 3});
  CHECK(row(max_pool1d(x.rows(0, 1), 2, {6, 1, 1, CeilMode::yes})) == std::vector<double>{1});
  // A kernel larger than the input by less than a stride.
  CHECK(row(max_pool1d(x, 7, {3, 0, 1, CeilMode::yes})) == std::vector<double>{5});
  CHECK(error_of([&] {
          max_pool1d(x, 8, {3, 0, 1, CeilMode::yes});
        }) ==
        "[max_pool1d] the kernel is larger than the padded input along l: kernel 8, dilation 1, "
        "padding 0, input [1, 1, 5]");
}

TEST_CASE("adaptive_max_pool: windows as of the means; NaN is the largest, the first takes it") {
  const Tensor x = Tensor::from({1., 5., 5., 4., 3.}, {1, 1, 5});
  CHECK(adaptive_max_pool1d(x, 2).to_vector<double>() == std::vector<double>{5, 5});
  CHECK(adaptive_max_pool1d(x, 7).to_vector<double>() == std::vector<double>{1, 5, 5, 5, 5, 4, 3});
  const Variable leaf = Variable::leaf(x);
  adaptive_max_pool1d(leaf, 2).backward(Tensor::from({2., 3.}, {1, 1, 2}));
  CHECK(leaf.grad().to_vector<double>() == std::vector<double>{0, 2, 3, 0, 0});
  const Variable broken = Variable::leaf(Tensor::from(
      {-infinity, not_a_number, 7., not_a_number, -infinity, -infinity}, {1, 1, 2, 3}));
  const Variable y = adaptive_max_pool2d(broken, 1);
  CHECK(std::isnan(y.item()));
  y.backward();
  CHECK(broken.grad().to_vector<double>() == std::vector<double>{0, 1, 0, 0, 0, 0});
  CHECK(adaptive_max_pool1d(broken.reshape({1, 1, 6}), 3).at({0, 0, 2}) == -infinity);
  CHECK(error_of([&] { adaptive_max_pool1d(x, 0); }) ==
        "[adaptive_max_pool1d] the output along l must be at least 1, got 0");
  CHECK(error_of([&] { adaptive_max_pool2d(x, 1); }) ==
        "[adaptive_max_pool2d] expected input [n, c, h, w], got [1, 1, 5]");
}
