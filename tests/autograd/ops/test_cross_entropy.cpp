#include <doctest/doctest.h>

#include <cmath>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/cross_entropy.hpp>
#include <plumb/autograd/ops/softmax.hpp>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/random.hpp>

#include "../../support/compare.hpp"
#include "../../support/random.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::deviation;
using plumb::test::normal;

namespace {

// Of logits {1, 2, 3}: -log softmax.
const double losses[] = {2.4076059644443806, 1.4076059644443806, 0.4076059644443806};

Tensor logits(std::int64_t n) {
  Tensor x = Tensor::empty({n, 3}, DType::float64);
  for (std::int64_t i = 0; i < 3 * n; ++i)
    x.mutable_data<double>()[i] = static_cast<double>(i % 3 + 1);
  return x;
}

Tensor classes(std::initializer_list<std::int64_t> values) { return Tensor::from(values); }

// [rows, 3, 4] in the order [rows, 4, 3]: the classes moved to the last axis.
Tensor classes_last(const Tensor& x) {
  Tensor y = Tensor::empty({x.dim(0), 4, 3}, x.dtype());
  double* to = y.mutable_data<double>();
  for (std::int64_t n = 0; n < x.dim(0); ++n)
    for (std::int64_t d = 0; d < 4; ++d)
      for (std::int64_t c = 0; c < 3; ++c) *to++ = x.at({n, c, d});
  return y;
}

void check_close(const Tensor& actual, const Tensor& expected) {
  REQUIRE(actual.numel() == expected.numel());
  for (std::int64_t i = 0; i < actual.numel(); ++i)
    CHECK(actual.data<double>()[i] == doctest::Approx(expected.data<double>()[i]).epsilon(1e-13));
}

}  // namespace

TEST_CASE("cross_entropy: mean, sum and none") {
  const Tensor x = logits(3);
  const Tensor t = classes({2, 0, 2});
  CrossEntropyOptions options;
  const Variable mean = cross_entropy(x, t);
  CHECK(mean.shape() == Shape{});
  CHECK(mean.item() == doctest::Approx((2 * losses[2] + losses[0]) / 3).epsilon(1e-14));
  options.reduction = Reduction::sum;
  CHECK(cross_entropy(x, t, options).item() ==
        doctest::Approx(2 * losses[2] + losses[0]).epsilon(1e-14));
  options.reduction = Reduction::none;
  const Tensor each = cross_entropy(x, t, options).value();
  CHECK(each.shape() == Shape{3});
  CHECK(each.at({1}) == doctest::Approx(losses[0]).epsilon(1e-14));
  CHECK(each.at({2}) == doctest::Approx(losses[2]).epsilon(1e-14));
}

TEST_CASE("cross_entropy: the gradient is softmax minus target over the batch") {
  const Variable x = Variable::leaf(logits(2));
  cross_entropy(x, classes({2, 0})).backward();
  const double p[] = {0.09003057317038046, 0.24472847105479767, 0.6652409557748219};
  for (int c = 0; c < 3; ++c) {
    CHECK(x.grad().at({0, c}) == doctest::Approx((p[c] - (c == 2)) / 2).epsilon(1e-14));
    CHECK(x.grad().at({1, c}) == doctest::Approx((p[c] - (c == 0)) / 2).epsilon(1e-14));
  }
}

TEST_CASE("cross_entropy: the weighted mean divides by the weights of the targets") {
  CrossEntropyOptions options;
  options.weight = Tensor::from({1.0, 2.0, 3.0});
  CHECK(cross_entropy(logits(2), classes({0, 2}), options).item() ==
        doctest::Approx((losses[0] + 3 * losses[2]) / 4).epsilon(1e-14));
  options.reduction = Reduction::sum;
  CHECK(cross_entropy(logits(2), classes({0, 2}), options).item() ==
        doctest::Approx(losses[0] + 3 * losses[2]).epsilon(1e-14));
}

TEST_CASE("cross_entropy: label smoothing spreads s over all classes") {
  CrossEntropyOptions options;
  options.label_smoothing = 0.3;
  const double all = losses[0] + losses[1] + losses[2];
  CHECK(cross_entropy(logits(1), classes({2}), options).item() ==
        doctest::Approx(0.7 * losses[2] + 0.1 * all).epsilon(1e-14));
  options.label_smoothing = 1;
  CHECK(cross_entropy(logits(1), classes({2}), options).item() ==
        doctest::Approx(all / 3).epsilon(1e-14));
}

TEST_CASE("cross_entropy: smoothing with weights divides both terms by the targets' weights") {
  CrossEntropyOptions options;
  options.label_smoothing = 0.3;
  options.weight = Tensor::from({1.0, 2.0, 3.0});
  options.ignore_index = 1;
  const double all = losses[0] + 2 * losses[1] + 3 * losses[2];
  const double expected = (0.7 * (losses[0] + 3 * losses[2]) + 0.1 * (2 * all)) / (1 + 3);
  CHECK(cross_entropy(logits(3), classes({0, 1, 2}), options).item() ==
        doctest::Approx(expected).epsilon(1e-14));
}

TEST_CASE("cross_entropy: ignored targets have no loss, no gradient and no part in the mean") {
  const Variable x = Variable::leaf(logits(3));
  const Tensor t = classes({2, -100, 0});
  const Variable loss = cross_entropy(x, t);
  CHECK(loss.item() == doctest::Approx((losses[2] + losses[0]) / 2).epsilon(1e-14));
  loss.backward();
  for (int c = 0; c < 3; ++c) CHECK(x.grad().at({1, c}) == 0);
  CHECK(x.grad().at({2, 0}) == doctest::Approx((0.09003057317038046 - 1) / 2).epsilon(1e-14));
  CrossEntropyOptions options;
  options.reduction = Reduction::none;
  CHECK(cross_entropy(x, t, options).value().at({1}) == 0);
}

TEST_CASE("cross_entropy: with all targets ignored the mean is NaN, the sum 0, the gradient 0") {
  const Variable x = Variable::leaf(logits(2));
  const Tensor t = classes({-100, -100});
  const Variable loss = cross_entropy(x, t);
  CHECK(std::isnan(loss.item()));
  loss.backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>(6, 0.0));
  CrossEntropyOptions options;
  options.reduction = Reduction::sum;
  CHECK(cross_entropy(x, t, options).item() == 0);
}

TEST_CASE("cross_entropy: uint8 targets, also an ignored 255") {
  CrossEntropyOptions options;
  options.ignore_index = 255;
  const Tensor t = Tensor::from<std::uint8_t>({2, 255, 0});
  CHECK(cross_entropy(logits(3), t, options).item() ==
        doctest::Approx((losses[2] + losses[0]) / 2).epsilon(1e-14));
}

TEST_CASE("cross_entropy: classes on the second of several axes") {
  const Tensor x = normal({2, 3, 4});
  const Tensor t = Tensor::from<std::int64_t>({0, 1, 2, 0, -100, 2, 1, 1}, {2, 4});
  CrossEntropyOptions options;
  options.label_smoothing = 0.2;
  options.weight = Tensor::from({0.5, 2.0, 1.5});
  for (const Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    options.reduction = reduction;
    const Variable wide = Variable::leaf(x), flat = Variable::leaf(classes_last(x).reshape({8, 3}));
    const Variable a = cross_entropy(wide, t, options);
    const Variable b = cross_entropy(flat, t.reshape({8}), options);
    CHECK(a.shape() == (reduction == Reduction::none ? Shape{2, 4} : Shape{}));
    check_close(a.value(), b.value());
    a.backward(Tensor::full(a.shape(), 0.5, DType::float64));
    b.backward(Tensor::full(b.shape(), 0.5, DType::float64));
    check_close(classes_last(wide.grad()), flat.grad());
  }
}

TEST_CASE("cross_entropy: rows of any length and stride agree with the definition") {
  for (const std::int64_t size : {2, 10, 33, 100})
    for (const std::int64_t inner : {1, 3, 20}) {
      const Shape shape = inner == 1 ? Shape{21, size} : Shape{21, size, inner};
      const Shape rows = inner == 1 ? Shape{21} : Shape{21, inner};
      Tensor x = normal(shape), t = Tensor::empty(rows, DType::int64);
      for (std::int64_t row = 0; row < t.numel(); ++row)
        t.mutable_data<std::int64_t>()[row] = row % 5 == 4 ? -100 : row * 7 % size;
      for (const double smoothing : {0.0, 0.2}) {
        CrossEntropyOptions options;
        options.label_smoothing = smoothing;
        options.weight = Tensor::full({size}, 0.7, DType::float64);
        options.weight.mutable_data<double>()[1] = 1.9;
        options.reduction = Reduction::none;
        const Variable leaf = Variable::leaf(x);
        const Variable loss = cross_entropy(leaf, t, options);
        loss.backward(Tensor::ones(rows, DType::float64));
        Tensor y = Tensor::zeros(rows, DType::float64), dx = Tensor::zeros(shape, DType::float64);
        for (std::int64_t row = 0; row < t.numel(); ++row) {
          const std::int64_t target = t.data<std::int64_t>()[row];
          if (target == -100) continue;
          const auto at = [&](std::int64_t c) {
            return (row / inner * size + c) * inner + row % inner;
          };
          double sum = 0;
          for (std::int64_t c = 0; c < size; ++c) sum += std::exp(x.data<double>()[at(c)]);
          for (std::int64_t c = 0; c < size; ++c) {
            const double share =
                smoothing / static_cast<double>(size) + (c == target ? 1 - smoothing : 0.0);
            const double cost = options.weight.data<double>()[c] * share;
            y.mutable_data<double>()[row] += cost * (std::log(sum) - x.data<double>()[at(c)]);
            for (std::int64_t k = 0; k < size; ++k)
              dx.mutable_data<double>()[at(k)] +=
                  cost * (std::exp(x.data<double>()[at(k)]) / sum - (k == c ? 1 : 0));
          }
        }
        CHECK(deviation(loss.value(), y) <= 1e-14);
        CHECK(deviation(leaf.grad(), dx) <= 1e-14);
      }
    }
}

TEST_CASE("cross_entropy: an ignored row of NaN has no loss and a gradient of 0") {
  for (const std::int64_t size : {3, 50}) {
    Tensor x = normal({2, size});
    for (std::int64_t c = 0; c < size; ++c) x.mutable_data<double>()[size + c] = std::nan("");
    const Variable leaf = Variable::leaf(x);
    const Variable loss = cross_entropy(leaf, classes({1, -100}));
    CHECK(std::isfinite(loss.item()));
    loss.backward();
    for (std::int64_t c = 0; c < size; ++c) CHECK(leaf.grad().at({1, c}) == 0);
  }
}

TEST_CASE("cross_entropy: gradients under all options") {
  const Tensor t = classes({2, -100, 0, 1});
  for (const Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none})
    for (const double smoothing : {0.0, 0.1, 1.0})
      for (const bool weighted : {false, true}) {
        CrossEntropyOptions options;
        options.reduction = reduction;
        options.label_smoothing = smoothing;
        if (weighted) options.weight = Tensor::from({0.5, 2.0, 1.5});
        gradcheck([&](const auto& in) { return cross_entropy(in[0], t, options); },
                  {normal({4, 3})});
      }
}

TEST_CASE("cross_entropy: gradients add up where logits are used twice") {
  CrossEntropyOptions options;
  options.label_smoothing = 0.1;
  for (const auto& chosen : {CrossEntropyOptions{}, options}) {
    const Tensor t = classes({1, -100});
    const Variable once = Variable::leaf(normal({2, 3})), twice = Variable::leaf(normal({2, 3}));
    cross_entropy(once, t, chosen).backward();
    for (int i = 0; i < 2; ++i) cross_entropy(twice, t, chosen).backward();
    const Tensor of_one = once.grad(), of_two = twice.grad();
    for (int i = 0; i < 6; ++i)
      CHECK(of_two.data<double>()[i] ==
            doctest::Approx(2 * of_one.data<double>()[i]).epsilon(1e-14));
  }
}

TEST_CASE("cross_entropy: logits of +-1000 neither overflow nor lose digits") {
  const Variable x =
      Variable::leaf(Tensor::from({1000.f, -1000.f, 1000.f, 1000.f, 20.f, 0.f}, {3, 2}));
  CrossEntropyOptions options;
  options.reduction = Reduction::none;
  const Tensor wrong = cross_entropy(x, classes({1, 0, 1}), options).value();
  CHECK(wrong.at({0}) == 2000);
  CHECK(wrong.at({1}) == doctest::Approx(0.6931471805599453).epsilon(1e-7));
  const Variable right = cross_entropy(x, classes({0, 0, 0}), options);
  CHECK(right.value().at({0}) == 0);
  CHECK(right.value().at({2}) == doctest::Approx(2.0611536181902037e-9).epsilon(1e-6));
  right.backward(Tensor::ones({3}));
  CHECK(x.grad().to_vector<float>()[0] == 0);
  CHECK(x.grad().to_vector<float>()[2] == -0.5f);
}

TEST_CASE("cross_entropy: the sum over a batch keeps its digits") {
  // log 2 a million times: one float32 chain would be off in the fourth digit.
  const std::int64_t n = std::int64_t{1} << 20;
  CrossEntropyOptions options;
  options.reduction = Reduction::sum;
  const double sum =
      cross_entropy(Tensor::zeros({n, 2}), Tensor::zeros({n}, DType::int64), options).item();
  CHECK(sum == doctest::Approx(n * 0.6931471805599453).epsilon(1e-7));
}

TEST_CASE("cross_entropy: the same bits for any number of threads") {
  const std::int64_t n = 5000;
  const Tensor x = normal({n, 7}, DType::float32);
  Tensor t = Tensor::empty({n}, DType::int64);
  Generator generator(3);
  for (std::int64_t i = 0; i < n; ++i) t.mutable_data<std::int64_t>()[i] = generator.below(7);
  std::vector<float> first;
  for (const int threads : test::thread_counts()) {
    const test::Threads scope(threads);
    const Variable leaf = Variable::leaf(x);
    const Variable loss = cross_entropy(leaf, t);
    loss.backward();
    std::vector<float> all = leaf.grad().to_vector<float>();
    all.push_back(loss.item<float>());
    if (first.empty()) first = all;
    CHECK(all == first);
  }
}

TEST_CASE("cross_entropy: an empty batch") {
  const Variable x = Variable::leaf(Tensor::empty({0, 3}));
  const Tensor t = Tensor::empty({0}, DType::int64);
  CrossEntropyOptions options;
  const Variable loss = cross_entropy(x, t, options);
  CHECK(std::isnan(loss.item()));
  loss.backward();
  CHECK(x.grad().shape() == Shape{0, 3});
  options.reduction = Reduction::sum;
  CHECK(cross_entropy(x, t, options).item() == 0);
  options.reduction = Reduction::none;
  CHECK(cross_entropy(x, t, options).shape() == Shape{0});
}

TEST_CASE("cross_entropy: targets that are no class are refused with their place") {
  CHECK_THROWS_WITH_AS(cross_entropy(logits(3), classes({0, 1, 3})),
                       "[cross_entropy] the target at [2] is 3, expected a class in [0, 3)", Error);
  CHECK_THROWS_WITH_AS(cross_entropy(logits(3), classes({0, -1, 5})),
                       "[cross_entropy] the target at [1] is -1, expected a class in [0, 3)",
                       Error);
  CHECK_THROWS_WITH_AS(
      cross_entropy(Tensor::zeros({2, 3, 2}), Tensor::from<std::int64_t>({0, 1, 7, 2}, {2, 2})),
      "[cross_entropy] the target at [1, 0] is 7, expected a class in [0, 3)", Error);
  CHECK_THROWS_WITH_AS(nll(logits(1), Tensor::from<std::uint8_t>({255})),
                       "[nll] the target at [0] is 255, expected a class in [0, 3)", Error);
}

TEST_CASE("cross_entropy: shapes, dtypes and options are checked") {
  const Tensor x = logits(2);
  const Tensor t = classes({0, 1});
  CHECK_THROWS_WITH_AS(cross_entropy(x, classes({0, 1, 2})),
                       "[cross_entropy] scores [2, 3] need targets [2], got [3]", Error);
  CHECK_THROWS_WITH_AS(cross_entropy(Tensor::zeros({3}), classes({0})),
                       "[cross_entropy] the scores must be [n, classes] or [n, classes, d...], "
                       "got [3]",
                       Error);
  CHECK_THROWS_WITH_AS(cross_entropy(x, x),
                       "[cross_entropy] the targets must be int64 or uint8, got float64", Error);
  CHECK_THROWS_WITH_AS(cross_entropy(x.to(DType::int64), t),
                       "[cross_entropy] expected float32 or float64, got int64", Error);
  CrossEntropyOptions options;
  options.label_smoothing = 1.5;
  CHECK_THROWS_WITH_AS(cross_entropy(x, t, options),
                       "[cross_entropy] label_smoothing must be in [0, 1], got 1.5", Error);
  options.label_smoothing = std::nan("");
  CHECK_THROWS_WITH_AS(cross_entropy(x, t, options),
                       "[cross_entropy] label_smoothing must be in [0, 1], got nan", Error);
  options.label_smoothing = 0;
  options.weight = Tensor::ones({2});
  CHECK_THROWS_WITH_AS(cross_entropy(x, t, options),
                       "[cross_entropy] the weight must be [3] of float64, got [2] of float32",
                       Error);
  options.weight = Tensor();
  options.reduction = Reduction::batchmean;
  CHECK_THROWS_WITH_AS(
      cross_entropy(x, t, options),
      "[cross_entropy] the reduction must be mean, sum or none; batchmean is for kl_div", Error);
}

TEST_CASE("cross_entropy: backward notices logits, targets or weights changed in place") {
  const auto changed = [](int which) {
    Tensor x = logits(2), t = classes({0, 1});
    CrossEntropyOptions options;
    options.weight = Tensor::ones({3}, DType::float64);
    const Variable loss = cross_entropy(Variable::leaf(x), t, options);
    (which == 0 ? x : which == 1 ? t : options.weight).fill(1);
    loss.backward();
  };
  for (int which = 0; which < 3; ++which)
    CHECK_THROWS_WITH_AS(changed(which),
                         doctest::Contains("[backward of cross_entropy] a value saved for backward "
                                           "was changed in place"),
                         Error);
}

TEST_CASE("nll: of log_softmax it is cross_entropy") {
  const Tensor x = normal({5, 3});
  const Tensor t = classes({2, 0, -100, 1, 1});
  for (const bool weighted : {false, true})
    for (const Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
      CrossEntropyOptions options;
      NllOptions nll_options;
      if (weighted) nll_options.weight = options.weight = Tensor::from({0.5, 2.0, 1.5});
      nll_options.reduction = options.reduction = reduction;
      const Variable a = Variable::leaf(x), b = Variable::leaf(x);
      const Variable fused = cross_entropy(a, t, options);
      const Variable parts = nll(log_softmax(b, 1), t, nll_options);
      const Tensor seed = Tensor::full(fused.shape(), 2, DType::float64);
      fused.backward(seed);
      parts.backward(seed);
      check_close(parts.value(), fused.value());
      check_close(b.grad(), a.grad());
    }
}

TEST_CASE("nll: gradients, also added to what is there") {
  const Tensor t = classes({2, -100, 0});
  NllOptions options;
  options.weight = Tensor::from({0.5, 2.0, 1.5});
  gradcheck([&](const auto& in) { return nll(in[0], t, options); }, {normal({3, 3})});
  const Variable x = Variable::leaf(normal({3, 3}));
  for (int i = 0; i < 2; ++i) nll(x, t, options).backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{0, 0, -1.5, 0, 0, 0, -0.5, 0, 0});
}

TEST_CASE("nll: with all targets ignored the mean is NaN and the gradient 0") {
  const Variable x = Variable::leaf(logits(1));
  const Variable loss = nll(x, classes({-100}));
  CHECK(std::isnan(loss.item()));
  loss.backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>(3, 0.0));
}

TEST_CASE("token_cross_entropy: the bits of cross_entropy of the rows, for any leading axes") {
  const Tensor x = normal({2, 3, 5}, DType::float32),
               t = Tensor::from<std::int64_t>({0, 4, 2, 2, -100, 1}, {2, 3});
  for (const Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    CrossEntropyOptions options;
    options.reduction = reduction;
    options.label_smoothing = 0.1;
    const Variable a = Variable::leaf(x), b = Variable::leaf(x.reshape({6, 5}));
    const Variable tokens = token_cross_entropy(a, t, options);
    const Variable rows = cross_entropy(b, t.reshape({6}), options);
    CHECK(tokens.shape() == (reduction == Reduction::none ? Shape{2, 3} : Shape{}));
    CHECK(tokens.value().to_vector<float>() == rows.value().to_vector<float>());
    tokens.backward(Tensor::ones(tokens.shape()));
    rows.backward(Tensor::ones(rows.shape()));
    CHECK(a.grad().shape() == x.shape());
    CHECK(a.grad().to_vector<float>() == b.grad().to_vector<float>());
  }
}

TEST_CASE("token_cross_entropy: one class, no tokens, one row of logits") {
  const Variable one = Variable::leaf(normal({2, 3, 1}));
  const Variable loss = token_cross_entropy(one, Tensor::zeros({2, 3}, DType::int64));
  CHECK(loss.item() == 0);
  loss.backward();
  for (const double slope : one.grad().to_vector<double>()) CHECK(slope == 0);
  CrossEntropyOptions options;
  options.reduction = Reduction::none;
  CHECK(token_cross_entropy(Tensor::zeros({0, 4, 3}), Tensor::zeros({0, 4}, DType::int64), options)
            .shape() == Shape{0, 4});
  CHECK(token_cross_entropy(logits(1).reshape({3}), classes({1}).reshape({})).item() ==
        doctest::Approx(losses[1]));
}

TEST_CASE("token_cross_entropy: errors have its name, and the position of a bad target") {
  const Tensor x = Tensor::zeros({2, 3, 5});
  CHECK_THROWS_WITH_AS(token_cross_entropy(x, Tensor::zeros({2, 5}, DType::int64)),
                       "[token_cross_entropy] scores [2, 3, 5] need targets [2, 3], got [2, 5]",
                       Error);
  CHECK_THROWS_WITH_AS(
      token_cross_entropy(x, Tensor::from<std::int64_t>({0, 1, 2, 3, 5, 4}, {2, 3})),
      "[token_cross_entropy] the target at [1, 1] is 5, expected a class in [0, 5)", Error);
  CHECK_THROWS_WITH_AS(token_cross_entropy(Tensor::zeros({}), Tensor::zeros({}, DType::int64)),
                       "[token_cross_entropy] the scores must be [..., classes], got []", Error);
}
