#include "loss.hpp"

#include "../../core/kernels/arithmetic.hpp"
#include "../../core/kernels/loss.hpp"
#include "../../core/runtime/checks.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "../internal/mistakes.hpp"
#include "activation.hpp"
#include "arithmetic.hpp"
#include "comparison.hpp"
#include "internal/linear_map.hpp"
#include "math.hpp"

namespace plumb {
namespace {

using V = const Variable&;

void check_pair(const char* operation, const Variable& x, const Variable& target) {
  detail::check_defined(operation, x, target);
  if (x.shape() != target.shape())
    fail(operation, "the target must have the shape of the input, got ", x.shape(), " and ",
         target.shape());
  detail::check_same_dtype(operation, x.dtype(), target.dtype());
}

// What the sum of the losses is divided by; none for Reduction::none.
kernel::Divisor divisor_of(const char* operation, const Variable& x, Reduction reduction) {
  switch (reduction) {
    case Reduction::mean:
      return static_cast<double>(x.numel());
    case Reduction::sum:
      return 1.0;
    case Reduction::none:
      return std::nullopt;
    case Reduction::batchmean:
      break;
  }
  fail(operation, "the reduction must be mean, sum or none; batchmean is for kl_div");
}

kernel::Divisor batch_divisor_of(const Variable& x, Reduction reduction) {
  if (reduction != Reduction::batchmean) return divisor_of("kl_div", x, reduction);
  if (x.rank() == 0) fail("kl_div", "batchmean needs a leading axis, got a scalar");
  return static_cast<double>(x.shape()[0]);
}

// Whether broadcasting `small` to `large` gives just the shape of `large`.
bool stretches_to(const Shape& small, const Shape& large) {
  if (small.rank() > large.rank()) return false;
  const int offset = large.rank() - small.rank();
  for (int axis = 0; axis < small.rank(); ++axis)
    if (small[axis] != 1 && small[axis] != large[axis + offset]) return false;
  return true;
}

// A weight repeated to the shape of the logits.
Tensor repeated(const char* name, const Tensor& weight, const Tensor& logits) {
  const Tensor ones = Tensor::ones(logits.shape(), logits.dtype());
  if (!weight.defined()) return ones;
  if (!stretches_to(weight.shape(), logits.shape()) || weight.dtype() != logits.dtype())
    fail("bce_with_logits", name, " must broadcast to ", logits.shape(), " of ", logits.dtype(),
         ", got ", weight.shape(), " of ", weight.dtype());
  return kernel::multiply(ones, weight);
}

// The gradient of each element's loss, from that of what was made of them.
Variable each(const Variable& g, const kernel::Divisor& divisor) {
  return divisor ? g / *divisor : g;
}

Tensor sign_of_difference(const Tensor& x, const Tensor& t) {
  return detail::written(x.shape(), x.dtype(), [&](Tensor& sign, Write mode) {
    kernel::l1_into(sign, mode, Tensor::ones(x.shape(), x.dtype()), std::nullopt, x, t);
  });
}

}  // namespace

// y = (x - t)^2;  dx = 2 g (x - t), dt = -dx
Variable mse(const Variable& x, const Variable& target, Reduction reduction) {
  const Profiled profiled("mse");
  check_pair("mse", x, target);
  const kernel::Divisor divisor = divisor_of("mse", x, reduction);
  return record(
      "mse", kernel::mse(x.value(), target.value(), divisor), {x, target},
      [x = Saved(x), t = Saved(target), divisor](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& dx, Write mode) { kernel::mse_into(dx, mode, g, divisor, x, t); },
            [&](V g) { return each(g, divisor) * (2 * (to.input(0, x) - to.input(1, t))); });
        to.write(
            1, [&](Tensor& dt, Write mode) { kernel::mse_into(dt, mode, g, divisor, t, x); },
            [&](V g) { return each(g, divisor) * (2 * (to.input(1, t) - to.input(0, x))); });
      });
}

// y = |x - t|;  dx = g sign(x - t), dt = -dx
Variable l1(const Variable& x, const Variable& target, Reduction reduction) {
  const Profiled profiled("l1");
  check_pair("l1", x, target);
  const kernel::Divisor divisor = divisor_of("l1", x, reduction);
  return record(
      "l1", kernel::l1(x.value(), target.value(), divisor), {x, target},
      [x = Saved(x), t = Saved(target), divisor](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& dx, Write mode) { kernel::l1_into(dx, mode, g, divisor, x, t); },
            [&](V g) { return each(g, divisor) * sign_of_difference(x, t); });
        to.write(
            1, [&](Tensor& dt, Write mode) { kernel::l1_into(dt, mode, g, divisor, t, x); },
            [&](V g) { return each(g, divisor) * sign_of_difference(t, x); });
      });
}

// y = z^2 / 2 for z = |x - t| <= delta, else delta (z - delta / 2);
// dx = g (x - t) clamped to [-delta, delta], dt = -dx
Variable huber(const Variable& x, const Variable& target, double delta, Reduction reduction) {
  const Profiled profiled("huber");
  check_pair("huber", x, target);
  if (!(delta > 0)) fail("huber", "delta must be positive, got ", delta);
  const kernel::Divisor divisor = divisor_of("huber", x, reduction);
  return record(
      "huber", kernel::huber(x.value(), target.value(), delta, divisor), {x, target},
      [x = Saved(x), t = Saved(target), delta, divisor](const Tensor& g, Gradients& to) {
        to.write(
            0,
            [&](Tensor& dx, Write mode) { kernel::huber_into(dx, mode, g, divisor, x, t, delta); },
            [&](V g) {
              return each(g, divisor) * clamp(to.input(0, x) - to.input(1, t), -delta, delta);
            });
        to.write(
            1,
            [&](Tensor& dt, Write mode) { kernel::huber_into(dt, mode, g, divisor, t, x, delta); },
            [&](V g) {
              return each(g, divisor) * clamp(to.input(1, t) - to.input(0, x), -delta, delta);
            });
      });
}

// y = w ((1 - t) x + (1 + (p - 1) t) log(1 + e^-x));
// dx = g w ((1 + (p - 1) t) sigmoid x - p t), dt = g w ((p - 1) log(1 + e^-x) - x)
Variable bce_with_logits(const Variable& logits, const Variable& target,
                         const BceOptions& options) {
  const Profiled profiled("bce_with_logits");
  check_pair("bce_with_logits", logits, target);
  if (checks()) detail::check_logits("bce_with_logits", logits);
  const kernel::Divisor divisor = divisor_of("bce_with_logits", logits, options.reduction);
  const bool weighted = options.weight.defined() || options.pos_weight.defined();
  const Tensor& x = logits.value();
  const Tensor& t = target.value();
  const Tensor w = weighted ? repeated("weight", options.weight, x) : Tensor();
  const Tensor p = weighted ? repeated("pos_weight", options.pos_weight, x) : Tensor();
  return record("bce_with_logits", kernel::bce_with_logits(x, t, w, p, divisor), {logits, target},
                [x = Saved(x), t = Saved(t), w, p, divisor](const Tensor& g, Gradients& to) {
                  to.write(
                      0,
                      [&](Tensor& dx, Write mode) {
                        kernel::bce_with_logits_into(dx, mode, g, divisor, x, t, w, p);
                      },
                      [&](V g) {
                        const Variable s = sigmoid(to.input(0, x)), t1 = to.input(1, t);
                        const Variable slope =
                            p.defined() ? (1 + (p - 1.0) * t1) * s - p * t1 : s - t1;
                        return each(g, divisor) * (w.defined() ? w * slope : slope);
                      });
                  to.write(
                      1,
                      [&](Tensor& dt, Write mode) {
                        kernel::bce_with_logits_target_into(dt, mode, g, divisor, x, w, p);
                      },
                      [&](V g) {
                        const Variable x0 = to.input(0, x);
                        if (!p.defined()) return each(g, divisor) * -x0;
                        // log(1 + e^-x), right for x of any size
                        return each(g, divisor) * (w * ((p - 1.0) * softplus(-x0, 1, 50) - x0));
                      });
                });
}

// y = t (log t - x);  dx = -g t, dt = g (log t - x + 1)
// y = e^t (t - x);  dx = -g e^t, dt = g e^t (t - x + 1)
Variable kl_div(const Variable& log_probabilities, const Variable& target,
                const KlDivOptions& options) {
  const Profiled profiled("kl_div");
  check_pair("kl_div", log_probabilities, target);
  const kernel::Divisor divisor = batch_divisor_of(log_probabilities, options.reduction);
  const bool log_target = options.log_target;
  const Tensor& x = log_probabilities.value();
  const Tensor& t = target.value();
  return record("kl_div", kernel::kl_div(x, t, log_target, divisor), {log_probabilities, target},
                [x = Saved(target.requires_grad() ? x : Tensor()), t = Saved(t), log_target,
                 divisor](const Tensor& g, Gradients& to) {
                  to.write(
                      0,
                      [&](Tensor& dx, Write mode) {
                        kernel::kl_div_into(dx, mode, g, divisor, t, log_target);
                      },
                      [&](V g) {
                        const Variable t1 = to.input(1, t);
                        return -each(g, divisor) * (log_target ? exp(t1) : t1);
                      });
                  to.write(
                      1,
                      [&](Tensor& dt, Write mode) {
                        kernel::kl_div_target_into(dt, mode, g, divisor, x, t, log_target);
                      },
                      [&](V g) {
                        const Variable x0 = to.input(0, x), t1 = to.input(1, t);
                        if (!log_target) return each(g, divisor) * (log(t1) - x0 + 1);
                        // A target of -infinity has a part of 0, whatever stands beside it.
                        const Variable share = exp(t1);
                        const Tensor none = equal(share.value(), 0);
                        return each(g, divisor) *
                               masked_fill(share * (masked_fill(t1, none, 0) - x0 + 1), none, 0);
                      });
                });
}

}  // namespace plumb
