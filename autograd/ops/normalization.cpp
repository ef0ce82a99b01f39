#include "normalization.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "../../core/kernels/arithmetic.hpp"
#include "../../core/kernels/layout.hpp"
#include "../../core/kernels/math.hpp"
#include "../../core/kernels/normalization/channel_scale.hpp"
#include "../../core/kernels/normalization/channel_sums.hpp"
#include "../../core/kernels/normalization/root_mean_square.hpp"
#include "../../core/kernels/normalization/row_scale.hpp"
#include "../../core/kernels/reduce.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/operators.hpp"
#include "arithmetic.hpp"
#include "internal/linear_map.hpp"
#include "internal/places.hpp"
#include "math.hpp"
#include "pooling.hpp"
#include "shape.hpp"

namespace plumb {
namespace {

void check_input(const char* operation, const Variable& x, double eps) {
  if (!is_floating(x.dtype())) fail(operation, "expected float32 or float64, got ", x.dtype());
  if (!(eps >= 0 && std::isfinite(eps))) fail(operation, "eps must be in [0, inf), got ", eps);
}

void check_channels(const char* operation, const Variable& x) {
  if (x.rank() < 2) fail(operation, "expected input [n, c, ...], got ", x.shape());
}

// `p` is a weight, a bias or a statistic, and may be undefined.
void check_shape(const char* operation, const char* name, const Tensor& p, const Shape& expected,
                 const Variable& x) {
  if (!p.defined()) return;
  if (p.shape() != expected)
    fail(operation, "input ", x.shape(), " needs a ", name, " ", expected, ", got ", p.shape());
  if (p.dtype() != x.dtype())
    fail(operation, "input of ", x.dtype(), " needs a ", name, " of ", x.dtype(), ", got ",
         p.dtype());
}

void check_affine(const char* operation, const Variable& weight, const Variable& bias,
                  const Shape& expected, const Variable& x) {
  if (weight.defined()) check_shape(operation, "weight", weight.value(), expected, x);
  if (bias.defined()) check_shape(operation, "bias", bias.value(), expected, x);
}

// How many axes x has in front of those that are normalized.
int leading_axes(const char* operation, const Variable& x, const Shape& normalized) {
  const int leading = x.rank() - normalized.rank();
  if (normalized.rank() == 0) fail(operation, "no axis is to be normalized");
  if (leading < 0 || !std::equal(normalized.begin(), normalized.end(), x.shape().begin() + leading))
    fail(operation, "expected an input that ends in ", normalized, ", got ", x.shape());
  return leading;
}

// A copy of p, so that later changes in place do not reach it; full of `otherwise` if undefined.
Tensor in_double(const Variable& p, const Shape& shape, double otherwise) {
  if (!p.defined()) return Tensor::full(shape, otherwise, DType::float64);
  const Tensor& value = p.value();
  return (value.dtype() == DType::float64 ? value.clone() : value.to(DType::float64))
      .reshape(shape);
}

Tensor inverse_deviation(const Tensor& variance, double eps) {
  return 1.0 / kernel::sqrt(variance + eps);
}

// Writes the gradient of a weight or a bias from sums in float64 and of any shape.
void write_sums(Gradients& to, std::size_t input, const Tensor& sums) {
  to.write(input, [&](Tensor& dp, Write mode) {
    kernel::pass_into(dp, mode, sums.to(dp.dtype()).reshape(dp.shape()));
  });
}

void check_running(const RunningStatistics& running, const Variable& x, NormalizeBy by) {
  if (running.mean.defined() != running.var.defined())
    fail("batch_norm", "only one of running mean and variance is defined");
  if (by == NormalizeBy::running && !running.mean.defined())
    fail("batch_norm", "there are no running statistics to normalize by");
  check_shape("batch_norm", "running mean", running.mean, {x.dim(1)}, x);
  check_shape("batch_norm", "running variance", running.var, {x.dim(1)}, x);
}

void move_towards(Tensor& running, const Tensor& value, double momentum) {
  const Tensor moved = (1 - momentum) * running.to(DType::float64) + momentum * value;
  running.copy_from(moved.to(running.dtype()));
}

// --- the forward from operations on variables, for gradients of gradients -------------------------

// How x is seen: its shape, that of its statistics and that of weight and bias, which broadcast.
struct Layout {
  Shape x, statistics, affine;
};

enum class Centre : std::uint8_t { no, yes };
enum class Biased : std::uint8_t { no, yes };

// (x - m) / s, or x / s, for each of the statistics.
Variable composed_unit(const Variable& x, const Shape& statistics, Centre centre, double eps) {
  const double share = static_cast<double>(std::max<std::int64_t>(1, statistics.numel())) /
                       static_cast<double>(std::max<std::int64_t>(1, x.numel()));
  const auto mean = [&](const Variable& x) { return detail::sum_to(x, statistics) * share; };
  Variable d = x;
  if (centre == Centre::yes) {
    // Twice, the first mean as a constant: far from 0 its rounding would be all that is left.
    d = x - mean(x.detach());
    d = d - mean(d);
  }
  return d / sqrt(mean(d * d) + eps);
}

Variable composed_affine(const Variable& unit, const Variable& weight, const Variable& bias,
                         const Shape& affine, const Shape& shape) {
  Variable y = unit;
  if (weight.defined()) y = y * reshape(weight, affine);
  if (bias.defined()) y = y + reshape(bias, affine);
  return reshape(y, shape);
}

// Inputs as variables. Where no weight was saved its value does not matter, and that of a bias never
// does.
std::vector<Variable> inputs_of(Gradients& to, const Tensor& x, const Tensor& weight,
                                Biased biased = Biased::yes) {
  const auto filled = [&](std::size_t input, double value) {
    if (!to.needs(input)) return Variable();
    return to.input(input, Tensor::full(to.shape(input), value, x.dtype()));
  };
  std::vector<Variable> inputs = {to.input(0, x),
                                  weight.defined() ? to.input(1, weight) : filled(1, 1)};
  if (biased == Biased::yes) inputs.push_back(filled(2, 0));
  return inputs;
}

// Gives the gradients of a norm over statistics of x itself.
void recompute_norm(Gradients& to, std::vector<Variable> inputs, const Layout& layout,
                    Centre centre, double eps) {
  to.recompute(std::move(inputs), [&](const std::vector<Variable>& in) {
    const Variable unit = composed_unit(reshape(in[0], layout.x), layout.statistics, centre, eps);
    return composed_affine(unit, in[1], in.size() > 2 ? in[2] : Variable(), layout.affine,
                           in[0].shape());
  });
}

// Of a batch norm whose result goes into a pooling by windows of 2 x 2 and nowhere else.
struct Pooling {
  kernel::PlaneWindows windows;
  Tensor places = {};

  Variable read(const Variable& y) const {
    return detail::at_places("batch_norm_max_pool2d", y, places, windows);
  }
};

// y = w x^ + b with x^ = (x - m) / s, s = sqrt(v + eps);  dw = sum g x^, db = sum g;
// by the batch: dx = w / s (g - mean g - x^ mean(g x^)), by running statistics: dx = w / s g.
// With a pooling the result is the largest y of each window, and g is 0 but at these.
Variable normalized_batch(RunningStatistics& running, const Variable& x, const Variable& weight,
                          const Variable& bias, NormalizeBy by, double momentum, double eps,
                          std::optional<Pooling> pooling) {
  check_input("batch_norm", x, eps);
  check_channels("batch_norm", x);
  if (!(momentum >= 0 && momentum <= 1))
    fail("batch_norm", "momentum must be in [0, 1], got ", momentum);
  const Shape per_channel = {x.dim(1)};
  check_affine("batch_norm", weight, bias, per_channel, x);
  check_running(running, x, by);
  const kernel::ChannelView view{x.dim(0), x.dim(1), x.shape().numel(2, x.rank())};
  const bool by_batch = by == NormalizeBy::batch;
  if (by_batch && view.count() == 1)
    fail("batch_norm", "one value per channel has no deviation to train with: ", x.shape());

  const auto count = static_cast<double>(std::max<std::int64_t>(1, view.count()));
  kernel::Moments moments;
  if (by_batch) moments = kernel::channel_moments(x.value(), view);
  const Tensor mean = by_batch ? moments.mean : in_double(running.mean, per_channel, 0);
  const Tensor variance = by_batch ? moments.squares / count : running.var.to(DType::float64);
  const Tensor inverse = inverse_deviation(variance, eps);
  const Tensor factor = inverse * in_double(weight, per_channel, 1);
  const Tensor shift = in_double(bias, per_channel, 0);
  Tensor y;
  if (pooling) {
    const kernel::PlaneWindows& windows = pooling->windows;
    y = Tensor::empty({x.dim(0), x.dim(1), windows.out_height, windows.out_width}, x.dtype());
    pooling->places = Tensor::empty(y.shape(), DType::uint8);
    kernel::scale_channels_max_pool(y, pooling->places, windows, x.value(), view, mean, factor,
                                    shift);
  } else {
    y = Tensor::empty(x.shape(), x.dtype());
    kernel::scale_channels(y, x.value(), view, mean, factor, shift);
  }

  const bool sums_needed = by_batch || weight.requires_grad() || bias.requires_grad();
  auto rule = [x = Saved(sums_needed ? x.value() : Tensor()), view, mean, inverse, factor, by_batch,
               count, w = Saved(weight.defined() ? weight.value() : Tensor()), eps,
               pooling](const Tensor& g, Gradients& to) {
    const Shape per_channel = {1, view.channels, 1};
    if (to.recorded() && !x.get().defined()) {  // by running statistics, and only x is wanted
      const Tensor f = factor.to(g.dtype()).reshape(per_channel);
      const Shape& shape = to.shape(0);
      Variable whole = to.gradient(g);
      if (pooling)
        whole = detail::to_places("batch_norm_max_pool2d", whole, shape, pooling->places,
                                  pooling->windows);
      const Variable planes = reshape(whole, {view.images, view.channels, view.length});
      return to.give(0, reshape(planes * f, shape));
    }
    if (to.recorded())
      return to.recompute(inputs_of(to, x, w), [&](const std::vector<Variable>& in) {
        const Layout layout{{view.images, view.channels, view.length}, per_channel, per_channel};
        const Variable planes = reshape(in[0], layout.x);
        const Variable unit = by_batch ? composed_unit(planes, layout.statistics, Centre::yes, eps)
                                       : (planes - mean.to(g.dtype()).reshape(per_channel)) *
                                             inverse.to(g.dtype()).reshape(per_channel);
        const Variable y = composed_affine(unit, in[1], in[2], layout.affine, in[0].shape());
        return pooling ? pooling->read(y) : y;
      });
    // The same kernels for a gradient that stands there and for one that is pooled.
    const auto write_all = [&](const auto& g) {
      kernel::GradientSums sums;
      if ((by_batch && to.needs(0)) || to.needs(1) || to.needs(2))
        sums = kernel::channel_sums(g, x, view, mean);
      to.write(0, [&](Tensor& dx, Write mode) {
        if (!by_batch) return kernel::multiply_channels(dx, mode, g, view, factor);
        kernel::combine_channels(
            dx, mode, g, x, view, mean, inverse, factor, factor * (inverse * sums.product) / -count,
            factor * inverse * inverse * sums.product / -count, factor * sums.gradient / -count);
      });
      if (to.needs(1)) write_sums(to, 1, sums.product * inverse);
      if (to.needs(2)) write_sums(to, 2, sums.gradient);
    };
    if (pooling) return write_all(kernel::PooledGradient{g, pooling->places, pooling->windows});
    write_all(g);
  };
  const char* operation = pooling ? "batch_norm_max_pool2d" : "batch_norm";
  Variable result = record(operation, std::move(y), {x, weight, bias}, std::move(rule));
  if (by_batch && running.mean.defined() && view.count() > 0) {
    move_towards(running.mean, mean, momentum);
    move_towards(running.var, moments.squares / (count - 1), momentum);
  }
  return result;
}

}  // namespace

Variable batch_norm(RunningStatistics& running, const Variable& x, const Variable& weight,
                    const Variable& bias, NormalizeBy by, double momentum, double eps) {
  const Profiled profiled("batch_norm");
  return normalized_batch(running, x, weight, bias, by, momentum, eps, std::nullopt);
}

Variable batch_norm_max_pool2d(RunningStatistics& running, const Variable& x,
                               const Variable& weight, const Variable& bias, NormalizeBy by,
                               double momentum, double eps) {
  if (x.rank() != 4 || x.numel() == 0 || x.dim(2) < 2 || x.dim(3) < 2)
    return max_pool2d(batch_norm(running, x, weight, bias, by, momentum, eps), 2);
  const Profiled profiled("batch_norm_max_pool2d");
  const SlidingWindow half{2, 2, 0, 1};
  const Pooling pooling{{x.dim(2), x.dim(3), x.dim(2) / 2, x.dim(3) / 2, half, half}};
  return normalized_batch(running, x, weight, bias, by, momentum, eps, pooling);
}

// y = w x^ + b with x^ = (x - m) / s for each row;  dx = (h - mean h - x^ mean(h x^)) / s, h = g w,
// dw = sum over the rows of g x^, db = that of g
Variable layer_norm(const Variable& x, const Shape& normalized, const Variable& weight,
                    const Variable& bias, double eps) {
  const Profiled profiled("layer_norm");
  check_input("layer_norm", x, eps);
  const int leading = leading_axes("layer_norm", x, normalized);
  check_affine("layer_norm", weight, bias, normalized, x);
  const std::int64_t rows = x.shape().numel(0, leading), size = normalized.numel();

  const kernel::Moments moments = kernel::channel_moments(x.value(), {1, rows, size});
  const Tensor inverse = inverse_deviation(
      moments.squares / static_cast<double>(std::max<std::int64_t>(1, size)), eps);
  const Tensor w = weight.defined() ? weight.value() : Tensor();
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  kernel::scale_rows(y, x.value(), moments.mean, inverse, w,
                     bias.defined() ? bias.value() : Tensor());
  auto rule = [x = Saved(x), size, mean = moments.mean, inverse,
               w = Saved(x.requires_grad() ? w : Tensor()), eps](const Tensor& g, Gradients& to) {
    const std::int64_t rows = inverse.numel();
    if (to.recorded())
      return recompute_norm(to, inputs_of(to, x, w), {{rows, size}, {rows, 1}, {1, size}},
                            Centre::yes, eps);
    to.write(0, [&](Tensor& dx, Write mode) {
      kernel::layer_norm_into(dx, mode, g, x, mean, inverse, w);
    });
    if (!to.needs(1) && !to.needs(2)) return;
    const kernel::GradientSums sums = kernel::row_sums(g, x, size, mean, inverse);
    write_sums(to, 1, sums.product);
    write_sums(to, 2, sums.gradient);
  };
  return record("layer_norm", std::move(y), {x, weight, bias}, std::move(rule));
}

// y = w x^ with x^ = x / s, s = sqrt(mean x^2 + eps) for each row;
// dx = (h - x^ mean(h x^)) / s, h = g w, dw = sum over the rows of g x^
Variable rms_norm(const Variable& x, const Shape& normalized, const Variable& weight, double eps) {
  const Profiled profiled("rms_norm");
  check_input("rms_norm", x, eps);
  const int leading = leading_axes("rms_norm", x, normalized);
  check_affine("rms_norm", weight, Variable(), normalized, x);
  const std::int64_t rows = x.shape().numel(0, leading), size = normalized.numel();

  const Tensor w = weight.defined() ? weight.value() : Tensor();
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  Tensor inverse = Tensor::empty({rows}, DType::float64);
  kernel::rms_norm(y, inverse, x.value(), w, eps);
  auto rule = [x = Saved(x), size, inverse, w = Saved(x.requires_grad() ? w : Tensor()), eps](
                  const Tensor& g, Gradients& to) {
    const std::int64_t rows = inverse.numel();
    if (to.recorded())
      return recompute_norm(to, inputs_of(to, x, w, Biased::no),
                            {{rows, size}, {rows, 1}, {1, size}}, Centre::no, eps);
    to.write(0, [&](Tensor& dx, Write mode) { kernel::rms_norm_into(dx, mode, g, x, inverse, w); });
    if (!to.needs(1)) return;
    const Tensor no_mean = Tensor::zeros(inverse.shape(), DType::float64);
    write_sums(to, 1, kernel::row_sums(g, x, size, no_mean, inverse).product);
  };
  return record("rms_norm", std::move(y), {x, weight}, std::move(rule));
}

// y = w x^ + b with x^ = (x - m) / s for each group;  dx = (h - mean h - x^ mean(h x^)) / s with
// h = g w, the means over the group;  dw = sum g x^, db = sum g over samples and elements
Variable group_norm(const Variable& x, std::int64_t groups, const Variable& weight,
                    const Variable& bias, double eps) {
  const Profiled profiled("group_norm");
  check_input("group_norm", x, eps);
  check_channels("group_norm", x);
  const std::int64_t n = x.dim(0), channels = x.dim(1);
  if (groups < 1 || channels % groups != 0)
    fail("group_norm", "the channels of ", x.shape(), " do not fall into ", groups, " groups");
  check_affine("group_norm", weight, bias, {channels}, x);
  const std::int64_t length = x.shape().numel(2, x.rank()), each = channels / groups;
  const kernel::ChannelView planes{1, n * channels, length};
  // Statistics are [n, groups, 1], weights [1, groups, each], and planes [n, groups, each].
  const Shape per_group = {n, groups, 1}, per_weight = {1, groups, each},
              per_plane = {n, groups, each};

  const auto count = static_cast<double>(std::max<std::int64_t>(1, each * length));
  const kernel::Moments moments =
      kernel::channel_moments(x.value(), {1, n * groups, each * length});
  const Tensor inverse = inverse_deviation(moments.squares / count, eps).reshape(per_group);
  const Tensor mean = kernel::expanded(moments.mean.reshape(per_group), per_plane);
  const Tensor w = in_double(weight, per_weight, 1);
  const Tensor factor = inverse * w;
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  kernel::scale_channels(y, x.value(), planes, mean, factor,
                         kernel::expanded(in_double(bias, per_weight, 0), per_plane));

  auto rule = [x = Saved(x), planes, per_plane, mean, inverse, w, factor, count, length,
               weighted = weight.defined(), eps](const Tensor& g, Gradients& to) {
    if (to.recorded()) {
      const std::int64_t n = per_plane[0], groups = per_plane[1], each = per_plane[2];
      const Tensor weight = weighted ? w.to(g.dtype()).reshape({groups * each}) : Tensor();
      return recompute_norm(to, inputs_of(to, x, weight),
                            {{n, groups, each, length}, {n, groups, 1, 1}, {1, groups, each, 1}},
                            Centre::yes, eps);
    }
    const kernel::GradientSums sums = kernel::channel_sums(g, x, planes, mean);
    const Tensor gradient = sums.gradient.reshape(per_plane);
    const Tensor product = sums.product.reshape(per_plane);
    to.write(0, [&](Tensor& dx, Write mode) {
      const auto expanded = [&](const Tensor& value) { return kernel::expanded(value, per_plane); };
      const Tensor towards_mean = kernel::sum(product * w, 2, KeepDims::yes) * inverse * inverse;
      const Tensor shift = kernel::sum(gradient * w, 2, KeepDims::yes) * inverse / -count;
      kernel::combine_channels(dx, mode, g, x, planes, mean, expanded(inverse), factor,
                               expanded(towards_mean / -count),
                               expanded(towards_mean * inverse / -count), expanded(shift));
    });
    if (to.needs(1)) write_sums(to, 1, kernel::sum(product * inverse, 0));
    if (to.needs(2)) write_sums(to, 2, kernel::sum(gradient, 0));
  };
  return record("group_norm", std::move(y), {x, weight, bias}, std::move(rule));
}

}  // namespace plumb
