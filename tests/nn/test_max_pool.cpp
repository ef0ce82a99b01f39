#include <doctest/doctest.h>

#include <plumb/nn/pooling.hpp>

#include "../support/errors.hpp"
#include "../support/random.hpp"

using namespace plumb;
using plumb::test::error_of;
using plumb::test::normal;

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

TEST_CASE("MaxPool: a dilation that makes no layer is refused at once") {
  CHECK(error_of([] {
          nn::MaxPool2d(2, {1, 0, {0, 1}});
        }) == "[MaxPool2d] the dilation along h must be at least 1, got 0");
}
