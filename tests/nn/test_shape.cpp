#include <doctest/doctest.h>

#include <plumb/nn.hpp>

using namespace plumb;

TEST_CASE("Flatten: merges the axes from the given one on") {
  const Tensor x = Tensor::zeros({2, 3, 4, 5});
  CHECK(nn::Flatten()(x).shape() == Shape{2, 60});
  CHECK(nn::Flatten(0)(x).shape() == Shape{120});
  CHECK(nn::Flatten(2)(x).shape() == Shape{2, 3, 20});
  CHECK(nn::Flatten(-2)(x).shape() == Shape{2, 3, 20});
  CHECK(nn::Flatten(3)(x).shape() == x.shape());
  CHECK(nn::Flatten()(Tensor::scalar(1)).shape() == Shape{1});
  const Variable flat = nn::Flatten()(x);
  CHECK(flat.value().raw() == x.raw());
}

TEST_CASE("Flatten: a batch of 0 gives an empty output of the right width") {
  CHECK(nn::Flatten()(Tensor::zeros({0, 3, 4})).shape() == Shape{0, 12});
  CHECK(nn::Flatten()(Tensor::zeros({2, 0, 4})).shape() == Shape{2, 0});
}

TEST_CASE("Flatten: the gradient has the input's shape") {
  nn::Flatten layer;
  nn::gradcheck(layer, Tensor::from({1., 2., 3., 4., 5., 6., 7., 8.}, {2, 2, 2}));
}

TEST_CASE("Flatten: an axis that the input does not have is named") {
  CHECK_THROWS_WITH_AS(nn::Flatten(2)(Tensor::ones({3, 4})),
                       "[flatten] axis 2 is out of range [-2, 2)", Error);
}

TEST_CASE("Unflatten: splits what is behind the first axis, and undoes Flatten") {
  nn::Unflatten rows({2, 3});
  const Variable y = rows(Tensor::arange(12).reshape({2, 6}));
  CHECK(y.shape() == Shape{2, 2, 3});
  CHECK(y.value().at({1, 0, 2}) == 8);
  CHECK(rows(Tensor::zeros({0, 6})).shape() == Shape{0, 2, 3});
  CHECK(nn::Unflatten({-1, 2})(Tensor::zeros({5, 8})).shape() == Shape{5, 4, 2});
  nn::gradcheck(rows, Tensor::from({1., 2., 3., 4., 5., 6.}, {1, 6}));
  CHECK_THROWS_AS(rows(Tensor::zeros({2, 7})), Error);
  CHECK_THROWS_AS(rows(Tensor::scalar(1)), Error);
}

TEST_CASE("Identity: returns its input itself") {
  nn::Identity layer;
  const Variable x = Variable::leaf(Tensor::ones({2, 3}));
  CHECK(layer(x).same_as(x));
  CHECK(layer(Tensor::arange(4)).dtype() == DType::int64);
  CHECK(layer.parameters().empty());
}
