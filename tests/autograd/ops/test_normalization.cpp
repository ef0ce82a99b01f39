#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/ops/normalization.hpp>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/core/tensor/operators.hpp>

#include "../../support/compare.hpp"
#include "../../support/errors.hpp"
#include "../../support/random.hpp"
#include "../../support/threads.hpp"
#include "batch_norms.hpp"

using namespace plumb;
using plumb::test::by_batch;
using plumb::test::by_running;
using plumb::test::deviation;
using plumb::test::error_of;
using plumb::test::fresh;
using plumb::test::normal;
using plumb::test::Threads;

TEST_CASE("layer_norm, group_norm: gradients, affine or not") {
  const Tensor x = normal({3, 4, 5}), rows = normal({4, 5}, DType::float64, 2),
               columns = normal({4, 5}, DType::float64, 3), w = normal({4}, DType::float64, 4),
               b = normal({4}, DType::float64, 5);
  gradcheck(
      [](const auto& in) {
        return layer_norm(in[0], {4, 5}, in[1], in[2]);
      },
      {x, rows, columns});
  gradcheck([](const auto& in) { return layer_norm(in[0], {5}); }, {x});
  gradcheck([](const auto& in) { return layer_norm(in[0], {5}, {}, in[1]); },
            {x, normal({5}, DType::float64, 2)});
  gradcheck([&](const auto& in) { return layer_norm(x, {4, 5}, in[0]); }, {rows});
  for (const std::int64_t groups : {1, 2, 4}) {
    gradcheck([=](const auto& in) { return group_norm(in[0], groups, in[1], in[2]); }, {x, w, b});
    gradcheck([=](const auto& in) { return group_norm(in[0], groups); }, {x});
    gradcheck([=](const auto& in) { return group_norm(x, groups, in[0], in[1]); }, {w, b});
  }
  gradcheck([&](const auto& in) { return group_norm(in[0], 2, in[1], in[2]); },
            {normal({3, 4}), w, b});
}

TEST_CASE("normalization: float32 keeps the digits of a deviation of 0.01 around 1000") {
  const Tensor x = (1000 + 0.01 * normal({64, 6, 8})).to(DType::float32);
  const Tensor exact = x.to(DType::float64), g = normal({64, 6, 8}, DType::float32, 2);
  const auto compare = [&](auto function) {
    const Variable single = Variable::leaf(x), reference = Variable::leaf(exact);
    const Variable y = function(single), y_reference = function(reference);
    y.backward(g);
    y_reference.backward(g.to(DType::float64));
    CHECK(deviation(y.value(), y_reference.value()) <= 5e-7);
    CHECK(deviation(single.grad(), reference.grad()) <= 5e-7);
  };
  compare([](const Variable& v) { return by_batch(v, {}, {}, 0); });
  compare([](const Variable& v) { return layer_norm(v, {6, 8}, {}, {}, 0); });
  compare([](const Variable& v) { return group_norm(v, 3, {}, {}, 0); });
  // The definition, with the mean and the squares each in double.
  double mean = 0, squares = 0;
  for (int n = 0; n < 64; ++n)
    for (int i = 0; i < 8; ++i) mean += exact.at({n, 2, i}) / 512;
  for (int n = 0; n < 64; ++n)
    for (int i = 0; i < 8; ++i) squares += std::pow(exact.at({n, 2, i}) - mean, 2);
  const double expected = (exact.at({5, 2, 3}) - mean) / std::sqrt(squares / 512);
  CHECK(by_batch(x, {}, {}, 0).value().at({5, 2, 3}) == doctest::Approx(expected).epsilon(1e-6));
  RunningStatistics running = fresh(6, DType::float32);
  batch_norm(running, x, {}, {}, NormalizeBy::batch, 1);
  CHECK(running.var.at({2}) == doctest::Approx(squares / 511).epsilon(1e-6));
}

TEST_CASE(
    "normalization: gradients of values far from 1 are those of values near 1, over the scale") {
  // dx goes with 1 / s, but a term of it is found by way of 1 / s^3.
  const Tensor row = Tensor::from({1., 2., 3.}, {1, 3}), seed = Tensor::from({1., 5., 2.}, {1, 3});
  const Tensor right = Tensor::from({-1.4288690166, 2.8577380332, -1.4288690166}, {1, 3});
  const auto all = [](const Tensor& x, const Tensor& g) {
    std::vector<Tensor> gradients;
    const auto keep = [&](const Shape& shape, auto norm) {
      const Variable leaf = Variable::leaf(x.reshape(shape));
      norm(leaf).backward(g.reshape(shape));
      gradients.push_back(leaf.grad().reshape({1, 3}));
    };
    keep({1, 3}, [](const Variable& v) { return layer_norm(v, {3}, {}, {}, 0); });
    keep({3, 1}, [](const Variable& v) { return by_batch(v, {}, {}, 0); });
    keep({1, 1, 3}, [](const Variable& v) { return by_batch(v, {}, {}, 0); });
    keep({1, 3}, [](const Variable& v) { return group_norm(v, 1, {}, {}, 0); });
    return gradients;
  };
  for (const DType dtype : {DType::float32, DType::float64})
    for (const double scale : {1., 1e12, 1e18, 3e22, 1e23, 1e30, 1e37, 1e-18, 1e-23, 1e-30, 1e105,
                               1e110, 1e150, 1e-110, 1e-140}) {
      if (dtype == DType::float32 && (scale > 1e38 || scale < 1e-38)) continue;
      CAPTURE(scale);
      for (const Tensor& dx : all((row * scale).to(dtype), seed.to(dtype)))
        CHECK(deviation(dx.to(DType::float64) * scale, right) <
              (dtype == DType::float32 ? 1e-6 : 1e-10));
    }
}

TEST_CASE("normalization: equal values give the bias, and a gradient of the weight of 0") {
  const Variable x = Variable::leaf(Tensor::full({4, 6, 2}, 1000, DType::float32));
  const auto check = [&](const Variable& y, const Variable& weight) {
    CHECK(y.value().to_vector<float>() == std::vector<float>(48, 3));
    y.backward(normal(y.shape(), DType::float32));
    CHECK(deviation(weight.grad(), Tensor::zeros(weight.shape())) == 0);
  };
  const Variable w = Variable::leaf(Tensor::full({6}, 2)), b = Tensor::full({6}, 3);
  const Variable rows = Variable::leaf(Tensor::full({2}, 2)), offsets = Tensor::full({2}, 3);
  const Variable other = Variable::leaf(Tensor::full({6}, 2));
  check(by_batch(x, w, b), w);
  check(layer_norm(x, {2}, rows, offsets), rows);
  check(group_norm(x, 2, other, b), other);
}

TEST_CASE("normalization: NaN stays in its channel, row or group") {
  Tensor x = normal({3, 4, 5});
  x.mutable_data<double>()[(1 * 4 + 2) * 5 + 3] = std::nan("");  // [1, 2, 3]
  const auto spoilt = [&](const Tensor& y) {
    std::string places;
    for (int n = 0; n < 3; ++n)
      for (int c = 0; c < 4; ++c) {
        int count = 0;
        for (int i = 0; i < 5; ++i) count += std::isnan(y.at({n, c, i}));
        if (count > 0) places += errors::text("[", n, ", ", c, "]: ", count, " ");
      }
    return places;
  };
  CHECK(spoilt(by_batch(x).value()) == "[0, 2]: 5 [1, 2]: 5 [2, 2]: 5 ");
  CHECK(spoilt(by_running(fresh(4), x, {}, {}).value()) == "[1, 2]: 1 ");
  CHECK(spoilt(layer_norm(x, {5}).value()) == "[1, 2]: 5 ");
  CHECK(spoilt(group_norm(x, 2).value()) == "[1, 2]: 5 [1, 3]: 5 ");
}

TEST_CASE("normalization: x that was changed in place since is noticed") {
  for (const int which : {0, 1, 2}) {
    const Variable x = Variable::leaf(normal({4, 3}));
    const Variable y = which == 0   ? by_batch(x)
                       : which == 1 ? layer_norm(x, {3})
                                    : group_norm(x, 3);
    Tensor value = x.value();
    value.fill(1);
    CHECK_THROWS_AS(y.backward(Tensor::ones({4, 3}, DType::float64)), Error);
  }
}

TEST_CASE("normalization: gradients add up where x is used twice") {
  const Tensor seed = normal({4, 6, 2}, DType::float64, 2);
  const Variable w = Variable::leaf(normal({6})), b = Variable::leaf(normal({6}));
  const auto check = [&](auto function) {
    const Variable once = Variable::leaf(normal({4, 6, 2})), twice = Variable::leaf(once.value());
    function(once).backward(seed);
    add(function(twice), function(twice)).backward(seed);
    CHECK(deviation(twice.grad(), 2 * once.grad()) <= 1e-14);
  };
  check([&](const Variable& v) { return by_batch(v, w, b); });
  check([&](const Variable& v) { return by_running(fresh(6), v, w, b); });
  check([](const Variable& v) { return layer_norm(v, {6, 2}); });
  check([&](const Variable& v) { return group_norm(v, 3, w, b); });
}

TEST_CASE("normalization: batches without elements give empty results and gradients of 0") {
  for (const Shape& shape : {Shape{0, 4}, Shape{0, 4, 3}, Shape{2, 4, 0}}) {
    const Variable x = Variable::leaf(Tensor::empty(shape));
    const auto check = [&](const Variable& y, const Variable& w, const Variable& b) {
      CHECK(y.shape() == shape);
      y.backward(Tensor::empty(shape));
      CHECK(x.grad().shape() == shape);
      for (const Variable& p : {w, b}) CHECK(deviation(p.grad(), Tensor::zeros(p.shape())) == 0);
    };
    const auto parameter = [](const Shape& s) { return Variable::leaf(Tensor::ones(s)); };
    RunningStatistics running = fresh(4, DType::float32);
    for (const NormalizeBy by : {NormalizeBy::batch, NormalizeBy::running}) {
      const Variable w = parameter({4}), b = parameter({4});
      check(batch_norm(running, x, w, b, by), w, b);
    }
    CHECK(running.mean.to_vector<float>() == std::vector<float>(4, 0));
    CHECK(running.var.to_vector<float>() == std::vector<float>(4, 1));
    const Variable w = parameter({4}), b = parameter({4});
    check(group_norm(x, 2, w, b), w, b);
    const Shape row = shape.rank() == 2 ? Shape{4} : Shape{4, shape[2]};
    const Variable rw = parameter(row), rb = parameter(row);
    check(layer_norm(x, row, rw, rb), rw, rb);
  }
  CHECK(by_batch(Tensor::empty({2, 0})).shape() == Shape{2, 0});
  CHECK(group_norm(Tensor::empty({2, 0, 3}), 1).shape() == Shape{2, 0, 3});
}

TEST_CASE("normalization: the same bits for any number of threads") {
  const auto fingerprint = [](int threads) {
    const Threads scope(threads);
    std::uint64_t result = 0;
    const auto include = [&](const Shape& shape, const Shape& parameter, auto function) {
      const Variable x = Variable::leaf(normal(shape, DType::float32));
      const Variable w = Variable::leaf(normal(parameter, DType::float32, 2));
      const Variable b = Variable::leaf(normal(parameter, DType::float32, 3));
      const Variable y = function(x, w, b);
      y.backward(normal(shape, DType::float32, 4));
      for (const Tensor& t : {y.value(), x.grad(), w.grad(), b.grad()}) result = hash(t, result);
    };
    const auto batch = [&](const Variable& x, const Variable& w, const Variable& b) {
      RunningStatistics running = fresh(w.dim(0), DType::float32);
      const Variable y = batch_norm(running, x, w, b, NormalizeBy::batch);
      result = hash(running.var, hash(running.mean, result));
      return y;
    };
    include({900, 130}, {130}, batch);
    include({37, 19, 23, 11}, {19}, batch);
    include({700, 70, 3}, {70}, batch);
    include({901, 130}, {130}, [](const Variable& x, const Variable& w, const Variable& b) {
      return layer_norm(x, {130}, w, b);
    });
    include({37, 20, 23, 11}, {20}, [](const Variable& x, const Variable& w, const Variable& b) {
      return group_norm(x, 5, w, b);
    });
    return result;
  };
  const std::uint64_t expected = fingerprint(1);
  for (const int threads : test::more_threads()) CHECK(fingerprint(threads) == expected);
}

TEST_CASE("layer_norm, group_norm: errors name the shapes") {
  const Tensor x = normal({2, 6, 4});
  CHECK(error_of([&] { layer_norm(x, {6}); }) ==
        "[layer_norm] expected an input that ends in [6], got [2, 6, 4]");
  CHECK(error_of([&] {
          layer_norm(normal({4}), {6, 4});
        }) == "[layer_norm] expected an input that ends in [6, 4], got [4]");
  CHECK(error_of([&] { layer_norm(x, Shape{}); }) == "[layer_norm] no axis is to be normalized");
  CHECK(error_of([&] { layer_norm(x, {4}, normal({6})); }) ==
        "[layer_norm] input [2, 6, 4] needs a weight [4], got [6]");
  CHECK(error_of([&] {
          layer_norm(x, {6, 4}, {}, normal({24}));
        }) == "[layer_norm] input [2, 6, 4] needs a bias [6, 4], got [24]");
  CHECK(error_of([&] { layer_norm(x, {4}, {}, {}, -1); }) ==
        "[layer_norm] eps must be in [0, inf), got -1");
  CHECK(error_of([&] {
          layer_norm(Tensor::zeros({2, 4}, DType::int64), {4});
        }) == "[layer_norm] expected float32 or float64, got int64");
  CHECK(error_of([&] { group_norm(x, 4); }) ==
        "[group_norm] the channels of [2, 6, 4] do not fall into 4 groups");
  CHECK(error_of([&] { group_norm(x, 0); }) ==
        "[group_norm] the channels of [2, 6, 4] do not fall into 0 groups");
  CHECK(error_of([&] { group_norm(x, 3, normal({3})); }) ==
        "[group_norm] input [2, 6, 4] needs a weight [6], got [3]");
  CHECK(error_of([&] { group_norm(normal({6}), 3); }) ==
        "[group_norm] expected input [n, c, ...], got [6]");
  CHECK(error_of([&] { group_norm(x, 3, {}, {}, std::numeric_limits<double>::infinity()); }) ==
        "[group_norm] eps must be in [0, inf), got inf");
}

TEST_CASE("rms_norm: rows get a mean square of 1, then the weight") {
  const Tensor x = Tensor::from({3.0, -4.0, 0.0, 0.0}, {2, 2});
  const Tensor y = rms_norm(x, {2}, Tensor::from({1.0, 10.0}), 0.5).value();
  const double root = std::sqrt(12.5 + 0.5);
  CHECK(y.at({0, 0}) == doctest::Approx(3 / root));
  CHECK(y.at({0, 1}) == doctest::Approx(-40 / root));
  CHECK(y.at({1, 0}) == 0);
}

TEST_CASE("rms_norm: gradients, with a weight or without") {
  for (const Shape& shape : {Shape{4}, Shape{3, 4}}) {
    gradcheck([&](const auto& in) { return rms_norm(in[0], shape, in[1]); },
              {normal({2, 3, 4}), normal(shape, DType::float64, 3)});
    gradcheck([&](const auto& in) { return rms_norm(in[0], shape); }, {normal({2, 3, 4})});
  }
}

TEST_CASE("rms_norm: elements of 1e30 and 1e-30 keep their digits in float32") {
  const Tensor x = Tensor::from({1.F, -2.F, 2.F}), g = Tensor::from({1.F, 0.F, 3.F});
  const auto run = [&](float factor) {
    const Variable leaf = Variable::leaf(x * factor);
    const Variable y = rms_norm(leaf, {3}, Variable(), 0);
    y.backward(g);
    return std::pair(y.value(), leaf.grad() * factor);
  };
  const auto [y, dx] = run(1);
  for (const float factor : {1e30F, 1e-30F}) {
    const auto [scaled, slopes] = run(factor);
    CHECK(deviation(scaled, y) <= 1e-6);
    CHECK(deviation(slopes, dx) <= 1e-6);
  }
}

TEST_CASE("rms_norm: no rows, rows of nothing") {
  const Variable weight = Variable::leaf(Tensor::ones({3}));
  const Variable none = rms_norm(Tensor::empty({0, 3}), {3}, weight);
  none.backward(Tensor::empty({0, 3}));
  CHECK(weight.grad().to_vector<float>() == std::vector<float>{0, 0, 0});
  CHECK(rms_norm(Tensor::empty({2, 0}), {0}).shape() == Shape{2, 0});
}

TEST_CASE("rms_norm: the same bits for any number of threads") {
  const Tensor x = normal({300, 130}, DType::float32), w = normal({130}, DType::float32);
  std::uint64_t first = 0;
  for (const int threads : test::thread_counts()) {
    const Threads scope(threads);
    const Variable a = Variable::leaf(x), b = Variable::leaf(w);
    const Variable y = rms_norm(a, {130}, b);
    y.backward(x);
    const std::uint64_t bits = hash(y.value(), hash(a.grad(), hash(b.grad(), 0)));
    if (first == 0) first = bits;
    CHECK(bits == first);
  }
}

TEST_CASE("rms_norm: errors name the shapes") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK(error_of([&] { rms_norm(x, {4}); }) ==
        "[rms_norm] expected an input that ends in [4], got [2, 3]");
  CHECK(error_of([&] { rms_norm(x, {}); }) == "[rms_norm] no axis is to be normalized");
  CHECK(error_of([&] { rms_norm(x, {3}, Tensor::ones({2})); }) ==
        "[rms_norm] input [2, 3] needs a weight [3], got [2]");
  CHECK(error_of([&] { rms_norm(x, {3}, Variable(), -1); }) ==
        "[rms_norm] eps must be in [0, inf), got -1");
}

TEST_CASE("norms: values whose squares overflow have an infinite variance, not none") {
  const Tensor x = Tensor::from({1.0, 2.0, 3.0, 1e160}, {4, 1});
  RunningStatistics running = fresh(1);
  const auto zeros = std::vector<double>(4);
  CHECK(batch_norm(running, x, {}, {}, NormalizeBy::batch).value().to_vector<double>() == zeros);
  CHECK(std::isinf(running.var.to_vector<double>()[0]));
  CHECK(layer_norm(x.reshape({1, 4}), {4}).value().to_vector<double>() == zeros);
  CHECK(group_norm(x.reshape({1, 1, 4}), 1).value().to_vector<double>() == zeros);
  CHECK(rms_norm(x.reshape({1, 4}), {4}).value().to_vector<double>() == zeros);
}
