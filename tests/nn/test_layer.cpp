#include <doctest/doctest.h>

#include <plumb/nn.hpp>

using namespace plumb;

namespace {

// As in the documentation of Layer.
class Gain : public nn::Layer {
 public:
  explicit Gain(std::int64_t features) : gain_(add_parameter("gain", Tensor::ones({features}))) {}
  Variable forward(const Variable& x) override { return x * gain_; }

 private:
  Variable gain_;
};

}  // namespace

TEST_CASE("Layer: one of one's own is called, trained, listed and checked like any other") {
  Gain gain(2);
  CHECK(gain.parameters()[0].name == "gain");
  gain.parameters()[0].variable.set_value(Tensor::from({3.F, 4.F}));
  const Variable y = gain(Tensor::from({1.F, 2.F}));
  CHECK(y.value().to_vector<float>() == std::vector<float>{3, 8});
  y.backward(Tensor::ones({2}));
  CHECK(gain.parameters()[0].variable.grad().to_vector<float>() == std::vector<float>{1, 2});

  nn::Sequential model{Gain(3), nn::Tanh(), Gain(3)};
  model.to(DType::float64);
  nn::gradcheck(model, Tensor::from({0.5, -1., 2.}, {1, 3}));
}

TEST_CASE("Layer: an undefined input is refused by the layer's name") {
  CHECK_THROWS_WITH_AS(Gain(2)(Variable()), "[Gain] the input is undefined", Error);
}

namespace {

// Its second layer is a member and no child.
class Forgetful : public nn::Layer {
 public:
  explicit Forgetful(Generator& generator)
      : first_(add("first", nn::Linear(3, 4, generator))), second_(4, 2, generator) {}
  Variable forward(const Variable& x) override { return second_(first_(x)); }
  nn::Linear& second() { return second_; }

 private:
  nn::Linear& first_;
  nn::Linear second_;
};

// Calls layers that it does not hold.
class Around : public nn::Layer {
 public:
  explicit Around(nn::Layer& inner) : inner_(inner) {}
  Variable forward(const Variable& x) override { return inner_(nn::ReLU()(x)); }

 private:
  nn::Layer& inner_;
};

// Of two inputs, and so no Layer.
class Pair : public nn::Module {
 public:
  explicit Pair(Generator& generator)
      : left_(add("left", nn::Sequential{nn::Linear(3, 2, generator), nn::ReLU()})),
        right_(add("right", nn::Sequential{nn::Tanh(), nn::Linear(4, 2, generator)})) {}
  Variable forward(const Variable& a, const Variable& b) { return left_(a) + right_(b); }

 private:
  nn::Sequential& left_;
  nn::Sequential& right_;
};

constexpr auto forgotten =
    "[Forgetful] forward calls a Linear that no module holds: its parameters and its mode would be "
    "forgotten. Take it in with add(\"name\", ...) in the constructor, or freeze it";

}  // namespace

TEST_CASE("Layer: one that no module holds is refused where it would be trained") {
  Generator generator(1);
  Forgetful model(generator);
  const Tensor x = Tensor::ones({2, 3});
  CHECK_THROWS_WITH_AS(model(x), forgotten, Error);
  {
    const NoGrad no_grad;
    CHECK(model(x).shape() == Shape{2, 2});
  }
  nn::Sequential outer{Forgetful(generator)};
  CHECK_THROWS_WITH_AS(outer(x), (std::string("0: ") + forgotten).c_str(), Error);
  for (const Parameter& p : model.second().parameters()) CHECK(p.variable.requires_grad());
  CHECK(model(x).shape() == Shape{2, 2});  // an optimizer may have these parameters
}

TEST_CASE("Layer: calls of what is frozen, evaluated, trained elsewhere or has nothing to train") {
  Generator generator(1);
  const Tensor x = Tensor::ones({2, 3});
  nn::Linear frozen(3, 2, generator), evaluated(3, 2, generator), elsewhere(3, 2, generator);
  nn::Dropout dropout(0.5, generator);
  Around around_dropout(dropout);
  CHECK_THROWS_AS(around_dropout(x), Error);  // eval() would not reach it
  frozen.weight().set_requires_grad(false);
  frozen.bias().set_requires_grad(false);
  evaluated.eval();
  for (nn::Layer* inner : {&frozen, &evaluated}) CHECK(Around(*inner)(x).shape() == Shape{2, 2});
  Around around(elsewhere);
  CHECK_THROWS_AS(around(x), Error);
  nn::Sequential owner;
  auto shared = std::make_shared<nn::Linear>(3, 2, generator);
  {
    nn::Sequential gone{shared};
    owner.push_back(shared);
  }  // its first parent
  CHECK(shared->path().empty());
  CHECK(owner(x).shape() == Shape{2, 2});
  CHECK(elsewhere.parameters().size() == 2);
  CHECK(around(x).shape() == Shape{2, 2});
}

TEST_CASE("Layer: an error names the path in the tree, of functions of several inputs too") {
  Generator generator(1);
  const Tensor x = Tensor::ones({2, 3}), y = Tensor::ones({2, 4});
  nn::Sequential model{nn::Tanh(), nn::Sequential{nn::ReLU(), nn::Linear(4, 2, generator)}};
  CHECK_THROWS_WITH_AS(model(x), "1.1: [Linear] expected input [..., 4], got [2, 3]", Error);
  nn::Sequential fused{nn::Tanh(), nn::Linear(4, 2, generator), nn::ReLU()};
  CHECK_THROWS_WITH_AS(fused(x), "1: [Linear] expected input [..., 4], got [2, 3]", Error);
  CHECK_THROWS_WITH_AS(nn::Linear(4, 2, generator)(x),
                       "[Linear] expected input [..., 4], got [2, 3]", Error);
  Pair pair(generator);
  CHECK(pair.forward(x, y).shape() == Shape{2, 2});
  CHECK_THROWS_WITH_AS(pair.forward(y, y), "left.0: [Linear] expected input [..., 3], got [2, 4]",
                       Error);
  Pair moved = std::move(pair);
  CHECK_THROWS_WITH_AS(moved.forward(x, x), "right.1: [Linear] expected input [..., 4], got [2, 3]",
                       Error);
  model = nn::Sequential{nn::Linear(4, 2, generator), nn::Tanh()};
  CHECK_THROWS_WITH_AS(model(x), "0: [Linear] expected input [..., 4], got [2, 3]", Error);
}

TEST_CASE("Layer: an error of another type passes through, as it is") {
  struct Special : Error {
    using Error::Error;
  };
  struct Thrower : nn::Layer {
    Variable forward(const Variable&) override { throw Special("special"); }
  };
  nn::Sequential model{Thrower(), nn::Tanh()};
  CHECK_THROWS_WITH_AS(model(Tensor::ones({1})), "special", Special);
}

TEST_CASE("Layer: modules of several inputs have a summary and a gradient check") {
  Generator generator(1);
  Pair pair(generator);
  const Tensor a = Tensor::ones({2, 3}), b = Tensor::ones({2, 4});
  CHECK(nn::summary(pair, [&] { pair.forward(a, b); }) ==
        "layer    type        output  parameters\n"
        "(model)  Pair        -                0\n"
        "left     Sequential  [2, 2]           0\n"
        "left.0   Linear      [2, 2]           8\n"
        "left.1   ReLU        [2, 2]           0\n"
        "right    Sequential  [2, 2]           0\n"
        "right.0  Tanh        [2, 4]           0\n"
        "right.1  Linear      [2, 2]          10\n"
        "parameters: 18, trainable: 18\n");
  pair.to(DType::float64);
  nn::gradcheck(pair, [&](const auto& in) { return pair.forward(in[0], in[1]); },
                {Tensor::from({1., 2., 3., -1., 0.5, 0.1}, {2, 3}),
                 Tensor::full({2, 4}, 0.3, DType::float64)});
}

TEST_CASE("Layer: summary names layers that forward calls and the tree does not have") {
  Generator generator(1);
  nn::Sequential model{nn::Tanh(), Forgetful(generator)};
  CHECK(nn::summary(model, {5, 3}) ==
        "layer    type        output  parameters\n"
        "(model)  Sequential  [5, 2]           0\n"
        "0        Tanh        [5, 3]           0\n"
        "1        Forgetful   [5, 2]           0\n"
        "1.first  Linear      [5, 4]          16\n"
        "parameters: 16, trainable: 16\n"
        "not taken in with add(): Linear [5, 2], called by 1, 10 parameters\n");
}
