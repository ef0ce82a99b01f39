#include "batch_norm.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "../../core/kernels/normalization/channel_scale.hpp"
#include "../../core/kernels/normalization/channel_sums.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "../../core/tensor/operators.hpp"
#include "arithmetic.hpp"
#include "internal/composed_norm.hpp"
#include "internal/norm_parts.hpp"
#include "internal/places.hpp"
#include "pooling.hpp"
#include "shape.hpp"

namespace plumb {
namespace {

// Of a batch norm whose result goes into a pooling by windows of 2 x 2 and nowhere else.
struct Pooling {
  static constexpr const char* operation = "batch_norm_max_pool2d";

  kernel::PlaneWindows windows;
  Tensor places = {};

  // The largest y of each window.
  Variable largest(const Variable& y) const {
    return detail::at_places(operation, y, places, windows);
  }
  // Their gradients in planes of `shape`.
  Variable spread(const Variable& g, const Shape& shape) const {
    return detail::to_places(operation, g, shape, places, windows);
  }
};

// What the gradients need beside x and the weight.
struct BatchNorm {
  kernel::ChannelView view;
  Tensor mean, inverse, factor;  // m, 1 / s and w / s of each channel, in double
  bool by_batch;
  double count;  // of values per channel, at least 1
  double eps;
  std::optional<Pooling> pooling;
};

void check_running(const RunningStatistics& running, const Variable& x, NormalizeBy by) {
  if (running.mean.defined() != running.var.defined())
    fail("batch_norm", "only one of running mean and variance is defined");
  if (by == NormalizeBy::running && !running.mean.defined())
    fail("batch_norm", "there are no running statistics to normalize by");
  detail::check_norm_shape("batch_norm", "running mean", running.mean, {x.dim(1)}, x);
  detail::check_norm_shape("batch_norm", "running variance", running.var, {x.dim(1)}, x);
}

void move_towards(Tensor& running, const Tensor& value, double momentum) {
  const Tensor moved = (1 - momentum) * running.to(DType::float64) + momentum * value;
  running.copy_from(moved.to(running.dtype()));
}

// y, or the largest of each window and their places.
Tensor scaled(BatchNorm& norm, const Tensor& x, const Tensor& shift) {
  if (!norm.pooling) {
    Tensor y = Tensor::empty(x.shape(), x.dtype());
    kernel::scale_channels(y, x, norm.view, norm.mean, norm.factor, shift);
    return y;
  }
  const kernel::PlaneWindows& windows = norm.pooling->windows;
  Tensor y = Tensor::empty({x.dim(0), x.dim(1), windows.out_height, windows.out_width}, x.dtype());
  norm.pooling->places = Tensor::empty(y.shape(), DType::uint8);
  kernel::scale_channels_max_pool(y, norm.pooling->places, windows, x, norm.view, norm.mean,
                                  norm.factor, shift);
  return y;
}

// The gradients as variables. By running statistics, where only dx is wanted, x was not saved.
void give_recorded(const BatchNorm& norm, const Tensor& g, const Saved& x, const Saved& weight,
                   Gradients& to) {
  const kernel::ChannelView& view = norm.view;
  const Shape planes = {view.images, view.channels, view.length},
              per_channel = {1, view.channels, 1};
  const auto constant = [&](const Tensor& t) { return t.to(g.dtype()).reshape(per_channel); };
  if (!x.get().defined()) {
    const Shape& shape = to.shape(0);
    Variable dy = to.gradient(g);
    if (norm.pooling) dy = norm.pooling->spread(dy, shape);
    return to.give(0, reshape(reshape(dy, planes) * constant(norm.factor), shape));
  }
  const auto unit = [&](const Variable& x) {
    return norm.by_batch ? detail::composed_unit(x, per_channel, detail::Centre::yes, norm.eps)
                         : (x - constant(norm.mean)) * constant(norm.inverse);
  };
  to.recompute(detail::norm_inputs(to, x, weight), [&](const std::vector<Variable>& in) {
    const Variable y = detail::composed_norm(in, {planes, per_channel, per_channel}, unit);
    return norm.pooling ? norm.pooling->largest(y) : y;
  });
}

// The gradients by kernels, which take a g that stands there and one that comes from a pooling.
template <class Gradient>
void write_gradients(const BatchNorm& norm, const Gradient& g, const Saved& x, Gradients& to) {
  const Tensor &inverse = norm.inverse, &factor = norm.factor;
  kernel::GradientSums sums;
  if ((norm.by_batch && to.needs(0)) || to.needs(1) || to.needs(2))
    sums = kernel::channel_sums(g, x, norm.view, norm.mean);
  to.write(0, [&](Tensor& dx, Write mode) {
    if (!norm.by_batch) return kernel::multiply_channels(dx, mode, g, norm.view, factor);
    kernel::combine_channels(dx, mode, g, x, norm.view, norm.mean, inverse, factor,
                             factor * (inverse * sums.product) / -norm.count,
                             factor * inverse * inverse * sums.product / -norm.count,
                             factor * sums.gradient / -norm.count);
  });
  if (to.needs(1)) detail::write_sums(to, 1, sums.product * inverse);
  if (to.needs(2)) detail::write_sums(to, 2, sums.gradient);
}

// y = w x^ + b with x^ = (x - m) / s, s = sqrt(v + eps);  dw = sum g x^, db = sum g;
// by the batch: dx = w / s (g - mean g - x^ mean(g x^)), by running statistics: dx = w / s g.
// With a pooling the result is the largest y of each window, and g is 0 but at these.
Variable normalized_batch(RunningStatistics& running, const Variable& x, const Variable& weight,
                          const Variable& bias, NormalizeBy by, double momentum, double eps,
                          std::optional<Pooling> pooling) {
  detail::check_norm_input("batch_norm", x, eps);
  detail::check_norm_channels("batch_norm", x);
  if (!(momentum >= 0 && momentum <= 1))
    fail("batch_norm", "momentum must be in [0, 1], got ", momentum);
  const Shape per_channel = {x.dim(1)};
  detail::check_affine("batch_norm", weight, bias, per_channel, x);
  check_running(running, x, by);
  const kernel::ChannelView view{x.dim(0), x.dim(1), x.shape().numel(2, x.rank())};
  const bool by_batch = by == NormalizeBy::batch;
  if (by_batch && view.count() == 1)
    fail("batch_norm", "one value per channel has no deviation to train with: ", x.shape());

  const auto count = static_cast<double>(std::max<std::int64_t>(1, view.count()));
  kernel::Moments moments;
  if (by_batch) moments = kernel::channel_moments(x.value(), view);
  const Tensor mean = by_batch ? moments.mean : detail::in_double(running.mean, per_channel, 0);
  const Tensor variance = by_batch ? moments.squares / count : running.var.to(DType::float64);
  const Tensor inverse = detail::inverse_deviation(variance, eps);
  const Tensor factor = inverse * detail::in_double(weight, per_channel, 1);
  BatchNorm norm{view, mean, inverse, factor, by_batch, count, eps, std::move(pooling)};
  Tensor y = scaled(norm, x.value(), detail::in_double(bias, per_channel, 0));

  const char* operation = norm.pooling ? Pooling::operation : "batch_norm";
  const bool sums_needed = by_batch || weight.requires_grad() || bias.requires_grad();
  auto rule = [norm = std::move(norm), x = Saved(sums_needed ? x.value() : Tensor()),
               w = Saved(weight.defined() ? weight.value() : Tensor())](const Tensor& g,
                                                                        Gradients& to) {
    if (to.recorded()) return give_recorded(norm, g, x, w, to);
    const std::optional<Pooling>& p = norm.pooling;
    if (p) return write_gradients(norm, kernel::PooledGradient{g, p->places, p->windows}, x, to);
    write_gradients(norm, g, x, to);
  };
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
  detail::check_defined(Pooling::operation, x);
  if (x.rank() != 4 || x.numel() == 0 || x.dim(2) < 2 || x.dim(3) < 2)
    return max_pool2d(batch_norm(running, x, weight, bias, by, momentum, eps), 2);
  const Profiled profiled(Pooling::operation);
  const SlidingWindow half{2, 2, 0, 1};
  const Pooling pooling{{x.dim(2), x.dim(3), x.dim(2) / 2, x.dim(3) / 2, half, half}};
  return normalized_batch(running, x, weight, bias, by, momentum, eps, pooling);
}

}  // namespace plumb
