#include <doctest/doctest.h>

#include <plumb/nn/adaptive_avg_pool.hpp>
#include <plumb/nn/gradcheck.hpp>

#include "../support/errors.hpp"
#include "../support/random.hpp"

using namespace plumb;
using plumb::test::error_of;
using plumb::test::normal;

TEST_CASE("AdaptiveAvgPool: outputs of one size from inputs of many") {
  nn::AdaptiveAvgPool1d three(3);
  nn::AdaptiveAvgPool2d rectangle({2, 5});
  for (std::int64_t size = 1; size < 12; ++size) {
    const Tensor signal = normal({2, 3, size}), image = normal({2, 3, size, 12 - size});
    CHECK(three(signal).shape() == Shape{2, 3, 3});
    CHECK(three(signal).value().to_vector<double>() ==
          adaptive_avg_pool1d(signal, 3).value().to_vector<double>());
    CHECK(rectangle(image).shape() == Shape{2, 3, 2, 5});
    CHECK(rectangle(image).value().to_vector<double>() ==
          adaptive_avg_pool2d(image, {2, 5}).value().to_vector<double>());
  }
  CHECK(rectangle.parameters().empty());
}

TEST_CASE("AdaptiveAvgPool: an output of 1 is the mean of each channel") {
  nn::AdaptiveAvgPool2d layer(1);
  const Tensor x = Tensor::arange(12, DType::float64).reshape({1, 2, 2, 3});
  CHECK(layer(x).shape() == Shape{1, 2, 1, 1});
  CHECK(layer(x).value().to_vector<double>() == std::vector<double>{2.5, 8.5});
}

TEST_CASE("AdaptiveAvgPool: gradients") {
  nn::AdaptiveAvgPool1d one(3);
  nn::AdaptiveAvgPool2d two({2, 3});
  nn::gradcheck(one, normal({2, 2, 7}));
  nn::gradcheck(two, normal({1, 2, 5, 2}));
}

TEST_CASE("AdaptiveAvgPool: outputs below 1 are refused at once, batches of 0 are not") {
  CHECK(error_of([] { nn::AdaptiveAvgPool1d(0); }) ==
        "[AdaptiveAvgPool1d] the output along l must be at least 1, got 0");
  CHECK(error_of([] {
          nn::AdaptiveAvgPool2d({1, -2});
        }) == "[AdaptiveAvgPool2d] the output along w must be at least 1, got -2");
  CHECK(nn::AdaptiveAvgPool2d(2)(Tensor::zeros({0, 3, 8, 6})).shape() == Shape{0, 3, 2, 2});
}
