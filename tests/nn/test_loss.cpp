#include <doctest/doctest.h>

#include <cmath>
#include <plumb/nn.hpp>

using namespace plumb;

TEST_CASE("losses: all are found in nn, with their options") {
  const Variable x = Tensor::from({0., 1.}, {1, 2});
  const Tensor target = Tensor::from({1., 1.}, {1, 2});
  const Tensor classes = Tensor::from<std::int64_t>({1});
  const double log_sum = std::log1p(std::exp(1));
  CHECK(nn::cross_entropy(x, classes).item() == doctest::Approx(log_sum - 1));
  nn::CrossEntropyOptions smooth;
  smooth.label_smoothing = 1;
  CHECK(nn::cross_entropy(x, classes, smooth).item() == doctest::Approx(log_sum - 0.5));
  CHECK(nn::nll(x, classes, nn::NllOptions()).item() == -1);
  CHECK(nn::mse(x, target).item() == 0.5);
  CHECK(nn::l1(x, target, nn::Reduction::sum).item() == 1);
  CHECK(nn::huber(x, target, 0.5, nn::Reduction::sum).item() == 0.375);
  CHECK(nn::bce_with_logits(x, target, nn::BceOptions()).item() ==
        doctest::Approx((std::log(2) + log_sum - 1) / 2));
  nn::KlDivOptions sum;
  sum.reduction = nn::Reduction::sum;
  CHECK(nn::kl_div(x, target, sum).item() == -1);
}

TEST_CASE("losses: gradients at the end of a model") {
  Generator generator(1);
  nn::Linear model(3, 4, generator);
  model.to(DType::float64);
  Tensor x = Tensor::empty({2, 3}, DType::float64);
  generator.fill_normal(x);
  Tensor target = Tensor::empty({2, 4}, DType::float64);
  generator.fill_uniform(target, 0.1, 0.9);
  const Tensor classes = Tensor::from<std::int64_t>({3, 0});
  const std::vector<std::function<Variable(const Variable&)>> losses = {
      [&](const Variable& y) { return nn::cross_entropy(y, classes); },
      [&](const Variable& y) { return nn::nll(log_softmax(y, 1), classes); },
      [&](const Variable& y) { return nn::mse(y, target); },
      [&](const Variable& y) { return nn::l1(y, target); },
      [&](const Variable& y) { return nn::huber(y, target); },
      [&](const Variable& y) { return nn::bce_with_logits(y, target); },
      [&](const Variable& y) { return nn::kl_div(log_softmax(y, 1), target); },
  };
  for (std::size_t i = 0; i < losses.size(); ++i) {
    CAPTURE(i);
    CHECK_NOTHROW(gradcheck(
        [&](const std::vector<Variable>& in) {
          nn::Linear layer(in[1], in[2]);
          return losses[i](layer(in[0]));
        },
        {x, model.weight().value(), model.bias().value()}));
  }
}

TEST_CASE("losses: never broadcast, and refuse classes that there are not") {
  const Variable logits = Tensor::zeros({2, 3});
  CHECK_THROWS_AS(nn::mse(logits, Tensor::zeros({3})), Error);
  CHECK_THROWS_AS(nn::l1(logits, Tensor::zeros({2, 1})), Error);
  CHECK_THROWS_AS(nn::bce_with_logits(logits, Tensor::zeros({1, 3})), Error);
  CHECK_THROWS_AS(nn::cross_entropy(logits, Tensor::from<std::int64_t>({0, 3})), Error);
  CHECK_THROWS_AS(nn::cross_entropy(logits, Tensor::from<std::int64_t>({0})), Error);
}
