#include <doctest/doctest.h>

#include <cmath>
#include <plumb/autograd/ops/embedding.hpp>
#include <plumb/autograd/ops/matmul.hpp>
#include <plumb/nn/embedding.hpp>
#include <plumb/nn/gradcheck.hpp>
#include <plumb/nn/linear.hpp>
#include <plumb/nn/loss.hpp>
#include <plumb/nn/sequential.hpp>
#include <plumb/nn/summary.hpp>

#include "../support/errors.hpp"

using namespace plumb;
using plumb::test::contains;
using plumb::test::error_of;

namespace {

Tensor ids() { return Tensor::from<std::int64_t>({0, 3, 1, 1, 2, 0}, {2, 3}); }

}  // namespace

TEST_CASE("Embedding: starts normal, with a row of 0 for the padding") {
  Generator generator(1);
  const nn::Embedding layer(100, 50, generator, {7});
  double sum = 0, squares = 0;
  for (const float w : layer.weight().value().to_vector<float>()) {
    sum += w;
    squares += static_cast<double>(w) * w;
  }
  CHECK(std::abs(sum / 5000) < 0.05);
  CHECK(squares / 5000 == doctest::Approx(1).epsilon(0.05));
  for (std::int64_t i = 0; i < 50; ++i) CHECK(layer.weight().value().at({7, i}) == 0);
  CHECK(layer.parameters().front().name == "weight");
}

TEST_CASE("Embedding: gradcheck of its weight, alone and in a Sequential") {
  Generator generator(1);
  nn::Embedding layer(4, 3, generator);
  layer.to(DType::float64);
  nn::gradcheck(layer, ids());
  nn::Sequential model{nn::Embedding(4, 3, generator), nn::Linear(3, 2, generator)};
  model.to(DType::float64);
  nn::gradcheck(model, ids());
  CHECK(contains(nn::summary(model, ids()), "[2, 3, 2]"));
}

TEST_CASE("Embedding: a head of the same weight gets one gradient of both") {
  Generator generator(1);
  nn::Embedding tokens(4, 3, generator);
  nn::Linear head(tokens.weight());
  tokens.to(DType::float64);
  const auto step = [&](const Variable& a, const Variable& b) {
    return nn::token_cross_entropy(linear(embedding(a, ids()), b), ids());
  };
  const Variable in = Variable::leaf(tokens.weight().value()),
                 out = Variable::leaf(tokens.weight().value());
  step(in, out).backward();
  nn::token_cross_entropy(head(tokens(ids())), ids()).backward();
  for (std::int64_t i = 0; i < 12; ++i)
    CHECK(tokens.weight().grad().at({i / 3, i % 3}) ==
          doctest::Approx(in.grad().at({i / 3, i % 3}) + out.grad().at({i / 3, i % 3})));
}

TEST_CASE("Embedding: errors") {
  Generator generator(1);
  CHECK(error_of([&] { nn::Embedding(4, -1, generator); }) ==
        "[Embedding] the sizes must not be negative, got 4 classes of -1");
  CHECK(error_of([&] { nn::Embedding(4, 1, generator, {4}); }) ==
        "[Embedding] padding 4 is out of range [0, 4)");
  nn::Embedding layer(4, 2, generator);
  CHECK(error_of([&] {
          layer(Tensor::zeros({2, 3}));
        }) == "[Embedding] expected int64 classes, got float32 of [2, 3]");
  CHECK(error_of([&] {
          layer(Tensor::full({2, 3}, 4, DType::int64));
        }) == "[embedding] index 4 at element 0 is out of range [0, 4)");
}
