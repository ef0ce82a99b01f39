#include "reduction.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "../../core/kernels/extreme.hpp"
#include "../../core/kernels/indexing.hpp"
#include "../../core/kernels/layout.hpp"
#include "../../core/kernels/norm.hpp"
#include "../../core/kernels/reduce.hpp"
#include "../../core/kernels/scan.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "arithmetic.hpp"
#include "comparison.hpp"
#include "internal/linear_map.hpp"
#include "math.hpp"
#include "shape.hpp"

namespace plumb {
namespace {

using V = const Variable&;

// The shape of the result with the reduced axes as 1, so that it broadcasts to x.
Shape kept(const char* operation, const Variable& x, const Axes& axes) {
  return reduced_shape(operation, x.shape(), axes, KeepDims::yes);
}

// How many elements go into each result; 1 where there is no result.
std::int64_t elements_each(const Variable& x, const Tensor& y) {
  return y.numel() == 0 ? 1 : x.numel() / y.numel();
}

// x less its mean over the axes that have size 1 in `kept`.
Variable centred(const Variable& x, const Shape& kept) {
  const std::int64_t means = std::max<std::int64_t>(1, kept.numel());
  return x -
         detail::sum_to(x, kept) * (static_cast<double>(means) / static_cast<double>(x.numel()));
}

// g sign x (|x| / y)^(p - 1), 0 where x or y is
Variable gradient_of_norm(const Variable& g, const Variable& x, const Variable& y, double p) {
  const Tensor none = equal(x, 0) + equal(y, 0);
  const Variable length = masked_fill(y, equal(y, 0), 1);
  if (p == 2) return masked_fill(g * (x / length), equal(y, 0), 0);
  const Tensor sign = (x > 0).to(x.dtype()) - (x < 0).to(x.dtype());
  if (std::isinf(p)) {  // the largest share it
    const Tensor largest = equal(abs(x), y).to(x.dtype());
    Tensor count = Tensor::empty(y.shape(), y.dtype());
    kernel::sum_to(largest, count, Write::overwrite);
    return masked_fill(g * (sign * largest / count), none, 0);
  }
  if (p == 1) return g * sign;
  return masked_fill(g * sign * pow(masked_fill(abs(x), none, 1) / length, p - 1), none, 0);
}

// The product over the named axes, by halves: right where there are zeros, too.
Variable composed_product(const Variable& x, const Axes& axes, const Shape& shape) {
  Axes order;
  bool reduced[Shape::max_rank] = {};
  if (axes.size() == 0) std::fill(reduced, reduced + x.rank(), true);
  for (const int axis : normalize_axes("prod", axes, x.rank())) reduced[axis] = true;
  std::int64_t factors = 1;
  for (const bool first : {true, false})
    for (int axis = 0; axis < x.rank(); ++axis)
      if (reduced[axis] == first) order.push_back(axis);
  for (int axis = 0; axis < x.rank(); ++axis) factors *= reduced[axis] ? x.dim(axis) : 1;
  if (factors == 0) return Tensor::ones(shape, x.dtype());
  Variable product = reshape(permute(x, order), {factors, shape.numel()});
  while (factors > 1) {
    const std::int64_t half = factors / 2;
    Variable halves = product.rows(0, half) * product.rows(half, 2 * half);
    product = factors % 2 == 0 ? halves : concat({halves, product.rows(2 * half, factors)}, 0);
    factors -= half;
  }
  return reshape(product, shape);
}

// g at the row-major positions of a tensor of `shape`, 0 elsewhere.
Variable placed(const Variable& g, const Tensor& positions, const Shape& shape) {
  const auto place = [positions, shape](const Tensor& g) {
    return detail::written(shape, g.dtype(), [&](Tensor& dx, Write mode) {
      kernel::place_into(dx, mode, g, positions);
    });
  };
  const auto read = [positions](const Tensor& h) {
    const Tensor taken =
        kernel::index_select(h.reshape({h.numel()}), 0, positions.reshape({positions.numel()}));
    return taken.reshape(positions.shape());
  };
  return detail::linear_map("place", g, place, read);
}

Variable extreme(const char* operation, kernel::Extreme which, const Variable& x, const Axes& axes,
                 KeepDims keep) {
  const Profiled profiled(operation);
  detail::check_defined(operation, x);
  Tensor y = kernel::extreme(x.value(), which, axes, keep);
  if (!x.requires_grad() || !grad_enabled()) return Variable(y);
  if (axes.size() == 0)
    return record(operation, y, {x}, [x = Saved(x), y = Saved(y)](const Tensor& g, Gradients& to) {
      to.write(
          0, [&](Tensor& dx, Write mode) { kernel::share_into(dx, mode, g, x, y); },
          [&](V g) {
            const Tensor one = Tensor::ones(y.get().shape(), y.get().dtype());
            return reshape(g, {}) *
                   detail::written(to.shape(0), g.dtype(), [&](Tensor& dx, Write mode) {
                     kernel::share_into(dx, mode, one, x, y);
                   });
          });
    });
  return record(
      operation, y, {x},
      [positions = kernel::extreme_positions(x.value(), y, axes)](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& dx, Write mode) { kernel::place_into(dx, mode, g, positions); },
            [&](V g) { return placed(g, positions, to.shape(0)); });
      });
}

}  // namespace

// y = sum x;  dx = g
Variable sum(const Variable& x, const Axes& axes, KeepDims keep) {
  const Profiled profiled("sum");
  detail::check_defined("sum", x);
  return record(
      "sum", kernel::sum(x.value(), axes, keep), {x},
      [kept = kept("sum", x, axes)](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& dx, Write mode) { kernel::expand_into(dx, mode, g.reshape(kept)); },
            [&](V g) { return broadcast_to(reshape(g, kept), to.shape(0)); });
      });
}

// y = sum x / n;  dx = g / n
Variable mean(const Variable& x, const Axes& axes, KeepDims keep) {
  const Profiled profiled("mean");
  detail::check_defined("mean", x);
  Tensor y = kernel::mean(x.value(), axes, keep);
  const double n = static_cast<double>(elements_each(x, y));
  return record(
      "mean", std::move(y), {x}, [kept = kept("mean", x, axes), n](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& dx, Write mode) { kernel::expand_into(dx, mode, g.reshape(kept), n); },
            [&](V g) { return broadcast_to(reshape(g, kept) / n, to.shape(0)); });
      });
}

// y = sum (x - mean)^2 / m with m = n - correction;  dx = 2 g (x - mean) / m
Variable var(const Variable& x, const Axes& axes, KeepDims keep, std::int64_t correction) {
  const Profiled profiled("var");
  detail::check_defined("var", x);
  if (correction < 0) fail("var", "correction must not be negative, got ", correction);
  Tensor mean;
  Tensor y = kernel::variance(x.value(), axes, keep, correction, mean);
  const std::int64_t m = std::max<std::int64_t>(0, elements_each(x, y) - correction);
  return record("var", std::move(y), {x}, [x = Saved(x), mean, m](const Tensor& g, Gradients& to) {
    const double factor = 2 / static_cast<double>(m);
    to.write(
        0,
        [&](Tensor& dx, Write mode) {
          kernel::variance_into(dx, mode, g.reshape(mean.shape()), x, mean, factor);
        },
        [&](V g) {
          return factor * reshape(g, mean.shape()) * centred(to.input(0, x), mean.shape());
        });
  });
}

// y = sqrt(sum (x - mean)^2 / m) with m = n - correction;  dx = g (x - mean) / (m y), 0 where y = 0
Variable stddev(const Variable& x, const Axes& axes, KeepDims keep, std::int64_t correction) {
  const Profiled profiled("stddev");
  detail::check_defined("stddev", x);
  if (correction < 0) fail("stddev", "correction must not be negative, got ", correction);
  Tensor mean;
  Tensor y = kernel::deviation(x.value(), axes, keep, correction, mean);
  const std::int64_t m = std::max<std::int64_t>(0, elements_each(x, y) - correction);
  return record("stddev", y, {x},
                [x = Saved(x), y = Saved(y), mean, m](const Tensor& g, Gradients& to) {
                  const double factor = 1 / static_cast<double>(m);
                  to.write(
                      0,
                      [&](Tensor& dx, Write mode) {
                        kernel::deviation_into(dx, mode, g.reshape(mean.shape()), x, mean,
                                               y.get().reshape(mean.shape()), factor);
                      },
                      [&](V g) {
                        const Tensor none = equal(y, 0);
                        const Variable quotient =
                            masked_fill(g, none, 0) / masked_fill(to.result(y), none, 1);
                        return factor * reshape(quotient, mean.shape()) *
                               centred(to.input(0, x), mean.shape());
                      });
                });
}

// y = (sum |x|^p)^(1/p);  dx = g sign x (|x| / y)^(p - 1), 0 where x or y is
Variable norm(const Variable& x, const Axes& axes, KeepDims keep, double p) {
  const Profiled profiled("norm");
  detail::check_defined("norm", x);
  if (!(p > 0)) fail("norm", "p must be in (0, inf], got ", p);
  Tensor y = kernel::norm(x.value(), axes, keep, p);
  return record("norm", y, {x},
                [x = Saved(x), y = Saved(y), kept = kept("norm", x, axes), p](const Tensor& g,
                                                                              Gradients& to) {
                  to.write(
                      0,
                      [&](Tensor& dx, Write mode) {
                        kernel::norm_into(dx, mode, g.reshape(kept), x, y.get().reshape(kept), p);
                      },
                      [&](V g) {
                        return gradient_of_norm(reshape(g, kept), to.input(0, x),
                                                reshape(to.result(y), kept), p);
                      });
                });
}

// y = product of x;  dx = g times the product of the others
Variable prod(const Variable& x, const Axes& axes, KeepDims keep) {
  const Profiled profiled("prod");
  detail::check_defined("prod", x);
  return record(
      "prod", kernel::product(x.value(), axes, keep), {x},
      [x = Saved(x), axes](const Tensor& g, Gradients& to) {
        if (to.recorded())
          return to.recompute({to.input(0, x)}, [&](const std::vector<Variable>& inputs) {
            return composed_product(inputs[0], axes, g.shape());
          });
        to.write(0, [&](Tensor& dx, Write mode) { kernel::product_into(dx, mode, g, x, axes); });
      });
}

// y = max x;  dx = g where x is the first of the largest; over all: g / count where it is one
Variable max(const Variable& x, const Axes& axes, KeepDims keep) {
  return extreme("max", kernel::Extreme::largest, x, axes, keep);
}

// y = min x;  dx = g where x is the first of the smallest; over all: g / count where it is one
Variable min(const Variable& x, const Axes& axes, KeepDims keep) {
  return extreme("min", kernel::Extreme::smallest, x, axes, keep);
}

// y = log sum exp x;  dx = g exp(x - y)
Variable logsumexp(const Variable& x, const Axes& axes, KeepDims keep) {
  const Profiled profiled("logsumexp");
  detail::check_defined("logsumexp", x);
  kernel::LogSumExp parts = kernel::logsumexp(x.value(), axes, keep);
  return record("logsumexp", std::move(parts.y), {x},
                [x = Saved(x), shift = parts.shift, log_sum = parts.log_sum,
                 kept = kept("logsumexp", x, axes)](const Tensor& g, Gradients& to) {
                  to.write(
                      0,
                      [&](Tensor& dx, Write mode) {
                        kernel::logsumexp_into(dx, mode, g.reshape(kept), x, shift.reshape(kept),
                                               log_sum.reshape(kept));
                      },
                      [&](V g) {
                        // The result less the shift, a constant: its sum with it would be rounded.
                        const Variable y = to.result(log_sum.reshape(g.shape()));
                        return reshape(g, kept) *
                               exp(to.input(0, x) - shift.reshape(kept) - reshape(y, kept));
                      });
                });
}

Tensor argmax(const Tensor& x) {
  detail::check_defined("argmax", x);
  return kernel::argmax(x);
}

Tensor argmax(const Tensor& x, int axis, KeepDims keep) {
  detail::check_defined("argmax", x);
  return kernel::argmax(x, axis, keep);
}

}  // namespace plumb
