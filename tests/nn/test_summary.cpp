#include <doctest/doctest.h>

#include <plumb/nn.hpp>

using namespace plumb;

namespace {

// Runs one of its two children, the first of them twice.
class Branch : public nn::Layer {
 public:
  explicit Branch(Generator& generator)
      : scale_(add_parameter("scale", Tensor::ones({1}))),
        used_(add("used", nn::Linear(4, 4, generator))),
        spare_(add("spare", nn::Linear(4, 2, generator))) {}
  Variable forward(const Variable& x) override { return used_(used_(x)) * scale_; }
  nn::Linear& spare() { return spare_; }

 private:
  Variable scale_;
  nn::Linear& used_;
  nn::Linear& spare_;
};

}  // namespace

TEST_CASE("summary: names, types, shapes and counts, then totals") {
  Generator generator(1);
  nn::Sequential model{nn::Linear(784, 128, generator), nn::ReLU(), nn::Linear(128, 10, generator)};
  CHECK(nn::summary(model, {64, 784}) ==
        "layer    type        output     parameters\n"
        "(model)  Sequential  [64, 10]            0\n"
        "0        Linear      [64, 128]     100,480\n"
        "1        ReLU        [64, 128]           0\n"
        "2        Linear      [64, 10]        1,290\n"
        "parameters: 101,770, trainable: 101,770\n");
}

TEST_CASE("summary: the shape of a ReLU before a MaxPool is its own") {
  nn::Sequential model{nn::ReLU(), nn::MaxPool2d(2)};
  CHECK(nn::summary(model, {1, 3, 8, 6}) ==
        "layer    type        output        parameters\n"
        "(model)  Sequential  [1, 3, 4, 3]           0\n"
        "0        ReLU        [1, 3, 8, 6]           0\n"
        "1        MaxPool2d   [1, 3, 4, 3]           0\n"
        "parameters: 0, trainable: 0\n");
}

TEST_CASE("summary: a layer in several places has in each the shape that it gives there") {
  Generator generator(1);
  const auto relu = std::make_shared<nn::ReLU>();
  nn::Sequential model{nn::Conv2d(1, 2, 3, generator, {1, 1}), relu, nn::MaxPool2d(2),
                       nn::Conv2d(2, 4, 3, generator, {1, 1}), relu, nn::MaxPool2d(2)};
  CHECK(nn::summary(model, {1, 1, 8, 6}) ==
        "layer    type        output        parameters\n"
        "(model)  Sequential  [1, 4, 2, 1]           0\n"
        "0        Conv2d      [1, 2, 8, 6]          20\n"
        "1        ReLU        [1, 2, 8, 6]           0\n"
        "2        MaxPool2d   [1, 2, 4, 3]           0\n"
        "3        Conv2d      [1, 4, 4, 3]          76\n"
        "4        ReLU        [1, 4, 4, 3]           0\n"
        "5        MaxPool2d   [1, 4, 2, 1]           0\n"
        "parameters: 96, trainable: 96\n");
}

TEST_CASE("summary: a layer that is called in several places of a forward shows each shape") {
  class Net : public nn::Layer {
   public:
    Net() : relu_(add("relu", nn::ReLU())), pool_(add("pool", nn::MaxPool2d(2))) {}
    Variable forward(const Variable& x) override { return pool_(relu_(pool_(relu_(x)))); }

   private:
    nn::ReLU& relu_;
    nn::MaxPool2d& pool_;
  };
  Net net;
  CHECK(nn::summary(net, {1, 1, 8, 8}) ==
        "layer    type       output                      parameters\n"
        "(model)  Net        [1, 1, 2, 2]                         0\n"
        "relu     ReLU       [1, 1, 8, 8], [1, 1, 4, 4]           0\n"
        "pool     MaxPool2d  [1, 1, 4, 4], [1, 1, 2, 2]           0\n"
        "parameters: 0, trainable: 0\n");
}

TEST_CASE("summary: own, unused, frozen and shared parameters") {
  Generator generator(1);
  nn::Sequential model;
  Branch& branch = model.push_back(Branch(generator));
  model.push_back(nn::Linear(branch.parameters()[1].variable));
  for (const Parameter& p : branch.spare().parameters())
    Variable(p.variable).set_requires_grad(false);
  CHECK(nn::summary(model, {4}) ==
        "layer    type        output  parameters\n"
        "(model)  Sequential  [4]              0\n"
        "0        Branch      [4]              1\n"
        "0.used   Linear      [4]             20\n"
        "0.spare  Linear      -               10\n"
        "1        Linear      [4]              0\n"
        "parameters: 31, trainable: 21\n");
}

TEST_CASE("summary: a single layer and a model without parameters") {
  Generator generator(1);
  nn::Linear layer(2, 3, generator);
  layer.to(DType::float64);
  CHECK(nn::summary(layer, {0, 2}) ==
        "layer    type    output  parameters\n"
        "(model)  Linear  [0, 3]           9\n"
        "parameters: 9, trainable: 9\n");
  nn::Tanh tanh;
  CHECK(nn::summary(tanh, {1}) ==
        "layer    type  output  parameters\n"
        "(model)  Tanh  [1]              0\n"
        "parameters: 0, trainable: 0\n");
}

TEST_CASE("summary: leaves the model as it was, also when the pass throws") {
  Generator generator(1);
  nn::Sequential model{nn::Linear(2, 3, generator), nn::Dropout(0.5, Generator(1)),
                       nn::Linear(4, 1, generator)};
  model[0].eval();
  CHECK_THROWS_WITH_AS(nn::summary(model, {1, 2}),
                       "2: [Linear] expected input [..., 4], got [1, 3]", Error);
  CHECK(model.training());
  CHECK_FALSE(model[0].training());
  CHECK(model[1].training());
  CHECK(model.generators()[0].generator->position() == 0);
  CHECK(grad_enabled());
  // Nobody watches any more.
  CHECK(model[0](Tensor::ones({1, 2})).requires_grad());
}

TEST_CASE(
    "summary: class indices go in, and a recurrent layer is seen whichever way it is called") {
  class LastState : public nn::Layer {
   public:
    explicit LastState(Generator& generator)
        : embedding_(add("embedding", nn::Embedding(5, 3, generator))),
          lstm_(add("lstm", nn::LSTM(3, 2, generator))) {}
    Variable forward(const Variable& x) override { return lstm_.run(embedding_(x)).last.h; }

   private:
    nn::Embedding& embedding_;
    nn::LSTM& lstm_;
  };
  Generator generator(1);
  LastState model(generator);
  CHECK(nn::summary(model, Tensor::zeros({7, 4}, DType::int64)) ==
        "layer      type       output     parameters\n"
        "(model)    LastState  [1, 7, 2]           0\n"
        "embedding  Embedding  [7, 4, 3]          15\n"
        "lstm       LSTM       [7, 4, 2]          56\n"
        "parameters: 71, trainable: 71\n");
}
