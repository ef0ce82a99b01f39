#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <plumb/nn.hpp>
#include <string>
#include <vector>

using namespace plumb;

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

}  // namespace

TEST_CASE("layers of sequences: 8,192 samples give what each part of them gives, with gradients") {
  constexpr std::int64_t n = 8192, steps = 3, part = 1000;
  Generator generator(6);
  Tensor x = Tensor::empty({n, steps, 4});
  generator.fill_normal(x);
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
    for (const Parameter& parameter : layer.parameters())
      CHECK(std::isfinite(sum(abs(parameter.variable.grad())).item()));
  }
}
