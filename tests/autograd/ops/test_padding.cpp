#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/padding.hpp>
#include <plumb/core/tensor/hash.hpp>

#include "../../support/errors.hpp"
#include "../../support/random.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::error_of;
using plumb::test::normal;
using plumb::test::Threads;

namespace {

std::vector<double> row(const Variable& x) {
  return x.value().to(DType::float64).to_vector<double>();
}

}  // namespace

TEST_CASE("pad: amounts go around the last axis first") {
  const Tensor x = Tensor::from({1., 2., 3.});
  CHECK(row(pad(x, {1, 2})) == std::vector<double>{0, 1, 2, 3, 0, 0});
  CHECK(row(pad(x, {1, 0}, PadMode::constant, -7)) == std::vector<double>{-7, 1, 2, 3});
  CHECK(row(pad(x, {2, 1}, PadMode::reflect)) == std::vector<double>{3, 2, 1, 2, 3, 2});
  CHECK(row(pad(x, {2, 1}, PadMode::replicate)) == std::vector<double>{1, 1, 1, 2, 3, 3});
  CHECK(row(pad(x, {-1, 1}, PadMode::replicate)) == std::vector<double>{2, 3, 3});
  CHECK(row(pad(x, {-1, -1})) == std::vector<double>{2});
  CHECK(pad(Tensor::zeros({2, 3, 4}), {1, 2, 3, 4}).shape() == Shape{2, 10, 7});
  CHECK(row(pad(x, {})) == row(x));
}

TEST_CASE("pad: gradcheck in every mode, of elements that are seen several times too") {
  for (const PadMode mode : {PadMode::constant, PadMode::reflect, PadMode::replicate})
    for (const std::vector<std::int64_t>& amounts :
         {std::vector<std::int64_t>{2, 1}, {0, 3, 2, 0}, {-1, 3, 1, -2, 1, 1}, {0, 0, 2, 2}, {}})
      gradcheck([&](const std::vector<Variable>& in) { return pad(in[0], amounts, mode, 0.5); },
                {normal({3, 4, 5})});
}

TEST_CASE("pad: any element type, as long as it holds the number") {
  const Tensor bytes = Tensor::from<std::uint8_t>({1, 2});
  CHECK(pad(bytes, {1, 0}, PadMode::constant, 255).to_vector<std::uint8_t>() ==
        std::vector<std::uint8_t>{255, 1, 2});
  CHECK(pad(Tensor::arange(3), {1, 1}, PadMode::reflect).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{1, 0, 1, 2, 1});
  CHECK(error_of([&] {
          pad(bytes, {1, 0}, PadMode::constant, -1);
        }) == "[pad] a uint8 tensor cannot hold -1; convert it with to() first");
}

TEST_CASE("pad: nothing goes in, or nothing comes out") {
  CHECK(row(pad(Tensor::zeros({0}), {1, 2}, PadMode::constant, 3)) == std::vector<double>{3, 3, 3});
  CHECK(pad(Tensor::zeros({0, 4}), {1, 1}, PadMode::reflect).shape() == Shape{0, 6});
  const Variable x = Variable::leaf(Tensor::ones({2, 3}));
  const Variable none = pad(x, {-1, -2});
  CHECK(none.shape() == Shape{2, 0});
  none.backward(Tensor::zeros({2, 0}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>(6, 0));
  CHECK(row(pad(Tensor::scalar(4), {})) == std::vector<double>{4});
}

TEST_CASE("pad: NaN, infinities and -0 are copied, and their gradients stay with them") {
  constexpr float inf = std::numeric_limits<float>::infinity();
  const Variable x =
      Variable::leaf(Tensor::from({-0.0F, inf, std::numeric_limits<float>::quiet_NaN()}));
  const std::vector<float> y = pad(x, {1, 1}, PadMode::constant, -0.0).to_vector<float>();
  CHECK(std::signbit(y[0]));
  CHECK(std::signbit(y[1]));
  CHECK(y[2] == inf);
  CHECK(std::isnan(y[3]));
  pad(x, {2, 2}, PadMode::replicate).backward(Tensor::from({1.F, 1.F, inf, -inf, 1.F, 0.F, 2.F}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>{inf, -inf, 3});
}

TEST_CASE("pad: a long border adds up in float32 without losing digits") {
  const Variable x = Variable::leaf(Tensor::ones({1}));
  const std::int64_t many = 20'000'000;
  const Variable y = pad(x, {0, many}, PadMode::replicate);
  y.backward(Tensor::ones(y.shape()));
  CHECK(x.grad().item() == doctest::Approx(many + 1.0).epsilon(1e-6));
}

TEST_CASE("pad: the same bits for any number of threads") {
  const Tensor x = normal({3, 4, 70, 90}, DType::float32);
  const auto fingerprint = [&](int threads) {
    const Threads scope(threads);
    std::uint64_t result = 0;
    for (const PadMode mode : {PadMode::constant, PadMode::reflect, PadMode::replicate}) {
      const Variable leaf = Variable::leaf(x);
      const Variable y = pad(leaf, {7, 5, 3, 9}, mode);
      y.backward(y.value());
      result = hash(leaf.grad(), hash(y.value(), result));
    }
    return result;
  };
  const std::uint64_t expected = fingerprint(1);
  for (const int threads : test::more_threads()) CHECK(fingerprint(threads) == expected);
}

TEST_CASE("pad: amounts that do not fit are refused") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK(error_of([&] {
          pad(x, {1, 2, 3});
        }) ==
        "[pad] expected a pair of amounts for each of up to 2 axes of [2, 3], the last one first, "
        "got {1, 2, 3}");
  CHECK(error_of([&] {
          pad(x, {1, 1, 1, 1, 1, 1});
        }) ==
        "[pad] expected a pair of amounts for each of up to 2 axes of [2, 3], the last one first, "
        "got {1, 1, 1, 1, 1, 1}");
  CHECK(error_of([&] {
          pad(x, {-2, -2});
        }) == "[pad] amounts -2 and -2 do not fit axis 1 of [2, 3]");
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  CHECK_THROWS_AS(pad(x, {-4, 4}), Error);
  CHECK_THROWS_AS(pad(x, {4, -4}, PadMode::replicate), Error);
  CHECK_THROWS_AS(pad(x, {least, -(least + 1)}), Error);
  CHECK(row(pad(x, {-3, 1, -1, 0}, PadMode::constant, 2)) == std::vector<double>{2});
  CHECK(error_of([&] {
          pad(x, {0, 0, std::numeric_limits<std::int64_t>::max(), 1});
        }) == "[pad] amounts 9223372036854775807 and 1 do not fit axis 0 of [2, 3]");
  CHECK(
      error_of([&] {
        pad(x, {3, 0}, PadMode::reflect);
      }) ==
      "[pad] reflect takes amounts below the size of the axis, got {3, 0} along axis 1 of [2, 3]");
  CHECK(error_of([&] {
          pad(Tensor::zeros({2, 0}), {1, 0}, PadMode::replicate);
        }) == "[pad] there is nothing to replicate along axis 1 of [2, 0]");
  CHECK_THROWS_AS(pad(x, {std::int64_t{1} << 61, 0}), Error);
  CHECK_THROWS_AS(pad(x, {std::int64_t{1} << 61, 0}, PadMode::replicate), Error);
}

TEST_CASE("pad: an axis without elements has an empty gradient") {
  const auto gradient_of = [](const Shape& shape, const std::vector<std::int64_t>& amounts) {
    const Variable x = Variable::leaf(Tensor::ones(shape));
    const Variable y = pad(x, amounts, PadMode::constant, 2);
    for (const double element : row(y)) CHECK(element == 2);
    sum(y * y).backward();
    return x.grad();
  };
  CHECK(gradient_of({0}, {3, 3}).shape() == Shape{0});
  CHECK(gradient_of({1, 0}, {2, 0}).shape() == Shape{1, 0});
  CHECK(gradient_of({2, 0, 3}, {0, 0, 1, 1}).shape() == Shape{2, 0, 3});
  CHECK(gradient_of({0, 3}, {1, 1}).shape() == Shape{0, 3});
  CHECK(gradient_of({0, 0}, {1, 1, 1, 0}).shape() == Shape{0, 0});
}
