#include <doctest/doctest.h>

#include <plumb/core/random.hpp>
#include <plumb/nn/gradcheck.hpp>
#include <plumb/nn/max_pool.hpp>

#include "../support/errors.hpp"

using namespace plumb;
using plumb::test::error_of;

namespace {

Tensor normal(const Shape& shape) {
  Tensor x = Tensor::empty(shape, DType::float64);
  Generator generator(3);
  generator.fill_normal(x);
  return x;
}

}  // namespace

TEST_CASE("MaxPool: kernel and options reach the operation") {
  const Tensor signal = normal({2, 3, 11}), image = normal({2, 3, 9, 11});
  nn::MaxPool1d plain1(2), chosen1(4, {3, 2, 2});
  CHECK(plain1(signal).value().to_vector<double>() ==
        max_pool1d(signal, 2).value().to_vector<double>());
  CHECK(chosen1(signal).value().to_vector<double>() ==
        max_pool1d(signal, 4, {3, 2, 2}).value().to_vector<double>());
  const MaxPool2dOptions options{Size2d(1, 2), {1, 0}, {2, 3}};
  nn::MaxPool2d plain2(2), chosen2({3, 2}, options);
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

TEST_CASE("MaxPool: gradients") {
  nn::MaxPool1d one(3, {2, 1});
  nn::MaxPool2d two(2), overlapping(3, {1, 1});
  nn::gradcheck(one, normal({2, 2, 7}));
  nn::gradcheck(two, normal({2, 1, 5, 4}));
  nn::gradcheck(overlapping, normal({1, 2, 4, 3}));
}

TEST_CASE("MaxPool: sizes that make no layer are refused at once") {
  CHECK(error_of([] { nn::MaxPool1d(0); }) ==
        "[MaxPool1d] the kernel along l must be at least 1, got 0");
  CHECK(error_of([] { nn::MaxPool1d(2, {0}); }) ==
        "[MaxPool1d] the stride along l must be at least 1, got 0");
  CHECK(error_of([] {
          nn::MaxPool2d({2, 3}, {1, {1, 2}});
        }) == "[MaxPool2d] the padding along w must be at most half of the kernel 3, got 2");
  CHECK(error_of([] {
          nn::MaxPool2d(2, {1, -1});
        }) == "[MaxPool2d] the padding along h must not be negative, got -1");
  CHECK(error_of([] {
          nn::MaxPool2d(2, {1, 0, {0, 1}});
        }) == "[MaxPool2d] the dilation along h must be at least 1, got 0");
  CHECK(error_of([] {
          nn::MaxPool2d(5)(Tensor::zeros({1, 1, 4, 4}));
        }) ==
        "[max_pool2d] the kernel is larger than the padded input along h: kernel 5, dilation 1, "
        "padding 0, input [1, 1, 4, 4]");
}

TEST_CASE("MaxPool: a batch of 0 gives an empty output") {
  CHECK(nn::MaxPool1d(2)(Tensor::zeros({0, 3, 8})).shape() == Shape{0, 3, 4});
  CHECK(nn::MaxPool2d(2)(Tensor::zeros({0, 3, 8, 6})).shape() == Shape{0, 3, 4, 3});
}
