#include <doctest/doctest.h>

#include <cmath>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/batch_norm.hpp>

#include "../../support/errors.hpp"
#include "../../support/random.hpp"
#include "batch_norms.hpp"

using namespace plumb;
using plumb::test::by_batch;
using plumb::test::by_running;
using plumb::test::error_of;
using plumb::test::fresh;
using plumb::test::normal;

TEST_CASE("batch_norm: channels get mean 0 and deviation 1, then weight and bias") {
  const Tensor x = Tensor::from({1., 10., 3., 30., 5., 20., 7., 40.}, {4, 2});
  const Tensor plain = by_batch(x, {}, {}, 0).value();
  const double unit = 1 / std::sqrt(5.0);
  for (int i = 0; i < 4; ++i) {
    CHECK(plain.at({i, 0}) == doctest::Approx((2 * i - 3) * unit).epsilon(1e-15));
    CHECK(plain.at({i, 1}) ==
          doctest::Approx((x.at({i, 1}) - 25) / std::sqrt(125.0)).epsilon(1e-15));
  }
  const Tensor scaled = by_batch(x, Tensor::from({2., -1.}), Tensor::from({100., 200.}), 0).value();
  CHECK(scaled.at({0, 0}) == doctest::Approx(100 - 6 * unit).epsilon(1e-15));
  CHECK(scaled.at({3, 1}) == doctest::Approx(200 - 15 / std::sqrt(125.0)).epsilon(1e-15));
}

TEST_CASE("batch_norm: running statistics move by the momentum, the variance over n - 1") {
  RunningStatistics running = fresh(1);
  const Tensor x = Tensor::from({1., 3., 5., 7.}, {4, 1});
  const Tensor mean = running.mean;
  batch_norm(running, x, {}, {}, NormalizeBy::batch, 0.25);
  CHECK(mean.same_as(running.mean));  // in place
  CHECK(running.mean.item() == doctest::Approx(1).epsilon(1e-15));
  CHECK(running.var.item() == doctest::Approx(0.75 + 0.25 * 20 / 3).epsilon(1e-15));
  batch_norm(running, x, {}, {}, NormalizeBy::batch, 1);
  CHECK(running.mean.item() == 4);
  CHECK(running.var.item() == doctest::Approx(20 / 3.0).epsilon(1e-15));
  batch_norm(running, x, {}, {}, NormalizeBy::batch, 0);
  CHECK(running.mean.item() == 4);
  // They are no part of the graph, and by them nothing moves.
  const Tensor y = batch_norm(running, x, {}, {}, NormalizeBy::running, 1, 0).value();
  CHECK(y.at({3, 0}) == doctest::Approx(3 / std::sqrt(20 / 3.0)).epsilon(1e-15));
  CHECK(running.mean.item() == 4);
}

TEST_CASE("batch_norm: gradients by the batch and by running statistics, affine or not") {
  const RunningStatistics running{normal({3}, DType::float64, 1), Tensor::from({0.5, 2., 1.25})};
  for (const Shape& shape : {Shape{5, 3}, Shape{3, 3, 2}, Shape{2, 3, 2, 3}, Shape{1, 3, 4}}) {
    const Tensor x = normal(shape), weight = normal({3}, DType::float64, 2),
                 bias = normal({3}, DType::float64, 3);
    for (const bool batch : {true, false}) {
      const auto apply = [&](const Variable& in, const Variable& w, const Variable& b) {
        return batch ? by_batch(in, w, b) : by_running(running, in, w, b);
      };
      gradcheck([&](const auto& in) { return apply(in[0], in[1], in[2]); }, {x, weight, bias});
      gradcheck([&](const auto& in) { return apply(in[0], in[1], {}); }, {x, weight});
      gradcheck([&](const auto& in) { return apply(in[0], {}, in[1]); }, {x, bias});
      gradcheck([&](const auto& in) { return apply(in[0], {}, {}); }, {x});
      // Frozen inputs: each gradient alone.
      gradcheck([&](const auto& in) { return apply(x, in[0], bias); }, {weight});
      gradcheck([&](const auto& in) { return apply(x, weight, in[0]); }, {bias});
    }
  }
}

TEST_CASE("batch_norm: what a backward needs does not change with the running statistics") {
  RunningStatistics running = fresh(3);
  const Variable x = Variable::leaf(normal({4, 3})), w = Variable::leaf(normal({3}));
  const Tensor g = normal({4, 3}, DType::float64, 2);
  by_running(running, x, w, {}).backward(g);
  const Tensor dx = x.grad().clone(), dw = w.grad().clone();
  const Variable again_x = Variable::leaf(x.value());
  const Variable again_w = Variable::leaf(w.value());
  const Variable y = by_running(running, again_x, again_w, {});
  running.mean.fill(5);
  running.var.fill(9);
  y.backward(g);
  CHECK(again_x.grad().to_vector<double>() == dx.to_vector<double>());
  CHECK(again_w.grad().to_vector<double>() == dw.to_vector<double>());
}

TEST_CASE("batch_norm: errors name the shapes, and leave the running statistics alone") {
  const Tensor x = normal({2, 3, 4});
  RunningStatistics running = fresh(3);
  const auto refusal = [&](const Tensor& in, const Variable& w, const Variable& b,
                           NormalizeBy by = NormalizeBy::batch, double momentum = 0.1,
                           double eps = 1e-5) {
    return error_of([&] { batch_norm(running, in, w, b, by, momentum, eps); });
  };
  CHECK(refusal(normal({3}), {}, {}) == "[batch_norm] expected input [n, c, ...], got [3]");
  CHECK(refusal(Tensor::zeros({2, 3}, DType::uint8), {}, {}) ==
        "[batch_norm] expected float32 or float64, got uint8");
  CHECK(refusal(x, normal({4}), {}) == "[batch_norm] input [2, 3, 4] needs a weight [3], got [4]");
  CHECK(refusal(x, {}, normal({3, 1})) ==
        "[batch_norm] input [2, 3, 4] needs a bias [3], got [3, 1]");
  CHECK(refusal(x, normal({3}, DType::float32), {}) ==
        "[batch_norm] input of float64 needs a weight of float64, got float32");
  CHECK(refusal(normal({2, 4}), {}, {}) ==
        "[batch_norm] input [2, 4] needs a running mean [4], got [3]");
  CHECK(refusal(normal({1, 3}), {}, {}) ==
        "[batch_norm] one value per channel has no deviation to train with: [1, 3]");
  CHECK(refusal(normal({1, 3, 1, 1}), {}, {}) ==
        "[batch_norm] one value per channel has no deviation to train with: [1, 3, 1, 1]");
  CHECK(refusal(normal({1, 3}), {}, {}, NormalizeBy::running) == "");
  CHECK(refusal(x, {}, {}, NormalizeBy::batch, 1.5) ==
        "[batch_norm] momentum must be in [0, 1], got 1.5");
  CHECK(refusal(x, {}, {}, NormalizeBy::batch, std::nan("")) ==
        "[batch_norm] momentum must be in [0, 1], got nan");
  CHECK(refusal(x, {}, {}, NormalizeBy::batch, 0.1, -1e-5) ==
        "[batch_norm] eps must be in [0, inf), got -1e-05");
  CHECK(running.mean.to_vector<double>() == std::vector<double>(3, 0));
  CHECK(running.var.to_vector<double>() == std::vector<double>(3, 1));

  RunningStatistics none, half{Tensor::zeros({3}, DType::float64), Tensor()};
  CHECK(error_of([&] { batch_norm(none, x, {}, {}, NormalizeBy::running); }) ==
        "[batch_norm] there are no running statistics to normalize by");
  CHECK(error_of([&] { batch_norm(half, x, {}, {}, NormalizeBy::batch); }) ==
        "[batch_norm] only one of running mean and variance is defined");
}
