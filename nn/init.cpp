#include "init.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "../autograd/ops/shape.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "../core/runtime/parallel.hpp"
#include "../core/tensor/linalg.hpp"
#include "../core/tensor/operators.hpp"
#include "internal/normal_quantile.hpp"

namespace plumb::nn::init {
namespace {

void check_floating(const char* operation, const Tensor& x) {
  if (!x.defined()) fail(operation, "the tensor is undefined");
  if (!is_floating(x.dtype())) fail(operation, "expected float32 or float64, got ", x.dtype());
}

// P(Z < z).
double normal_cdf(double z) { return 0.5 * std::erfc(-z * std::sqrt(0.5)); }

double kaiming_deviation(const char* operation, const Tensor& x, const KaimingOptions& options) {
  check_floating(operation, x);
  const Fans both = fans(x.shape());
  const std::int64_t fan = options.fan == Fan::in ? both.in : both.out;
  return gain(options.nonlinearity, options.slope) / std::sqrt(static_cast<double>(fan));
}

double xavier_deviation(const char* operation, const Tensor& x, double gain) {
  check_floating(operation, x);
  if (!std::isfinite(gain) || gain < 0)
    fail(operation, "gain must be finite and not negative, got ", gain);
  const Fans both = fans(x.shape());
  return gain * std::sqrt(2 / static_cast<double>(both.in + both.out));
}

// Uniform with mean 0. Without elements the fan may be 0, and the deviation not finite.
void fill_uniform(Tensor& x, Generator& generator, double deviation) {
  const double bound = std::sqrt(3.0) * deviation;
  if (x.numel() > 0) generator.fill_uniform(x, -bound, bound);
}

void fill_normal(Tensor& x, Generator& generator, double deviation) {
  if (x.numel() > 0) generator.fill_normal(x, 0, deviation);
}

}  // namespace

void uniform(Tensor& x, Generator& generator, double low, double high) {
  check_floating("init::uniform", x);
  if (!(low <= high) || !std::isfinite(high - low))
    fail("init::uniform", "expected finite low <= high, got ", low, " and ", high);
  generator.fill_uniform(x, low, high);
}

void normal(Tensor& x, Generator& generator, double mean, double deviation) {
  check_floating("init::normal", x);
  if (!std::isfinite(mean) || !std::isfinite(deviation) || deviation < 0)
    fail("init::normal", "expected a finite mean and deviation >= 0, got ", mean, " and ",
         deviation);
  generator.fill_normal(x, mean, deviation);
}

void truncated_normal(Tensor& x, Generator& generator, double mean, double deviation, double low,
                      double high) {
  check_floating("init::truncated_normal", x);
  if (!std::isfinite(mean) || !std::isfinite(deviation) || !(deviation > 0))
    fail("init::truncated_normal", "expected a finite mean and deviation > 0, got ", mean, " and ",
         deviation);
  if (!(low < high))
    fail("init::truncated_normal", "expected low < high, got ", low, " and ", high);

  // float64 resolves small probabilities, but not those close to 1: work in the lower tail.
  const double side = low > mean ? -1 : 1;
  double from = normal_cdf(side * (low - mean) / deviation);
  double to = normal_cdf(side * (high - mean) / deviation);
  if (from > to) std::swap(from, to);
  if (!(from < to))
    fail("init::truncated_normal", "[", low, ", ", high, "] has no probability under mean ", mean,
         " and deviation ", deviation);

  Tensor draws = Tensor::empty(x.shape(), DType::float64);
  generator.fill_uniform(draws, from, to);
  double* z = draws.mutable_data<double>();
  parallel_for(draws.numel(), 4096, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const double p = std::max(z[i], std::numeric_limits<double>::min());  // 0 is at -infinity
      const double value = mean + side * deviation * detail::normal_quantile(p);
      z[i] = std::clamp(value, low, high);
    }
  });
  x.copy_from(draws.to(x.dtype()));
}

void constant(Tensor& x, double value) {
  check_floating("init::constant", x);
  x.fill(value);
}

Fans fans(const Shape& weight) {
  if (weight.rank() < 2)
    fail("init::fans", "expected a weight [out, in, ...] of two or more axes, got ", weight);
  const std::int64_t window = weight.numel(2, weight.rank());
  return {weight[1] * window, weight[0] * window};
}

double gain(Nonlinearity nonlinearity, double slope) {
  switch (nonlinearity) {
    case Nonlinearity::tanh:
      return 5.0 / 3;
    case Nonlinearity::relu:
      return std::sqrt(2.0);
    case Nonlinearity::leaky_relu:
      if (!std::isfinite(slope)) fail("init::gain", "slope must be finite, got ", slope);
      return std::sqrt(2 / (1 + slope * slope));
    default:
      return 1;
  }
}

void xavier_uniform(Tensor& x, Generator& generator, double gain) {
  fill_uniform(x, generator, xavier_deviation("init::xavier_uniform", x, gain));
}

void xavier_normal(Tensor& x, Generator& generator, double gain) {
  fill_normal(x, generator, xavier_deviation("init::xavier_normal", x, gain));
}

void orthogonal(Tensor& x, Generator& generator, double gain) {
  check_floating("init::orthogonal", x);
  if (x.rank() < 2)
    fail("init::orthogonal", "expected a weight [out, in, ...] of two or more axes, got ",
         x.shape());
  if (!std::isfinite(gain)) fail("init::orthogonal", "gain must be finite, got ", gain);
  if (x.numel() == 0) return;
  const std::int64_t rows = x.dim(0), columns = x.numel() / rows;
  Tensor tall = Tensor::empty({std::max(rows, columns), std::min(rows, columns)}, DType::float64);
  generator.fill_normal(tall);
  const Tensor q = linalg::qr(tall).q * gain;
  const Tensor matrix = rows < columns ? transpose(q, 0, 1).value() : q;
  x.copy_from(matrix.reshape(x.shape()).to(x.dtype()));
}

void kaiming_uniform(Tensor& x, Generator& generator, const KaimingOptions& options) {
  fill_uniform(x, generator, kaiming_deviation("init::kaiming_uniform", x, options));
}

void kaiming_normal(Tensor& x, Generator& generator, const KaimingOptions& options) {
  fill_normal(x, generator, kaiming_deviation("init::kaiming_normal", x, options));
}

}  // namespace plumb::nn::init
