#include <doctest/doctest.h>

#include <plumb/autograd.hpp>

using namespace plumb;

TEST_CASE("Variable: a tensor is a constant, a leaf wants a gradient") {
  const Variable constant = Tensor::ones({2});
  CHECK_FALSE(constant.requires_grad());
  CHECK(constant.is_leaf());
  const Variable leaf = Variable::leaf(Tensor::ones({2}));
  CHECK(leaf.requires_grad());
  CHECK(leaf.is_leaf());
  const Variable result = leaf * constant;
  CHECK(result.requires_grad());
  CHECK_FALSE(result.is_leaf());
  CHECK_FALSE(result.detach().requires_grad());
  CHECK(result.detach().value().same_as(result.value()));
  CHECK_FALSE(Variable().defined());
  CHECK_THROWS_WITH_AS(
      Variable::leaf(Tensor::arange(2)),
      "[set_requires_grad] only float32 and float64 can require a gradient, got int64", Error);
}

TEST_CASE("Variable: copies share value and gradient") {
  Variable x = Variable::leaf(Tensor::ones({1}));
  const Variable same = x;
  CHECK(same.same_as(x));
  x.set_grad(Tensor::full({1}, 3));
  CHECK(same.grad().item() == 3);
  x.zero_grad();
  CHECK_FALSE(same.grad().defined());
  x.set_value(Tensor::full({2}, 5, DType::float64));
  CHECK(same.shape() == Shape{2});
  CHECK(same.dtype() == DType::float64);
  CHECK(same.requires_grad());
}

TEST_CASE("Variable: a frozen leaf gets no gradient and records nothing") {
  Variable x = Variable::leaf(Tensor::ones({1}));
  x.set_requires_grad(false);
  CHECK_FALSE((x * x).requires_grad());
  x.set_requires_grad(true);
  CHECK((x * x).requires_grad());
  const Variable y = x * x;
  CHECK_THROWS_WITH_AS(Variable(y).set_requires_grad(false),
                       "[set_requires_grad] expected a leaf, got the result of mul", Error);
  CHECK_THROWS_WITH_AS(Variable(y).set_value(Tensor::ones({1})),
                       "[set_value] expected a leaf, got the result of mul", Error);
}

TEST_CASE("Variable: with a new value it keeps its hooks, and stays frozen") {
  Variable x = Variable::leaf(Tensor::ones({1}));
  x.register_hook([](const Tensor& g) { return g * 10.0; });
  x.set_value(Tensor::full({2}, 5));
  (x * 3.0).backward(Tensor::ones({2}));
  CHECK(x.grad().at({1}) == 30);
  x.set_requires_grad(false);
  x.set_value(Tensor::full({2}, 6));
  CHECK_FALSE(x.requires_grad());
}

TEST_CASE("Variable: a gradient must have the value's shape and dtype") {
  Variable x = Variable::leaf(Tensor::ones({2}));
  CHECK_THROWS_WITH_AS(x.set_grad(Tensor::ones({3})),
                       "[set_grad] expected [2] of float32, got [3] of float32", Error);
  CHECK_THROWS_AS(x.set_grad(Tensor::ones({2}, DType::float64)), Error);
  CHECK_THROWS_AS(Variable(Tensor::ones({2})).set_grad(Tensor::ones({2})), Error);
}

TEST_CASE("Variable: a gradient held from before does not change") {
  const Variable x = Variable::leaf(Tensor::ones({2}));
  (x * 2.0).backward(Tensor::ones({2}));
  const Tensor held = x.grad();
  (x * 3.0).backward(Tensor::ones({2}));
  CHECK(held.at({0}) == 2);
  CHECK(x.grad().at({0}) == 5);
  Variable(x).zero_grad();
  (x * 7.0).backward(Tensor::ones({2}));
  CHECK(held.at({0}) == 2);
  CHECK(x.grad().at({0}) == 7);
}

TEST_CASE("Variable: an undefined one is refused by every operation") {
  const Variable none, x = Variable::leaf(Tensor::ones({1}));
  CHECK_FALSE(none.requires_grad());
  CHECK_FALSE(none.grad().defined());
  CHECK_THROWS_WITH_AS(none.value(), "[Variable] the variable is undefined", Error);
  CHECK_THROWS_AS(x * none, Error);
  CHECK_THROWS_AS(relu(none), Error);
  CHECK_THROWS_AS(none.item(), Error);
}
