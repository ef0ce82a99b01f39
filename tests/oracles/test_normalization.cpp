// Normalizations and softmax against their formulas as xtensor expressions.
#include <doctest/doctest.h>

#include <plumb/autograd/ops/batch_norm.hpp>
#include <plumb/autograd/ops/cross_entropy.hpp>
#include <plumb/autograd/ops/normalization.hpp>
#include <plumb/autograd/ops/softmax.hpp>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/tensor/operators.hpp>

#include "arrays.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

constexpr double eps = 1e-3;

// What is normalized together, as the axes {axes} of a Fixed<4> of any shape; w multiplies x^.
struct Normalized {
  Fixed<4> hat, dx;

  template <class AxisList>
  Normalized(const Fixed<4>& x, const Fixed<4>& g, const Fixed<4>& w, const AxisList& axes) {
    const auto mean_of = [&](const Fixed<4>& v) {
      return Fixed<4>(xt::mean(v, axes, xt::keep_dims));
    };
    const Fixed<4> away = x - mean_of(x);
    const Fixed<4> inverse = 1. / xt::sqrt(mean_of(away * away) + eps);
    hat = away * inverse;
    const Fixed<4> h = g * w;
    dx = inverse * (h - mean_of(h) - hat * mean_of(h * hat));
  }
};

Variable maybe(Draw& draw, const Shape& shape, DType dtype, double low) {
  return draw.chance(60) ? Variable::leaf(draw.values(shape, dtype, low, 2)) : Variable();
}

// A weight or bias along one axis of four, or a number.
Fixed<4> along(const Variable& p, std::size_t axis, double otherwise) {
  std::array<std::size_t, 4> shape = {1, 1, 1, 1};
  if (!p.defined()) return Fixed<4>(xt::ones<double>(shape) * otherwise);
  shape[axis] = static_cast<std::size_t>(p.numel());
  Fixed<4> values(shape);
  std::copy_n(wide<1>(p.value().reshape({p.numel()})).data(), values.size(), values.data());
  return values;
}

void check_sums(const Variable& p, const Array& sums, DType dtype) {
  if (p.defined()) CHECK(distance(p.grad().reshape({p.numel()}), sums, 10) < tolerance(dtype));
}

}  // namespace

TEST_CASE_FIXTURE(FreshMemory, "oracle: batch norm by the batch and by running statistics") {
  Draw draw(50);
  for (int i = repetitions(100, 3000); i > 0; --i) {
    const DType dtype = draw.floating();
    const Shape shape{draw.size(40) + 1, draw.size(40), draw.size(12), draw.size(12)};
    const bool flat = draw.chance(30);  // [n, c], where vectors go across channels
    const Shape four = flat ? Shape{shape[0], shape[1], 1, 1} : shape;
    const bool by_batch = draw.chance(70);
    const std::string what =
        errors::text(four, by_batch ? " by batch" : " by running", " in ", dtype);
    CAPTURE(what);
    const Variable x =
        Variable::leaf(draw.values(flat ? Shape{shape[0], shape[1]} : shape, dtype, -1, 3));
    const Variable weight = maybe(draw, {shape[1]}, dtype, -1),
                   bias = maybe(draw, {shape[1]}, dtype, -1);
    RunningStatistics running{draw.values({shape[1]}, dtype),
                              draw.values({shape[1]}, dtype, 0.5, 2)};
    const Fixed<1> mean = wide<1>(running.mean), var = wide<1>(running.var);
    const Variable leaf_mean(running.mean), leaf_var(running.var);
    const Fixed<4> means = along(leaf_mean, 1, 0), vars = along(leaf_var, 1, 0);
    const Variable y = batch_norm(running, x, weight, bias,
                                  by_batch ? NormalizeBy::batch : NormalizeBy::running, 0.25, eps);
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);
    const Fixed<4> xs = wide<4>(x.value().reshape(four)), gs = wide<4>(g.reshape(four)),
                   w = along(weight, 1, 1);
    const std::array<std::size_t, 3> axes = {0, 2, 3};
    Normalized n(xs, gs, w, axes);
    if (!by_batch) {
      n.hat = (xs - means) / xt::sqrt(vars + eps);
      n.dx = gs * w / xt::sqrt(vars + eps);
    } else {
      const double count = static_cast<double>(four.numel() / four[1]);
      const Fixed<1> own = xt::mean(xs, axes),
                     spread = xt::variance(xs, axes) * count / (count - 1);
      CHECK(distance(running.mean, 0.75 * mean + 0.25 * own) < tolerance(dtype));
      CHECK(distance(running.var, 0.75 * var + 0.25 * spread) < tolerance(dtype));
    }
    CHECK(distance(y.value().reshape(four), w * n.hat + along(bias, 1, 0)) < tolerance(dtype));
    // Cancellation leaves of dx what is small beside g / s.
    CHECK(distance(x.grad().reshape(four), n.dx, 1) < 20 * tolerance(dtype));
    check_sums(weight, xt::sum(gs * n.hat, axes), dtype);
    check_sums(bias, xt::sum(gs, axes), dtype);
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: layer norm") {
  Draw draw(51);
  for (int i = repetitions(100, 3000); i > 0; --i) {
    const DType dtype = draw.floating();
    const std::int64_t rows = draw.size(60), size = 1 + draw.size(300);
    const std::string what = errors::text("[", rows, ", ", size, "] in ", dtype);
    CAPTURE(what);
    const Variable x = Variable::leaf(draw.values({rows, size}, dtype, -1, 3));
    const Variable weight = maybe(draw, {size}, dtype, -1), bias = maybe(draw, {size}, dtype, -1);
    const Variable y = layer_norm(x, {size}, weight, bias, eps);
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);
    const Shape four{rows, 1, 1, size};
    const Fixed<4> xs = wide<4>(x.value().reshape(four)), gs = wide<4>(g.reshape(four)),
                   w = along(weight, 3, 1);
    const std::array<std::size_t, 1> row = {3};
    const std::array<std::size_t, 3> others = {0, 1, 2};
    const Normalized n(xs, gs, w, row);
    CHECK(distance(y.value().reshape(four), w * n.hat + along(bias, 3, 0)) < tolerance(dtype));
    CHECK(distance(x.grad().reshape(four), n.dx, 1) < 20 * tolerance(dtype));
    check_sums(weight, xt::sum(gs * n.hat, others), dtype);
    check_sums(bias, xt::sum(gs, others), dtype);
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: group norm") {
  Draw draw(52);
  for (int i = repetitions(100, 3000); i > 0; --i) {
    const DType dtype = draw.floating();
    const std::int64_t images = draw.between(1, 5), groups = draw.between(1, 6),
                       each = draw.size(17), length = 1 + draw.size(70), channels = groups * each;
    const std::string what =
        errors::text(images, " x ", groups, " x ", each, " x ", length, " in ", dtype);
    CAPTURE(what);
    const Variable x = Variable::leaf(draw.values({images, channels, length}, dtype, -1, 3));
    const Variable weight = maybe(draw, {channels}, dtype, -1),
                   bias = maybe(draw, {channels}, dtype, -1);
    const Variable y = group_norm(x, groups, weight, bias, eps);
    const Tensor g = draw.values(y.shape(), dtype);
    y.backward(g);
    const Shape four{images, groups, each, length};
    const auto by_group = [&](const Variable& p, double otherwise) {
      Fixed<4> values = along(p, 1, otherwise);
      if (p.defined())
        values.reshape(std::array<std::size_t, 4>{1, static_cast<std::size_t>(groups),
                                                  static_cast<std::size_t>(each), 1});
      return values;
    };
    const Fixed<4> xs = wide<4>(x.value().reshape(four)), gs = wide<4>(g.reshape(four)),
                   w = by_group(weight, 1);
    const std::array<std::size_t, 2> group = {2, 3}, others = {0, 3};
    const Normalized n(xs, gs, w, group);
    CHECK(distance(y.value().reshape(four), w * n.hat + by_group(bias, 0)) < tolerance(dtype));
    CHECK(distance(x.grad().reshape(four), n.dx, 1) < 20 * tolerance(dtype));
    check_sums(weight, xt::flatten(Array(xt::sum(gs * n.hat, others))), dtype);
    check_sums(bias, xt::flatten(Array(xt::sum(gs, others))), dtype);
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: softmax, its logarithm and their gradients") {
  Draw draw(53);
  for (int i = repetitions(150, 4000); i > 0; --i) {
    const DType dtype = draw.floating();
    const int axis = static_cast<int>(draw.between(0, 2));
    const Variable x = Variable::leaf(draw.values(draw.shape(3, 4000), dtype, -5, 5));
    const std::string what = errors::text(x.shape(), " along ", axis, " in ", dtype);
    CAPTURE(what);
    const Fixed<3> e = xt::exp(wide<3>(x.value()));
    const std::array<std::size_t, 1> along = {static_cast<std::size_t>(axis)};
    const Fixed<3> total = xt::sum(e, along, xt::keep_dims), p = e / total;
    const Tensor g = draw.values(x.shape(), dtype);
    const Fixed<3> gs = wide<3>(g);
    {
      const Variable y = softmax(x, axis);
      y.backward(g);
      CHECK(distance(y.value(), p) < tolerance(dtype));
      const Fixed<3> mixed = xt::sum(gs * p, along, xt::keep_dims);
      CHECK(distance(x.grad(), p * (gs - mixed), 1) < tolerance(dtype));
    }
    Variable again = Variable::leaf(x.value());
    const Variable y = log_softmax(again, axis);
    y.backward(g);
    // Of a lane of one element the logarithm is 0: 1 less, so that there is something to compare with.
    CHECK(distance(y.value().to(DType::float64) - 1, wide<3>(x.value()) - xt::log(total) - 1.) <
          tolerance(dtype));
    const Fixed<3> sums = xt::sum(gs, along, xt::keep_dims);
    CHECK(distance(again.grad(), gs - p * sums, 1) < tolerance(dtype));
  }
}

TEST_CASE_FIXTURE(
    FreshMemory,
    "oracle: cross entropy and likelihood with weights, smoothing and targets left out") {
  Draw draw(54);
  for (int i = repetitions(150, 4000); i > 0; --i) {
    const DType dtype = draw.floating();
    const std::int64_t n = draw.size(40), classes = 1 + draw.size(70),
                       d = draw.chance(60) ? 1 : draw.size(9);
    const double smoothing = draw.chance(50) ? 0 : 0.25;
    const Reduction reduction =
        draw.of<Reduction>({Reduction::mean, Reduction::sum, Reduction::none});
    const Tensor weight = draw.chance(50) ? draw.values({classes}, dtype, 0.5, 2) : Tensor();
    const std::string what = errors::text(n, " x ", classes, " x ", d, " smoothing ", smoothing);
    CAPTURE(what);
    const Variable x = Variable::leaf(draw.values({n, classes, d}, dtype, -3, 3));
    Tensor targets = Tensor::empty({n, d}, DType::int64);
    Fixed<3> chosen = xt::zeros<double>(wide<3>(x.value()).shape());
    for (std::int64_t a = 0; a < n; ++a)
      for (std::int64_t b = 0; b < d; ++b) {
        // The first counts always: a mean of none is NaN.
        const bool counts = a + b == 0 || draw.chance(80);
        const std::int64_t target = counts ? draw.between(0, classes - 1) : -100;
        targets.mutable_data<std::int64_t>()[a * d + b] = target;
        if (counts) chosen(a, target, b) = 1;
      }
    const std::array<std::size_t, 1> over_classes = {1};
    Fixed<3> w =
        xt::ones<double>({std::size_t{1}, static_cast<std::size_t>(classes), std::size_t{1}});
    if (weight.defined()) w = wide<3>(weight.reshape({1, classes, 1}));
    const Fixed<3> counted = xt::sum(chosen, over_classes, xt::keep_dims);
    const Fixed<3> e = xt::exp(wide<3>(x.value()));
    const Fixed<3> total = xt::sum(e, over_classes, xt::keep_dims), p = e / total;
    // The weights that the probabilities of a target have: their product with -log p is the loss.
    const auto check = [&](const Variable& y, const Variable& leaf, const Fixed<3>& shares,
                           const Fixed<3>& logs, bool normalized) {
      const Tensor g = draw.values(y.shape(), dtype);
      y.backward(g);
      const Fixed<3> losses = xt::sum(-shares * logs, over_classes, xt::keep_dims);
      const Fixed<3> given = w * chosen;
      const double divisor = reduction == Reduction::mean ? xt::sum(given)() : 1;
      const Fixed<3> seed = reduction == Reduction::none ? wide<3>(g.reshape({n, 1, d}))
                                                         : Fixed<3>(counted * (g.item() / divisor));
      if (reduction == Reduction::none)
        CHECK(distance(y.value().reshape({n, 1, d}), losses) < tolerance(dtype));
      else
        CHECK(y.value().item() ==
              doctest::Approx(xt::sum(losses)() / divisor).epsilon(tolerance(dtype)));
      const Fixed<3> whole = xt::sum(shares, over_classes, xt::keep_dims);
      const Fixed<3> slope = normalized ? Fixed<3>(p * whole - shares) : Fixed<3>(-shares);
      CHECK(distance(leaf.grad(), seed * slope, 1 / divisor) < tolerance(dtype));
    };
    const Fixed<3> logs = wide<3>(x.value()) - xt::log(total);
    const Fixed<3> shares =
        (1 - smoothing) * w * chosen + smoothing / static_cast<double>(classes) * w * counted;
    CrossEntropyOptions options;
    options.label_smoothing = smoothing;
    options.weight = weight;
    options.reduction = reduction;
    check(cross_entropy(x, targets, options), x, shares, logs, true);
    const Variable likelihoods = Variable::leaf(x.value());
    NllOptions plain;
    plain.weight = weight;
    plain.reduction = reduction;
    check(nll(likelihoods, targets, plain), likelihoods, w * chosen, wide<3>(x.value()), false);
  }
}
