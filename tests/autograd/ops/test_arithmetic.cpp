#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/autograd.hpp>
#include <plumb/core/runtime/random.hpp>

#include "../../support/subnormals.hpp"

using namespace plumb;

namespace {

Tensor random(const Shape& shape, double low, double high, std::uint64_t seed) {
  Tensor x = Tensor::empty(shape, DType::float64);
  Generator(seed).fill_uniform(x, low, high);
  return x;
}

using Binary = Variable (*)(const Variable&, const Variable&);

void check(Binary f, double low = -1, double high = 1) {
  for (const auto& [a, b] : {std::pair<Shape, Shape>{{2, 3}, {2, 3}},
                             {{2, 3}, {3}},
                             {{2, 1}, {1, 3}},
                             {{}, {2, 2}},
                             {{2, 2}, {1}}})
    gradcheck([f](const std::vector<Variable>& v) { return f(v[0], v[1]); },
              {random(a, low, high, 1), random(b, low, high, 2)});
}

}  // namespace

TEST_CASE("add, sub, mul: gradcheck, broadcast") {
  check(add);
  check(sub);
  check(mul);
}

TEST_CASE("div, pow: gradcheck, broadcast, away from 0") {
  check(div, 0.5, 2);
  check(pow, 0.5, 2);
}

TEST_CASE("maximum, minimum: gradcheck; equal elements share the gradient") {
  check(maximum);
  check(minimum);
  const Variable a = Variable::leaf(Tensor::from({1.f, 2.f, 5.f}));
  const Variable b = Variable::leaf(Tensor::from({1.f, 3.f, 4.f}));
  maximum(a, b).backward(Tensor::full({3}, 2));
  CHECK(a.grad().to_vector<float>() == std::vector<float>{1, 0, 2});
  CHECK(b.grad().to_vector<float>() == std::vector<float>{1, 2, 0});
}

TEST_CASE("arithmetic with numbers: gradcheck of every form") {
  const Tensor x = random({2, 3}, 0.5, 2, 3);
  gradcheck([](const std::vector<Variable>& v) { return 3 - (v[0] + 2) * 1.5 / 4; }, {x});
  gradcheck([](const std::vector<Variable>& v) { return 2 / v[0] - 1 + (-v[0]); }, {x});
  for (const double exponent : {-1.5, 0., 1., 2., 3.})
    gradcheck([=](const std::vector<Variable>& v) { return pow(v[0], exponent); }, {x});
}

TEST_CASE("where: gradcheck, all three broadcast") {
  const Tensor condition = Tensor::from({std::uint8_t{1}, std::uint8_t{0}}, {2, 1});
  gradcheck([&](const std::vector<Variable>& v) { return where(condition, v[0], v[1]); },
            {random({3}, -1, 1, 1), random({2, 3}, -1, 1, 2)});
}

TEST_CASE("pow: slopes at the edge of its domain are not NaN") {
  const Variable a = Variable::leaf(Tensor::from({0., 0., 2.}));
  const Variable b = Variable::leaf(Tensor::from({0., 2., 3.}));
  const Variable y = pow(a, b);
  CHECK(y.value().to_vector<double>() == std::vector<double>{1, 0, 8});
  y.backward(Tensor::ones({3}, DType::float64));
  CHECK(a.grad().to_vector<double>() == std::vector<double>{0, 0, 12});
  CHECK(b.grad().at({0}) == 0);
  CHECK(b.grad().at({1}) == 0);
  const Variable c = Variable::leaf(Tensor::from({0.}));
  pow(c, 0).backward();
  CHECK(c.grad().item() == 0);
}

TEST_CASE("where: shapes that do not broadcast are all named") {
  const Tensor condition = Tensor::ones({5}, DType::uint8);
  CHECK_THROWS_WITH_AS(where(condition, Tensor::ones({2, 1}), Tensor::ones({3})),
                       "[where] shapes do not broadcast: [5], [2, 1] and [3]", Error);
}

TEST_CASE("arithmetic: a tensor is taken where a variable is") {
  const Variable x = Variable::leaf(Tensor::full({2}, 3));
  const Tensor t = Tensor::full({2}, 4);
  const Variable y = x * t + t;
  y.backward(Tensor::ones({2}));
  CHECK(y.value().at({0}) == 16);
  CHECK(x.grad().at({0}) == 4);
  CHECK_THROWS_WITH_AS(x + Tensor::ones({3}), "[add] shapes do not broadcast: [2] and [3]", Error);
}

TEST_CASE("div: by a number is a division, in value and gradient") {
  Tensor n = Tensor::empty({1000});
  for (std::int64_t i = 0; i < 1000; ++i) n.mutable_data<float>()[i] = static_cast<float>(i + 1);
  for (std::int64_t i = 0; i < 1000; ++i) {
    const float number = static_cast<float>(i + 1);
    const Variable x = Variable::leaf(n);
    const Variable y = x / static_cast<double>(number);
    y.backward(n);
    const std::vector<float> quotients = y.value().to_vector<float>();
    const std::vector<float> gradient = x.grad().to_vector<float>();
    std::int64_t wrong = 0;
    for (std::size_t k = 0; k < 1000; ++k) {
      const float exact = static_cast<float>(k + 1) / number;
      wrong += quotients[k] != exact || gradient[k] != exact;
    }
    CAPTURE(number);
    CHECK(wrong == 0);
  }
  // Of numbers whose reciprocal is infinite, or 0.
  {
    const test::SubnormalsKept kept;
    CHECK((Variable(Tensor::full({1}, 1e-40)) / 1e-40).item() == 1);
  }
  CHECK((Variable(Tensor::full({1}, 1e38)) / 3e38).item() == static_cast<double>(1e38F / 3e38F));
  const Variable zeros = Variable(Tensor::from({0.F, 1.F, -1.F})) / 0.0;
  CHECK(std::isnan(zeros.value().at({0})));
  CHECK(zeros.value().at({1}) == std::numeric_limits<double>::infinity());
  CHECK(zeros.value().at({2}) == -std::numeric_limits<double>::infinity());
}

TEST_CASE("where: the gradient of an operand whose slope is infinite is NaN, as in PyTorch") {
  const Variable x = Variable::leaf(Tensor::from({-1.F, 4.F}));
  where(x.value() > Tensor::scalar(0), sqrt(x), x).backward(Tensor::ones({2}));
  CHECK(std::isnan(x.grad().at({0})));
  CHECK(x.grad().at({1}) == 0.25);
}

TEST_CASE("+=, -=, *=, /=: a new value in the graph, with variables, tensors and numbers") {
  const Tensor a = random({2, 3}, 0.5, 2, 1), b = random({3}, 0.5, 2, 2);
  const auto run = [](const std::vector<Variable>& v) {
    Variable y = v[0];
    y += v[1];
    y *= y;
    y -= Tensor::ones({3}, DType::float64);
    y /= v[1];
    y += 1;
    y *= 0.5;
    y -= 3;
    y /= 4;
    return y;
  };
  gradcheck(run, {a, b});
  const Variable expected = ((((Variable(a) + b) * (Variable(a) + b) - 1) / b + 1) * 0.5 - 3) / 4;
  CHECK(run({a, b}).value().to_vector<double>() == expected.value().to_vector<double>());
}

TEST_CASE("+=: nothing changes in place, and the leaf stays a leaf") {
  const Variable leaf = Variable::leaf(Tensor::from({1.f, 2.f}));
  Variable x = leaf;
  const Variable before = x * x;  // saved the value
  x += 10;
  CHECK(leaf.value().to_vector<float>() == std::vector<float>{1, 2});
  CHECK(leaf.is_leaf());
  CHECK_FALSE(x.is_leaf());
  (before + x).backward(Tensor::ones({2}));
  CHECK(leaf.grad().to_vector<float>() == std::vector<float>{3, 5});
  Variable loss = Tensor::scalar(0);
  for (int i = 0; i < 3; ++i) loss += sum(leaf);  // as losses are gathered
  CHECK(loss.item() == 9);
  CHECK_THROWS_WITH_AS(x += Tensor::ones({5}), "[add] shapes do not broadcast: [2] and [5]", Error);
  CHECK(x.value().to_vector<float>() == std::vector<float>{11, 12});
}

TEST_CASE("masked_fill: gradcheck, also where x or the mask broadcasts") {
  const Tensor x = Tensor::from({0.5, -1., 2., 3., -0.25, 1.}, {2, 3});
  const Tensor row = Tensor::from<std::uint8_t>({1, 0, 2}), column = row.reshape({3, 1, 1});
  for (const Tensor& mask : {row, column})
    gradcheck([&](const std::vector<Variable>& in) { return masked_fill(in[0], mask, -3) * in[0]; },
              {x});
  CHECK(masked_fill(x, column, 0).shape() == Shape{3, 2, 3});
}

TEST_CASE("masked_fill: what stands under the mask reaches neither value nor gradient") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const Variable x = Variable::leaf(Tensor::from({std::nan(""), 1., inf}));
  const Variable y = masked_fill(x, Tensor::from<std::uint8_t>({1, 0, 1}), -inf);
  CHECK(y.to_vector<double>() == std::vector<double>{-inf, 1, -inf});
  y.backward(Tensor::from({inf, 2., std::nan("")}));
  CHECK(x.grad().to_vector<double>() == std::vector<double>{0, 2, 0});
  const Tensor scores = Tensor::from({1., 2., 3.});
  CHECK(masked_fill(scores, scores > Tensor::scalar(1.5, DType::float64), 0).to_vector<double>() ==
        std::vector<double>{1, 0, 0});
}

TEST_CASE("masked_fill: masks and numbers that do not fit are refused") {
  const Tensor x = Tensor::zeros({2, 3}), mask = Tensor::zeros({2, 4}, DType::uint8);
  CHECK_THROWS_WITH_AS(masked_fill(x, x, 0), "[masked_fill] expected a mask of uint8, got float32",
                       Error);
  CHECK_THROWS_WITH_AS(masked_fill(x, mask, 0),
                       "[masked_fill] shapes do not broadcast: [2, 3] and [2, 4]", Error);
  CHECK_THROWS_WITH_AS(masked_fill(Tensor::zeros({2, 4}, DType::int64), mask, 0.5),
                       "[masked_fill] a int64 tensor cannot hold 0.5; convert it with to() first",
                       Error);
  CHECK(masked_fill(Tensor::zeros({0, 4}), mask.rows(0, 1), 1).shape() == Shape{0, 4});
}
