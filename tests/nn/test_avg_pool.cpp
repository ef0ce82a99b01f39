#include <doctest/doctest.h>

#include <plumb/nn/avg_pool.hpp>

#include "../support/random.hpp"

using namespace plumb;
using plumb::test::normal;

TEST_CASE("AvgPool: kernel and options reach the operation") {
  const Tensor signal = normal({2, 3, 11}), image = normal({2, 3, 9, 11});
  nn::AvgPool1d plain1(2), chosen1(4, {3, 2, CountPadding::no});
  CHECK(plain1(signal).value().to_vector<double>() ==
        avg_pool1d(signal, 2).value().to_vector<double>());
  CHECK(chosen1(signal).value().to_vector<double>() ==
        avg_pool1d(signal, 4, {3, 2, CountPadding::no}).value().to_vector<double>());
  const AvgPool2dOptions options{Size2d(1, 2), {1, 0}, CountPadding::no};
  nn::AvgPool2d plain2(2), chosen2({3, 2}, options);
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
