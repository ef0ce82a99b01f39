#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <plumb/data/text/vocabulary.hpp>
#include <plumb/nn.hpp>
#include <string>
#include <vector>

#include "../support/compare.hpp"
#include "../support/random.hpp"

using namespace plumb;
using test::deviation;
using test::normal;

namespace {

struct Case {
  std::string name;
  std::shared_ptr<nn::Layer> layer;
};

std::vector<Case> layers_of_sequences() {
  Generator generator(5);
  nn::TransformerOptions small;
  small.feed_forward = 8;
  small.dropout = 0;
  return {{"RNN", std::make_shared<nn::RNN>(4, 4, generator)},
          {"LSTM", std::make_shared<nn::LSTM>(4, 4, generator)},
          {"GRU", std::make_shared<nn::GRU>(4, 4, generator)},
          {"attention", std::make_shared<nn::MultiheadAttention>(4, 2, generator)},
          {"encoder", std::make_shared<nn::TransformerEncoderLayer>(4, 2, generator, small)}};
}

// The sum of all gradients without their signs: finite only if each is.
double gradients_of(const nn::Module& model) {
  double total = 0;
  for (const Parameter& p : model.parameters()) total += sum(abs(p.variable.grad())).item();
  return total;
}

}  // namespace

TEST_CASE("layers of sequences: 8,192 samples give what each part of them gives, with gradients") {
  constexpr std::int64_t n = 8192, steps = 3, part = 1000;
  const Tensor x = normal({n, steps, 4}, DType::float32);
  Tensor lengths = Tensor::empty({n}, DType::int64);
  for (std::int64_t i = 0; i < n; ++i) lengths.mutable_data<std::int64_t>()[i] = i % (steps + 1);
  for (const Case& each : layers_of_sequences()) {
    CAPTURE(each.name);
    nn::Layer& layer = *each.layer;
    const Variable input = Variable::leaf(x);
    const Variable y = layer(input, lengths);
    REQUIRE(y.shape() == x.shape());
    sum(y).backward();
    double largest = 0, largest_gradient = 0;
    for (std::int64_t begin = 0; begin < n; begin += part) {
      const std::int64_t end = std::min(begin + part, n);
      const Variable rows = Variable::leaf(x.rows(begin, end).clone());
      const Variable alone = layer(rows, lengths.rows(begin, end));
      sum(alone).backward();
      const Tensor all_gradients = input.grad(), own_gradients = rows.grad();
      for (std::int64_t i = 0; i < alone.numel(); ++i) {
        const std::int64_t at = begin * steps * 4 + i;
        largest = std::max(largest, std::abs(double{y.value().data<float>()[at]} -
                                             double{alone.value().data<float>()[i]}));
        largest_gradient =
            std::max(largest_gradient, std::abs(double{all_gradients.data<float>()[at]} -
                                                double{own_gradients.data<float>()[i]}));
      }
    }
    CHECK(largest < 1e-5);
    CHECK(largest_gradient < 1e-5);
    CHECK(std::isfinite(gradients_of(layer)));
  }
}

TEST_CASE("layers of sequences: a batch of one is a row of a larger one, with its gradient") {
  const Tensor x = normal({3, 5, 4}, DType::float32);
  for (const Case& each : layers_of_sequences()) {
    CAPTURE(each.name);
    const Variable all = Variable::leaf(x), one = Variable::leaf(x.rows(1, 2).clone());
    const Variable y = (*each.layer)(all), alone = (*each.layer)(one);
    sum(y).backward();
    sum(alone).backward();
    CHECK(deviation(y.value().rows(1, 2), alone.value()) < 1e-6);
    CHECK(deviation(all.grad().rows(1, 2), one.grad()) < 1e-6);
  }
}

TEST_CASE("layers of sequences: a batch of none, and one of no steps, give gradients of 0") {
  for (const Case& each : layers_of_sequences())
    for (const Shape& shape : {Shape{0, 5, 4}, Shape{3, 0, 4}}) {
      CAPTURE(each.name);
      const Variable x = Variable::leaf(Tensor::empty(shape));
      each.layer->zero_grad();
      const Variable y = (*each.layer)(x);
      CHECK(y.shape() == shape);
      sum(y).backward();
      CHECK(x.grad().shape() == shape);
      CHECK(gradients_of(*each.layer) == 0);
    }
}

TEST_CASE("layers of sequences: of length 0 and 1 the steps that are valid count, and no others") {
  const Tensor x = normal({2, 3, 4}, DType::float32);
  const Tensor lengths = Tensor::from<std::int64_t>({0, 1});
  for (const Case& each : layers_of_sequences()) {
    CAPTURE(each.name);
    const Variable input = Variable::leaf(x);
    const Variable y = (*each.layer)(input, lengths);
    const Variable step = slice(slice(y, 0, 1), 1, 0, 1);  // the only valid one
    const Variable alone = (*each.layer)(x.rows(1, 2).clone(), Tensor::from<std::int64_t>({1}));
    CHECK(deviation(step.value(), slice(alone, 1, 0, 1).value()) < 1e-6);
    each.layer->zero_grad();
    sum(step * step).backward();
    const Variable gradient = abs(input.grad());
    CHECK(sum(slice(gradient, 0, 0, 1)).item() == 0);
    CHECK(sum(slice(slice(gradient, 0, 1), 1, 0, 1)).item() > 0);
    CHECK(sum(slice(slice(gradient, 0, 1), 1, 1)).item() == 0);
    CHECK(std::isfinite(gradients_of(*each.layer)));
  }
}

TEST_CASE("layers of sequences: what a text of one letter teaches is nothing") {
  const data::Vocabulary letters("aaaaaa");
  CHECK(letters.size() == 1);
  const Tensor ids = letters.encode("aaaaaa").reshape({2, 3});
  Generator generator(5);
  for (const Case& each : layers_of_sequences()) {
    CAPTURE(each.name);
    nn::Embedding embedding(letters.size(), 4, generator);
    nn::Linear head(4, letters.size(), generator);
    const Variable loss = nn::token_cross_entropy(head((*each.layer)(embedding(ids))), ids);
    each.layer->zero_grad();
    loss.backward();
    CHECK(loss.item() == 0);
    CHECK(gradients_of(embedding) == 0);
    CHECK(gradients_of(head) == 0);
    CHECK(gradients_of(*each.layer) == 0);
  }
}
