#include <doctest/doctest.h>

#include <plumb/nn/avg_pool.hpp>
#include <plumb/nn/gradcheck.hpp>
#include <plumb/nn/pooling.hpp>
#include <string>

#include "../support/errors.hpp"
#include "../support/random.hpp"

using namespace plumb;
using plumb::test::error_of;
using plumb::test::normal;

namespace {

struct Max {
  using Signal = nn::MaxPool1d;
  using Image = nn::MaxPool2d;
  const std::string layer = "MaxPool", operation = "max_pool";
};
struct Avg {
  using Signal = nn::AvgPool1d;
  using Image = nn::AvgPool2d;
  const std::string layer = "AvgPool", operation = "avg_pool";
};

}  // namespace

TEST_CASE_TEMPLATE("MaxPool, AvgPool: gradients", Kind, Max, Avg) {
  typename Kind::Signal one(3, {2, 1});
  typename Kind::Image two(2), overlapping(3, {1, 1});
  nn::gradcheck(one, normal({2, 2, 7}));
  nn::gradcheck(two, normal({2, 1, 5, 4}));
  nn::gradcheck(overlapping, normal({1, 2, 4, 3}));
}

TEST_CASE_TEMPLATE("MaxPool, AvgPool: sizes that make no layer are refused at once", Kind, Max,
                   Avg) {
  using Signal = typename Kind::Signal;
  using Image = typename Kind::Image;
  const Kind kind;
  const std::string signal = "[" + kind.layer + "1d] ", image = "[" + kind.layer + "2d] ";
  CHECK(error_of([] { Signal(0); }) == signal + "the kernel along l must be at least 1, got 0");
  CHECK(error_of([] { Signal(2, {0}); }) ==
        signal + "the stride along l must be at least 1, got 0");
  CHECK(error_of([] {
          Image({2, 3}, {1, {1, 2}});
        }) == image + "the padding along w must be at most half of the kernel 3, got 2");
  CHECK(error_of([] {
          Image(2, {1, -1});
        }) == image + "the padding along h must not be negative, got -1");
  CHECK(error_of([] {
          Image(5)(Tensor::zeros({1, 1, 4, 4}));
        }) == "[" + kind.operation +
                  "2d] the kernel is larger than the padded input along h: kernel 5, dilation 1, "
                  "padding 0, input [1, 1, 4, 4]");
}

TEST_CASE_TEMPLATE("MaxPool, AvgPool: a batch of 0 gives an empty output", Kind, Max, Avg) {
  CHECK(typename Kind::Signal(2)(Tensor::zeros({0, 3, 8})).shape() == Shape{0, 3, 4});
  CHECK(typename Kind::Image(2)(Tensor::zeros({0, 3, 8, 6})).shape() == Shape{0, 3, 4, 3});
}
