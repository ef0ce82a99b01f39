#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/loss.hpp>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/random.hpp>

#include "../../support/special_values.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::infinity;

namespace {

constexpr double log_2 = 0.6931471805599453;
const Reduction reductions[] = {Reduction::mean, Reduction::sum, Reduction::none};

Tensor normal_scores(std::uint64_t seed, DType dtype = DType::float64,
                     const Shape& shape = {2, 3}) {
  Tensor x = Tensor::empty(shape, dtype);
  Generator generator(seed);
  generator.fill_normal(x);
  return x;
}

Tensor uniform_2x3(std::uint64_t seed) {
  Tensor x = Tensor::empty({2, 3}, DType::float64);
  Generator generator(seed);
  generator.fill_uniform(x, 0.1, 0.9);
  return x;
}

Tensor row(std::initializer_list<double> values) { return Tensor::from(values); }

std::vector<double> all_values(const Variable& x) { return x.value().to_vector<double>(); }

BceOptions bce(Reduction reduction, Tensor weight = {}, Tensor pos_weight = {}) {
  return {weight, pos_weight, reduction};
}

}  // namespace

TEST_CASE("mse: values and gradients of both sides") {
  const Variable x = Variable::leaf(row({1, 2, 5})), t = Variable::leaf(row({1, 4, 2}));
  CHECK(all_values(mse(x, t, Reduction::none)) == std::vector<double>{0, 4, 9});
  CHECK(mse(x, t, Reduction::sum).item() == 13);
  const Variable mean = mse(x, t);
  CHECK(mean.shape() == Shape{});
  CHECK(mean.item() == doctest::Approx(13 / 3.0).epsilon(1e-15));
  mse(x, t, Reduction::sum).backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{0, -4, 6});
  CHECK(t.grad().to_vector<double>() == std::vector<double>{0, 4, -6});
}

TEST_CASE("l1: values, and gradient 0 where both are equal") {
  const Variable x = Variable::leaf(row({1, 2, 5})), t = Variable::leaf(row({1, 4, 2}));
  CHECK(all_values(l1(x, t, Reduction::none)) == std::vector<double>{0, 2, 3});
  CHECK(l1(x, t).item() == doctest::Approx(5 / 3.0).epsilon(1e-15));
  l1(x, t, Reduction::sum).backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{0, -1, 1});
  CHECK(t.grad().to_vector<double>() == std::vector<double>{0, 1, -1});
}

TEST_CASE("loss: NaN stays NaN in the gradients of differences") {
  using Loss = Variable (*)(const Variable&, const Variable&);
  const Loss losses[] = {
      [](const Variable& x, const Variable& t) { return mse(x, t, Reduction::sum); },
      [](const Variable& x, const Variable& t) { return l1(x, t, Reduction::sum); },
      [](const Variable& x, const Variable& t) { return huber(x, t, 1, Reduction::sum); }};
  for (const Loss loss : losses) {
    const Variable x = Variable::leaf(row({std::nan(""), 3})), t = Variable::leaf(row({1, 2}));
    loss(x, t).backward();
    for (const Variable& each : {x, t}) {
      CHECK(std::isnan(each.grad().at({0})));
      CHECK_FALSE(std::isnan(each.grad().at({1})));
    }
  }
}

TEST_CASE("huber: a parabola up to delta, a line beyond") {
  const Variable x = Variable::leaf(row({1, -2, 2, 10})), t = Variable::leaf(row({0, 0, 0, 0}));
  CHECK(all_values(huber(x, t, 2, Reduction::none)) == std::vector<double>{0.5, 2, 2, 18});
  huber(x, t, 2, Reduction::sum).backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{1, -2, 2, 2});
  CHECK(t.grad().to_vector<double>() == std::vector<double>{-1, 2, -2, -2});
  CHECK(all_values(huber(x, t, infinity, Reduction::none)) == std::vector<double>{0.5, 2, 2, 50});
}

TEST_CASE("bce_with_logits: values with and without weights") {
  const Tensor x = row({0, 0, 0}), t = row({0, 1, 0.5});
  for (const double loss : all_values(bce_with_logits(x, t, bce(Reduction::none))))
    CHECK(loss == doctest::Approx(log_2).epsilon(1e-15));
  const auto weighted =
      all_values(bce_with_logits(x, t, bce(Reduction::none, row({1, 2, 2}), row({3}))));
  CHECK(weighted[0] == doctest::Approx(log_2).epsilon(1e-15));
  CHECK(weighted[1] == doctest::Approx(6 * log_2).epsilon(1e-15));
  CHECK(weighted[2] == doctest::Approx(4 * log_2).epsilon(1e-15));  // 2 (0.5 + 0.5 * 3)
  CHECK(bce_with_logits(x, t, bce(Reduction::mean, row({1, 2, 2}), row({3}))).item() ==
        doctest::Approx(11 * log_2 / 3).epsilon(1e-15));
}

TEST_CASE("bce_with_logits: a weight for each column") {
  const Tensor x = Tensor::zeros({2, 3}, DType::float64), t = Tensor::ones({2, 3}, DType::float64);
  const Tensor y = bce_with_logits(x, t, bce(Reduction::none, Tensor(), row({1, 2, 3}))).value();
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      CHECK(y.at({i, j}) == doctest::Approx((j + 1) * log_2).epsilon(1e-15));
}

TEST_CASE("bce_with_logits: logits of +-1000, and small losses keep their digits") {
  Variable x = Variable::leaf(Tensor::from({1000.f, 1000.f, -1000.f, -1000.f, 20.f, -20.f}));
  const Tensor t = Tensor::from({0.f, 1.f, 0.f, 1.f, 1.f, 0.f});
  for (const Tensor& pos_weight : {Tensor(), Tensor::ones({1})}) {
    const Variable loss = bce_with_logits(x, t, bce(Reduction::none, Tensor(), pos_weight));
    const std::vector<float> y = loss.value().to_vector<float>();
    CHECK(y[0] == 1000);
    CHECK(y[1] == 0);
    CHECK(y[2] == 0);
    CHECK(y[3] == 1000);
    CHECK(y[4] == doctest::Approx(2.0611536e-9).epsilon(1e-6));
    CHECK(y[5] == doctest::Approx(2.0611536e-9).epsilon(1e-6));
    x.set_grad(Tensor());
    loss.backward(Tensor::ones({6}));
    const std::vector<float> dx = x.grad().to_vector<float>();
    CHECK(std::vector<float>(dx.begin(), dx.begin() + 4) == std::vector<float>{1, 0, 0, -1});
    CHECK(dx[5] == doctest::Approx(2.0611536e-9).epsilon(1e-6));
  }
}

TEST_CASE("kl_div: values of both kinds of target") {
  const Tensor p = row({0.5, 0.25, 0.25});
  Tensor x = row({0.25, 0.25, 0.5}), log_p = p.clone();
  for (int i = 0; i < 3; ++i) {
    x.mutable_data<double>()[i] = std::log(x.data<double>()[i]);
    log_p.mutable_data<double>()[i] = std::log(p.data<double>()[i]);
  }
  const double expected = 0.5 * log_2 - 0.25 * log_2;  // sum of p log(p / q)
  CHECK(kl_div(x, p, {false, Reduction::sum}).item() == doctest::Approx(expected).epsilon(1e-14));
  CHECK(kl_div(x, log_p, {true, Reduction::sum}).item() ==
        doctest::Approx(expected).epsilon(1e-14));
  CHECK(kl_div(x, p).item() == doctest::Approx(expected / 3).epsilon(1e-14));
  CHECK(kl_div(x.reshape({1, 3}), p.reshape({1, 3}), {false, Reduction::batchmean}).item() ==
        doctest::Approx(expected).epsilon(1e-14));
  const std::vector<double> each = all_values(kl_div(x, p, {false, Reduction::none}));
  CHECK(each[0] == doctest::Approx(0.5 * log_2).epsilon(1e-14));
  CHECK(each[1] == 0);
  CHECK(each[2] == doctest::Approx(-0.25 * log_2).epsilon(1e-14));
}

TEST_CASE("kl_div: batchmean divides by the leading axis") {
  const Tensor x = normal_scores(1), t = uniform_2x3(2);
  CHECK(kl_div(x, t, {false, Reduction::batchmean}).item() ==
        doctest::Approx(kl_div(x, t, {false, Reduction::sum}).item() / 2).epsilon(1e-15));
}

TEST_CASE("kl_div: a target of probability 0 costs nothing, whatever the input") {
  const Variable x = Variable::leaf(row({-infinity, -1000, -3}));
  const Variable loss = kl_div(x, row({0, 0, 1}), {false, Reduction::none});
  CHECK(all_values(loss) == std::vector<double>{0, 0, 3});
  loss.backward(Tensor::ones({3}, DType::float64));
  CHECK(x.grad().to_vector<double>() == std::vector<double>{0, 0, -1});
  CHECK(all_values(kl_div(x, row({-infinity, -1000, 0}), {true, Reduction::none})) ==
        std::vector<double>{0, 0, 3});
}

TEST_CASE("loss: gradients of input and target for every reduction") {
  for (const Reduction reduction : reductions) {
    gradcheck([=](const auto& in) { return mse(in[0], in[1], reduction); },
              {normal_scores(1), normal_scores(2)});
    gradcheck([=](const auto& in) { return l1(in[0], in[1], reduction); },
              {normal_scores(1), normal_scores(2)});
    gradcheck([=](const auto& in) { return huber(in[0], in[1], 0.7, reduction); },
              {normal_scores(1), normal_scores(2)});
    gradcheck([=](const auto& in) { return bce_with_logits(in[0], in[1], bce(reduction)); },
              {normal_scores(1), uniform_2x3(2)});
    const BceOptions weighted = bce(reduction, uniform_2x3(3), row({0.5, 2, 3}));
    gradcheck([=](const auto& in) { return bce_with_logits(in[0], in[1], weighted); },
              {normal_scores(1), uniform_2x3(2)});
    gradcheck(
        [=](const auto& in) {
          return kl_div(in[0], in[1], {false, reduction});
        },
        {normal_scores(1), uniform_2x3(2)});
    gradcheck(
        [=](const auto& in) {
          return kl_div(in[0], in[1], {true, reduction});
        },
        {normal_scores(1), normal_scores(2)});
  }
  gradcheck(
      [](const auto& in) {
        return kl_div(in[0], in[1], {false, Reduction::batchmean});
      },
      {normal_scores(1), uniform_2x3(2)});
}

TEST_CASE("loss: gradients add up where a variable is both input and target") {
  const Variable x = Variable::leaf(row({1, 2}));
  mse(x, x).backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{0, 0});
  for (int i = 0; i < 2; ++i) mse(x, row({0, 0}), Reduction::sum).backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{4, 8});
}

TEST_CASE("loss: float32 sums keep their digits") {
  // 0.1f times 2^20 is exact in float32; adding it up in float32 is not.
  const std::int64_t n = std::int64_t{1} << 20;
  CHECK(l1(Tensor::full({n}, 0.1), Tensor::zeros({n}), Reduction::sum).item<float>() ==
        0.1f * 1048576);
}

TEST_CASE("loss: the same bits for any number of threads") {
  const Tensor x = normal_scores(1, DType::float32, {200000}),
               t = normal_scores(2, DType::float32, {200000});
  std::vector<float> first;
  for (const int threads : test::thread_counts()) {
    const test::Threads scope(threads);
    const std::vector<float> all = {mse(x, t).item<float>(), l1(x, t).item<float>(),
                                    huber(x, t).item<float>(), bce_with_logits(x, t).item<float>()};
    if (first.empty()) first = all;
    CHECK(all == first);
  }
}

TEST_CASE("loss: of no elements the mean is NaN and the sum 0") {
  const Variable x = Variable::leaf(Tensor::empty({0, 3}));
  const Tensor t = Tensor::empty({0, 3});
  CHECK(std::isnan(mse(x, t).item()));
  CHECK(std::isnan(kl_div(x, t, {false, Reduction::batchmean}).item()));
  CHECK(l1(x, t, Reduction::sum).item() == 0);
  CHECK(huber(x, t, 1, Reduction::none).shape() == Shape{0, 3});
  bce_with_logits(x, t).backward();
  CHECK(x.grad().shape() == Shape{0, 3});
}

TEST_CASE("loss: shapes never broadcast, dtypes and options are checked") {
  const Tensor x = Tensor::zeros({2, 3}), t = Tensor::zeros({3});
  CHECK_THROWS_WITH_AS(
      mse(x, t), "[mse] the target must have the shape of the input, got [2, 3] and [3]", Error);
  CHECK_THROWS_WITH_AS(
      l1(x, t), "[l1] the target must have the shape of the input, got [2, 3] and [3]", Error);
  CHECK_THROWS_WITH_AS(huber(x, x.to(DType::float64)),
                       "[huber] element types differ: float32 and float64; Tensor::from({1.0}) is "
                       "float64: write 1.0f, or convert with to(DType::float32)",
                       Error);
  CHECK_THROWS_WITH_AS(huber(x, x, 0), "[huber] delta must be positive, got 0", Error);
  CHECK_THROWS_WITH_AS(huber(x, x, std::nan("")), "[huber] delta must be positive, got nan", Error);
  CHECK_THROWS_WITH_AS(mse(x.to(DType::uint8), x.to(DType::uint8)),
                       "[mse] expected float32 or float64, got uint8", Error);
  CHECK_THROWS_WITH_AS(mse(x, x, Reduction::batchmean),
                       "[mse] the reduction must be mean, sum or none; batchmean is for kl_div",
                       Error);
  CHECK_THROWS_WITH_AS(kl_div(Tensor::scalar(1), Tensor::scalar(1), {false, Reduction::batchmean}),
                       "[kl_div] batchmean needs a leading axis, got a scalar", Error);
  CHECK_THROWS_WITH_AS(
      bce_with_logits(x, x, bce(Reduction::mean, Tensor(), Tensor::ones({2}))),
      "[bce_with_logits] pos_weight must broadcast to [2, 3] of float32, got [2] of float32",
      Error);
  CHECK_THROWS_WITH_AS(
      bce_with_logits(t, t, bce(Reduction::mean, Tensor::ones({2, 3}))),
      "[bce_with_logits] weight must broadcast to [3] of float32, got [2, 3] of float32", Error);
  CHECK_THROWS_AS(bce_with_logits(t, t, bce(Reduction::mean, Tensor::ones({1, 3}))), Error);
}
