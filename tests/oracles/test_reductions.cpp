// Reductions over any axes, and the extremes, against xtensor's reducers.
#include <doctest/doctest.h>

#include <cmath>
#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/ops/indexing.hpp>
#include <plumb/autograd/ops/reduction.hpp>
#include <plumb/autograd/ops/scan.hpp>
#include <plumb/autograd/ops/sort.hpp>
#include <plumb/core/kernels/extreme.hpp>
#include <plumb/core/kernels/reduce.hpp>
#include <plumb/core/runtime/error.hpp>
#include <xtensor/xmanipulation.hpp>
#include <xtensor/xnorm.hpp>

#include "arrays.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

// A tensor, some of its axes, and what it takes to compare a reduction over them.
struct ReductionCase {
  Tensor x;
  Axes axes;
  DType dtype;
  Shape kept;                      // with 1 for the reduced axes
  std::vector<std::size_t> named;  // for xtensor
  double count = 1;                // elements of one result

  ReductionCase(Draw& draw, double low, double high) : dtype(draw.floating()) {
    const int rank = static_cast<int>(draw.between(1, 5));
    x = draw.values(draw.shape(rank, draw.of<std::int64_t>({30, 2000, 40000})), dtype, low, high);
    for (int axis = 0; axis < rank; ++axis)
      if (draw.chance(50)) axes.push_back(draw.chance(50) ? axis : axis - rank);
    const Axes all = normalize_axes("test", axes, rank);
    for (int axis = 0; axis < rank; ++axis) {
      bool reduced = axes.size() == 0;
      for (const int each : all) reduced = reduced || each == axis;
      kept.push_back(reduced ? 1 : x.shape()[axis]);
      if (!reduced) continue;
      named.push_back(static_cast<std::size_t>(axis));
      count *= static_cast<double>(x.shape()[axis]);
    }
  }
  std::string text() const {
    return plumb::errors::text(x.shape(), " over ", axes, " in ", x.dtype());
  }
  // An expression of the results, spread over x again.
  Array spread(const Array& results) const {
    Array with_ones = results;
    with_ones.reshape(std::vector<std::size_t>(kept.begin(), kept.end()));
    return xt::broadcast(with_ones, std::vector<std::size_t>(x.shape().begin(), x.shape().end()));
  }
};

// f(x) and its gradient by autograd against `y` and g times `slope`, an expression of x's shape.
template <class F>
void check(Draw& draw, const ReductionCase& r, F f, const Array& y, const Array& slope) {
  const Variable x = Variable::leaf(r.x);
  const KeepDims keep = draw.chance(50) ? KeepDims::yes : KeepDims::no;
  const Variable result = f(x, r.axes, keep);
  CHECK(result.shape() == reduced_shape("test", r.x.shape(), r.axes, keep));
  const Tensor g = draw.values(result.shape(), r.dtype);
  result.backward(g);
  Array expected = y;
  expected.reshape(std::vector<std::size_t>(r.kept.begin(), r.kept.end()));
  CHECK(distance(result.value().reshape(r.kept), expected) < tolerance(r.dtype));
  CHECK(distance(x.grad(), r.spread(wide(g.reshape(r.kept))) * slope) < tolerance(r.dtype));
}

// Of elements that all are their mean: 0.
Array deviation_slope(const Array& away, const Array& deviations, double divisor) {
  return xt::where(deviations > 0., away / (divisor * deviations), 0.);
}

}  // namespace

TEST_CASE_FIXTURE(FreshMemory, "oracle: sums, means, variances and logarithms of sums") {
  Draw draw(20);
  for (int i = repetitions(150, 4000); i > 0; --i) {
    const ReductionCase r(draw, -1, 2);
    CAPTURE(r.text());
    const Array x = wide(r.x), ones = xt::ones_like(x);
    check(
        draw, r, [](const auto& x, const Axes& a, KeepDims k) { return sum(x, a, k); },
        xt::sum(x, r.named), ones);
    check(
        draw, r, [](const auto& x, const Axes& a, KeepDims k) { return mean(x, a, k); },
        xt::mean(x, r.named), ones / r.count);
    const Array means = xt::mean(x, r.named), away = x - r.spread(means);
    for (const double correction : {0., 1.}) {
      if (r.count <= correction) continue;
      check(
          draw, r,
          [&](const auto& x, const Axes& a, KeepDims k) {
            return var(x, a, k, static_cast<std::int64_t>(correction));
          },
          xt::sum(away * away, r.named) / (r.count - correction),
          2. * away / (r.count - correction));
      if (r.count < 8) continue;  // of few that are nearly equal the mean's rounding is seen
      const Array deviations = xt::sqrt(xt::sum(away * away, r.named) / (r.count - correction));
      check(
          draw, r,
          [&](const auto& x, const Axes& a, KeepDims k) {
            return stddev(x, a, k, static_cast<std::int64_t>(correction));
          },
          deviations, deviation_slope(away, r.spread(deviations), r.count - correction));
    }
    const Array logs = xt::log(xt::sum(xt::exp(x), r.named));
    check(
        draw, r, [](const auto& x, const Axes& a, KeepDims k) { return logsumexp(x, a, k); }, logs,
        xt::exp(x - r.spread(logs)));
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: norms") {
  Draw draw(24);
  for (int i = repetitions(80, 2000); i > 0; --i) {
    const ReductionCase r(draw, -2, 2);
    CAPTURE(r.text());
    const Array x = wide(r.x), size = xt::abs(x);
    const double p = draw.of<double>({1, 1.5, 2, 3, 8, HUGE_VAL});
    CAPTURE(p);
    const Array most = xt::amax(size, r.named);
    const Array y =
        std::isinf(p) ? most : Array(xt::pow(xt::sum(xt::pow(size, p), r.named), 1 / p));
    const Array equal = xt::cast<double>(xt::equal(size, r.spread(most)));
    const Array slope = std::isinf(p)
                            ? Array(xt::sign(x) * equal / r.spread(xt::sum(equal, r.named)))
                            : Array(xt::sign(x) * xt::pow(size / r.spread(y), p - 1));
    check(
        draw, r, [p](const auto& x, const Axes& a, KeepDims k) { return norm(x, a, k, p); }, y,
        slope);
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: running sums, and elements in order") {
  Draw draw(25);
  for (int i = repetitions(80, 2000); i > 0; --i) {
    const DType dtype = draw.floating();
    const int rank = static_cast<int>(draw.between(1, 4));
    const Tensor x = draw.values(draw.shape(rank, draw.of<std::int64_t>({30, 2000, 20000})), dtype);
    const int axis = static_cast<int>(draw.between(0, rank - 1));
    const std::string what = errors::text(x.shape(), " along ", axis, " in ", dtype);
    CAPTURE(what);
    const Array xs = wide(x);
    const auto along = static_cast<std::size_t>(axis);
    const Variable leaf = Variable::leaf(x), other = Variable::leaf(x);
    const Tensor g = draw.values(x.shape(), dtype);
    const Variable sums = cumsum(leaf, axis);
    const double terms = std::sqrt(static_cast<double>(x.dim(axis)));
    CHECK(distance(sums.value(), xt::cumsum(xs, axis), terms) < tolerance(dtype));
    sums.backward(g);
    const Array back = xt::flip(Array(xt::cumsum(Array(xt::flip(wide(g), along)), axis)), along);
    CHECK(distance(leaf.grad(), back, terms) < tolerance(dtype));
    const SortResult ordered = sort(other, axis);
    CHECK(distance(ordered.values.value(), xt::sort(xs, along)) == 0);
    ordered.values.backward(g);
    // What came from a place goes back there.
    CHECK(distance(gather(other.grad(), axis, ordered.indices).value(), wide(g)) == 0);
    CHECK(distance(gather(x, axis, ordered.indices).value(), wide(ordered.values.value())) == 0);
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: products") {
  Draw draw(21);
  for (int i = repetitions(60, 1000); i > 0; --i) {
    const ReductionCase r(draw, 0.99, 1.01);
    CAPTURE(r.text());
    Array expected = xt::prod(wide(r.x), r.named);
    expected.reshape(std::vector<std::size_t>(r.kept.begin(), r.kept.end()));
    // Each factor errs by half a unit.
    const double allowed = tolerance(r.dtype) * std::max(1., r.count / 1000);
    CHECK(distance(kernel::product(r.x, r.axes, KeepDims::yes), expected) < allowed);
    const Variable x = Variable::leaf(r.x);
    const Variable y = prod(x, r.axes, KeepDims::yes);
    const Tensor g = draw.values(y.shape(), r.dtype);
    y.backward(g);
    CHECK(distance(x.grad(), r.spread(wide(g) * expected) / wide(r.x)) < 2 * allowed);
  }
}

TEST_CASE_FIXTURE(FreshMemory,
                  "oracle: the largest and the smallest, where they stand, and gradients") {
  Draw draw(22);
  for (int i = repetitions(100, 3000); i > 0; --i) {
    ReductionCase r(draw, -20, 20);
    // Whole numbers: many are equal.
    r.x = from_xtensor(Array(xt::floor(wide(r.x)))).to(r.dtype);
    CAPTURE(r.text());
    const Array x = wide(r.x);
    for (const bool largest : {true, false}) {
      const Array y = largest ? Array(xt::amax(x, r.named)) : Array(xt::amin(x, r.named));
      const Array equal = xt::cast<double>(xt::equal(x, r.spread(y)));
      // Of equal ones the first takes the gradient; all share it where no axis is named.
      Array slope = equal / r.spread(xt::sum(equal, r.named));
      if (r.axes.size() > 0) {
        const Tensor at = kernel::extreme_positions(
            r.x,
            kernel::extreme(r.x, largest ? kernel::Extreme::largest : kernel::Extreme::smallest,
                            r.axes),
            r.axes);
        const std::vector<std::int64_t> positions = at.to_vector<std::int64_t>();
        slope = xt::zeros_like(x);
        for (const std::int64_t position : positions)
          slope.flat(static_cast<std::size_t>(position)) += 1;
        // Each position holds an extreme, each result has one, and none before it is equal.
        CHECK(xt::all(xt::sum(slope, r.named) <= 1.));
        CHECK(xt::sum(slope * equal)() == static_cast<double>(positions.size()));
        Array before = xt::zeros_like(x);
        for (std::size_t j = 0; j < x.size(); ++j) before.flat(j) = static_cast<double>(j);
        Array first = xt::amin(xt::where(equal > 0., before, 1e18), r.named);
        first.reshape(std::vector<std::size_t>(at.shape().begin(), at.shape().end()));
        CHECK(distance(at, first) == 0);
      }
      check(
          draw, r,
          [&](const auto& x, const Axes& a, KeepDims k) {
            return largest ? max(x, a, k) : min(x, a, k);
          },
          y, slope);
    }
    if (r.x.rank() == 1) continue;  // where xtensor's argmax takes the last of equal ones
    const int axis = static_cast<int>(draw.between(0, r.x.rank() - 1));
    CHECK(distance(argmax(r.x, axis), xt::cast<double>(xt::argmax(x, axis))) == 0);
  }
}

TEST_CASE_FIXTURE(FreshMemory,
                  "oracle: sums to a shape that broadcasts, which gradients of operands are") {
  Draw draw(23);
  for (int i = repetitions(100, 3000); i > 0; --i) {
    const ReductionCase r(draw, -1, 1);
    CAPTURE(r.text());
    if (r.axes.size() == 0) continue;
    Array sums = xt::sum(wide(r.x), r.named);
    sums.reshape(std::vector<std::size_t>(r.kept.begin(), r.kept.end()));
    Tensor to = draw.values(r.kept, r.dtype);
    const Array start = wide(to);
    kernel::sum_to(r.x, to, Write::accumulate);
    CHECK(distance(to, start + sums, std::sqrt(r.count)) < tolerance(r.dtype));
    kernel::sum_to(r.x, to, Write::overwrite);
    CHECK(distance(to, sums, std::sqrt(r.count)) < tolerance(r.dtype));
  }
}
