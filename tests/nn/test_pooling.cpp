#include <doctest/doctest.h>

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

TEST_CASE("MaxPool: kernel and options reach the operation") {
  const Tensor signal = normal({2, 3, 11}), image = normal({2, 3, 9, 11});
  nn::MaxPool1d plain1(2), chosen1(4, {3, 2, 2});
  CHECK(plain1(signal).value().to_vector<double>() ==
        max_pool1d(signal, 2).value().to_vector<double>());
  CHECK(chosen1(signal).value().to_vector<double>() ==
        max_pool1d(signal, 4, {3, 2, 2}).value().to_vector<double>());
  const MaxPool2dOptions options{Size2d(1, 2), {1, 0}, {2, 3}};
  nn::MaxPool2d plain2(2), chosen2({3, 2}, options), whole(2, {2, 0, 1, CeilMode::yes});
  CHECK(whole(image).shape() == Shape{2, 3, 5, 6});
  CHECK(plain2(image).shape() == Shape{2, 3, 4, 5});
  CHECK(plain2(image).value().to_vector<double>() ==
        max_pool2d(image, 2).value().to_vector<double>());
  CHECK(chosen2(image).shape() == Shape{2, 3, 7, 4});
  CHECK(chosen2(image).value().to_vector<double>() ==
        max_pool2d(image, {3, 2}, options).value().to_vector<double>());
  CHECK(plain2.parameters().empty());
  CHECK(plain2.state_dict().tensors().empty());
  CHECK(plain2.type_name() == "MaxPool2d");
}

TEST_CASE("MaxPool: a dilation that makes no layer is refused at once") {
  CHECK(error_of([] {
          nn::MaxPool2d(2, {1, 0, {0, 1}});
        }) == "[MaxPool2d] the dilation along h must be at least 1, got 0");
}

TEST_CASE("AvgPool: kernel and options reach the operation") {
  const Tensor signal = normal({2, 3, 11}), image = normal({2, 3, 9, 11});
  nn::AvgPool1d plain1(2), chosen1(4, {3, 2, CountPadding::no});
  CHECK(plain1(signal).value().to_vector<double>() ==
        avg_pool1d(signal, 2).value().to_vector<double>());
  CHECK(chosen1(signal).value().to_vector<double>() ==
        avg_pool1d(signal, 4, {3, 2, CountPadding::no}).value().to_vector<double>());
  const AvgPool2dOptions options{Size2d(1, 2), {1, 0}, CountPadding::no};
  nn::AvgPool2d plain2(2), chosen2({3, 2}, options), whole(2, {2, 0, {}, CeilMode::yes});
  CHECK(whole(image).shape() == Shape{2, 3, 5, 6});
  CHECK(plain2(image).shape() == Shape{2, 3, 4, 5});
  CHECK(plain2(image).value().to_vector<double>() ==
        avg_pool2d(image, 2).value().to_vector<double>());
  CHECK(chosen2(image).shape() == Shape{2, 3, 9, 5});
  CHECK(chosen2(image).value().to_vector<double>() ==
        avg_pool2d(image, {3, 2}, options).value().to_vector<double>());
  CHECK(plain2.parameters().empty());
  CHECK(plain2.state_dict().tensors().empty());
  CHECK(plain2.type_name() == "AvgPool2d");
}

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

TEST_CASE("AdaptiveMaxPool: outputs of one size, gradients, and sizes that are refused") {
  nn::AdaptiveMaxPool1d three(3);
  nn::AdaptiveMaxPool2d rectangle({2, 5});
  const Tensor signal = normal({2, 3, 7}), image = normal({2, 3, 5, 4});
  CHECK(three(signal).to_vector<double>() == adaptive_max_pool1d(signal, 3).to_vector<double>());
  CHECK(rectangle(image).to_vector<double>() ==
        adaptive_max_pool2d(image, {2, 5}).to_vector<double>());
  CHECK(rectangle(image).shape() == Shape{2, 3, 2, 5});
  nn::gradcheck(three, signal);
  nn::gradcheck(rectangle, image);
  CHECK(error_of([] { nn::AdaptiveMaxPool1d(0); }) ==
        "[AdaptiveMaxPool1d] the output along l must be at least 1, got 0");
  CHECK(error_of([] {
          nn::AdaptiveMaxPool2d({1, -2});
        }) == "[AdaptiveMaxPool2d] the output along w must be at least 1, got -2");
}
