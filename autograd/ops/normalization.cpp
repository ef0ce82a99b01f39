#include "normalization.hpp"

#include <algorithm>

#include "../../core/kernels/layout.hpp"
#include "../../core/kernels/normalization/channel_scale.hpp"
#include "../../core/kernels/normalization/channel_sums.hpp"
#include "../../core/kernels/normalization/root_mean_square.hpp"
#include "../../core/kernels/normalization/row_scale.hpp"
#include "../../core/kernels/reduce.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/operators.hpp"
#include "internal/composed_norm.hpp"
#include "internal/norm_parts.hpp"

namespace plumb {
namespace {

// How many axes x has in front of those that are normalized.
int leading_axes(const char* operation, const Variable& x, const Shape& normalized) {
  const int leading = x.rank() - normalized.rank();
  if (normalized.rank() == 0) fail(operation, "no axis is to be normalized");
  if (leading < 0 || !std::equal(normalized.begin(), normalized.end(), x.shape().begin() + leading))
    fail(operation, "expected an input that ends in ", normalized, ", got ", x.shape());
  return leading;
}

}  // namespace

// y = w x^ + b with x^ = (x - m) / s for each row;  dx = (h - mean h - x^ mean(h x^)) / s, h = g w,
// dw = sum over the rows of g x^, db = that of g
Variable layer_norm(const Variable& x, const Shape& normalized, const Variable& weight,
                    const Variable& bias, double eps) {
  const Profiled profiled("layer_norm");
  detail::check_norm_input("layer_norm", x, eps);
  const int leading = leading_axes("layer_norm", x, normalized);
  detail::check_affine("layer_norm", weight, bias, normalized, x);
  const std::int64_t rows = x.shape().numel(0, leading), size = normalized.numel();

  const kernel::Moments moments = kernel::channel_moments(x.value(), {1, rows, size});
  const Tensor inverse = detail::inverse_deviation(
      moments.squares / static_cast<double>(std::max<std::int64_t>(1, size)), eps);
  const Tensor w = weight.defined() ? weight.value() : Tensor();
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  kernel::scale_rows(y, x.value(), moments.mean, inverse, w,
                     bias.defined() ? bias.value() : Tensor());
  auto rule = [x = Saved(x), size, mean = moments.mean, inverse,
               w = Saved(x.requires_grad() ? w : Tensor()), eps](const Tensor& g, Gradients& to) {
    const std::int64_t rows = inverse.numel();
    if (to.recorded())
      return detail::recompute_norm(to, detail::norm_inputs(to, x, w),
                                    {{rows, size}, {rows, 1}, {1, size}}, detail::Centre::yes, eps);
    to.write(0, [&](Tensor& dx, Write mode) {
      kernel::layer_norm_into(dx, mode, g, x, mean, inverse, w);
    });
    if (!to.needs(1) && !to.needs(2)) return;
    const kernel::GradientSums sums = kernel::row_sums(g, x, size, mean, inverse);
    detail::write_sums(to, 1, sums.product);
    detail::write_sums(to, 2, sums.gradient);
  };
  return record("layer_norm", std::move(y), {x, weight, bias}, std::move(rule));
}

// y = w x^ with x^ = x / s, s = sqrt(mean x^2 + eps) for each row;
// dx = (h - x^ mean(h x^)) / s, h = g w, dw = sum over the rows of g x^
Variable rms_norm(const Variable& x, const Shape& normalized, const Variable& weight, double eps) {
  const Profiled profiled("rms_norm");
  detail::check_norm_input("rms_norm", x, eps);
  const int leading = leading_axes("rms_norm", x, normalized);
  detail::check_affine("rms_norm", weight, Variable(), normalized, x);
  const std::int64_t rows = x.shape().numel(0, leading), size = normalized.numel();

  const Tensor w = weight.defined() ? weight.value() : Tensor();
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  Tensor inverse = Tensor::empty({rows}, DType::float64);
  kernel::rms_norm(y, inverse, x.value(), w, eps);
  auto rule = [x = Saved(x), size, inverse, w = Saved(x.requires_grad() ? w : Tensor()), eps](
                  const Tensor& g, Gradients& to) {
    const std::int64_t rows = inverse.numel();
    if (to.recorded())
      return detail::recompute_norm(to, detail::norm_inputs(to, x, w, detail::Biased::no),
                                    {{rows, size}, {rows, 1}, {1, size}}, detail::Centre::no, eps);
    to.write(0, [&](Tensor& dx, Write mode) { kernel::rms_norm_into(dx, mode, g, x, inverse, w); });
    if (!to.needs(1)) return;
    const Tensor no_mean = Tensor::zeros(inverse.shape(), DType::float64);
    detail::write_sums(to, 1, kernel::row_sums(g, x, size, no_mean, inverse).product);
  };
  return record("rms_norm", std::move(y), {x, weight}, std::move(rule));
}

// y = w x^ + b with x^ = (x - m) / s for each group;  dx = (h - mean h - x^ mean(h x^)) / s with
// h = g w, the means over the group;  dw = sum g x^, db = sum g over samples and elements
Variable group_norm(const Variable& x, std::int64_t groups, const Variable& weight,
                    const Variable& bias, double eps) {
  const Profiled profiled("group_norm");
  detail::check_norm_input("group_norm", x, eps);
  detail::check_norm_channels("group_norm", x);
  const std::int64_t n = x.dim(0), channels = x.dim(1);
  if (groups < 1 || channels % groups != 0)
    fail("group_norm", "the channels of ", x.shape(), " do not fall into ", groups, " groups");
  detail::check_affine("group_norm", weight, bias, {channels}, x);
  const std::int64_t length = x.shape().numel(2, x.rank()), each = channels / groups;
  const kernel::ChannelView planes{1, n * channels, length};
  // Statistics are [n, groups, 1], weights [1, groups, each], and planes [n, groups, each].
  const Shape per_group = {n, groups, 1}, per_weight = {1, groups, each},
              per_plane = {n, groups, each};

  const auto count = static_cast<double>(std::max<std::int64_t>(1, each * length));
  const kernel::Moments moments =
      kernel::channel_moments(x.value(), {1, n * groups, each * length});
  const Tensor inverse = detail::inverse_deviation(moments.squares / count, eps).reshape(per_group);
  const Tensor mean = kernel::expanded(moments.mean.reshape(per_group), per_plane);
  const Tensor w = detail::in_double(weight, per_weight, 1);
  const Tensor factor = inverse * w;
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  kernel::scale_channels(y, x.value(), planes, mean, factor,
                         kernel::expanded(detail::in_double(bias, per_weight, 0), per_plane));

  auto rule = [x = Saved(x), planes, per_plane, mean, inverse, w, factor, count, length,
               weighted = weight.defined(), eps](const Tensor& g, Gradients& to) {
    if (to.recorded()) {
      const std::int64_t n = per_plane[0], groups = per_plane[1], each = per_plane[2];
      const Tensor weight = weighted ? w.to(g.dtype()).reshape({groups * each}) : Tensor();
      return detail::recompute_norm(
          to, detail::norm_inputs(to, x, weight),
          {{n, groups, each, length}, {n, groups, 1, 1}, {1, groups, each, 1}}, detail::Centre::yes,
          eps);
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
    if (to.needs(1)) detail::write_sums(to, 1, kernel::sum(product * inverse, 0));
    if (to.needs(2)) detail::write_sums(to, 2, kernel::sum(gradient, 0));
  };
  return record("group_norm", std::move(y), {x, weight, bias}, std::move(rule));
}

}  // namespace plumb
