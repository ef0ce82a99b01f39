#include "reduction.hpp"

#include <algorithm>
#include <utility>

#include "../../core/kernels/extreme.hpp"
#include "../../core/kernels/layout.hpp"
#include "../../core/kernels/norm.hpp"
#include "../../core/kernels/reduce.hpp"
#include "../../core/kernels/scan.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../record.hpp"

namespace plumb {
namespace {

// The shape of the result with the reduced axes as 1, so that it broadcasts to x.
Shape kept(const char* operation, const Variable& x, const Axes& axes) {
  return reduced_shape(operation, x.shape(), axes, KeepDims::yes);
}

// How many elements go into each result; 1 where there is no result.
std::int64_t elements_each(const Variable& x, const Tensor& y) {
  return y.numel() == 0 ? 1 : x.numel() / y.numel();
}

Variable extreme(const char* operation, kernel::Extreme which, const Variable& x, const Axes& axes,
                 KeepDims keep) {
  const Profiled profiled(operation);
  Tensor y = kernel::extreme(x.value(), which, axes, keep);
  if (!x.requires_grad() || !grad_enabled()) return Variable(y);
  if (axes.size() == 0)
    return record(operation, y, {x}, [x = Saved(x), y = Saved(y)](const Tensor& g, Gradients& to) {
      to.write(0, [&](Tensor& dx, Write mode) { kernel::share_into(dx, mode, g, x, y); });
    });
  return record(
      operation, y, {x},
      [positions = kernel::extreme_positions(x.value(), y, axes)](const Tensor& g, Gradients& to) {
        to.write(0, [&](Tensor& dx, Write mode) { kernel::place_into(dx, mode, g, positions); });
      });
}

}  // namespace

// y = sum x;  dx = g
Variable sum(const Variable& x, const Axes& axes, KeepDims keep) {
  const Profiled profiled("sum");
  return record("sum", kernel::sum(x.value(), axes, keep), {x},
                [kept = kept("sum", x, axes)](const Tensor& g, Gradients& to) {
                  to.write(0, [&](Tensor& dx, Write mode) {
                    kernel::expand_into(dx, mode, g.reshape(kept));
                  });
                });
}

// y = sum x / n;  dx = g / n
Variable mean(const Variable& x, const Axes& axes, KeepDims keep) {
  const Profiled profiled("mean");
  Tensor y = kernel::mean(x.value(), axes, keep);
  const double n = static_cast<double>(elements_each(x, y));
  return record(
      "mean", std::move(y), {x}, [kept = kept("mean", x, axes), n](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& dx, Write mode) { kernel::expand_into(dx, mode, g.reshape(kept), n); });
      });
}

// y = sum (x - mean)^2 / m with m = n - correction;  dx = 2 g (x - mean) / m
Variable var(const Variable& x, const Axes& axes, KeepDims keep, std::int64_t correction) {
  const Profiled profiled("var");
  if (correction < 0) fail("var", "correction must not be negative, got ", correction);
  Tensor mean;
  Tensor y = kernel::variance(x.value(), axes, keep, correction, mean);
  const std::int64_t m = std::max<std::int64_t>(0, elements_each(x, y) - correction);
  return record("var", std::move(y), {x}, [x = Saved(x), mean, m](const Tensor& g, Gradients& to) {
    to.write(0, [&](Tensor& dx, Write mode) {
      kernel::variance_into(dx, mode, g.reshape(mean.shape()), x, mean, 2 / static_cast<double>(m));
    });
  });
}

// y = sqrt(sum (x - mean)^2 / m) with m = n - correction;  dx = g (x - mean) / (m y), 0 where y = 0
Variable stddev(const Variable& x, const Axes& axes, KeepDims keep, std::int64_t correction) {
  const Profiled profiled("stddev");
  if (correction < 0) fail("stddev", "correction must not be negative, got ", correction);
  Tensor mean;
  Tensor y = kernel::deviation(x.value(), axes, keep, correction, mean);
  const std::int64_t m = std::max<std::int64_t>(0, elements_each(x, y) - correction);
  return record(
      "stddev", y, {x}, [x = Saved(x), y = Saved(y), mean, m](const Tensor& g, Gradients& to) {
        to.write(0, [&](Tensor& dx, Write mode) {
          kernel::deviation_into(dx, mode, g.reshape(mean.shape()), x, mean,
                                 y.get().reshape(mean.shape()), 1 / static_cast<double>(m));
        });
      });
}

// y = (sum |x|^p)^(1/p);  dx = g sign x (|x| / y)^(p - 1), 0 where x or y is
Variable norm(const Variable& x, const Axes& axes, KeepDims keep, double p) {
  const Profiled profiled("norm");
  if (!(p > 0)) fail("norm", "p must be in (0, inf], got ", p);
  Tensor y = kernel::norm(x.value(), axes, keep, p);
  return record("norm", y, {x},
                [x = Saved(x), y = Saved(y), kept = kept("norm", x, axes), p](const Tensor& g,
                                                                              Gradients& to) {
                  to.write(0, [&](Tensor& dx, Write mode) {
                    kernel::norm_into(dx, mode, g.reshape(kept), x, y.get().reshape(kept), p);
                  });
                });
}

// y = product of x;  dx = g times the product of the others
Variable prod(const Variable& x, const Axes& axes, KeepDims keep) {
  const Profiled profiled("prod");
  return record(
      "prod", kernel::product(x.value(), axes, keep), {x},
      [x = Saved(x), axes](const Tensor& g, Gradients& to) {
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
  kernel::LogSumExp parts = kernel::logsumexp(x.value(), axes, keep);
  return record("logsumexp", std::move(parts.y), {x},
                [x = Saved(x), shift = parts.shift, log_sum = parts.log_sum,
                 kept = kept("logsumexp", x, axes)](const Tensor& g, Gradients& to) {
                  to.write(0, [&](Tensor& dx, Write mode) {
                    kernel::logsumexp_into(dx, mode, g.reshape(kept), x, shift.reshape(kept),
                                           log_sum.reshape(kept));
                  });
                });
}

Tensor argmax(const Tensor& x) { return kernel::argmax(x); }

Tensor argmax(const Tensor& x, int axis, KeepDims keep) { return kernel::argmax(x, axis, keep); }

}  // namespace plumb
