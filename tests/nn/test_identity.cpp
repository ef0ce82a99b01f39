#include <doctest/doctest.h>

#include <plumb/nn.hpp>

using namespace plumb;

TEST_CASE("Identity: returns its input itself") {
  nn::Identity layer;
  const Variable x = Variable::leaf(Tensor::ones({2, 3}));
  CHECK(layer(x).same_as(x));
  CHECK(layer(Tensor::arange(4)).dtype() == DType::int64);
  CHECK(layer.parameters().empty());
}
