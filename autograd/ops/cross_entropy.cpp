#include "cross_entropy.hpp"

#include <algorithm>

#include "../../core/kernels/cross_entropy.hpp"
#include "../../core/kernels/reduce.hpp"
#include "../../core/runtime/checks.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "../internal/mistakes.hpp"
#include "arithmetic.hpp"
#include "comparison.hpp"
#include "internal/linear_map.hpp"
#include "shape.hpp"
#include "softmax.hpp"

namespace plumb {
namespace {

// The position of the i-th target, as [n, d...].
Shape position_of(std::int64_t i, const Shape& shape) {
  Shape position = shape;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    position[axis] = i % shape[axis];
    i /= shape[axis];
  }
  return position;
}

void check_values(const char* operation, const Tensor& targets, std::int64_t classes,
                  std::int64_t ignore_index) {
  const std::int64_t* begin = targets.data<std::int64_t>();
  const std::int64_t* end = begin + targets.numel();
  const std::int64_t* bad = std::find_if(
      begin, end, [=](std::int64_t t) { return (t < 0 || t >= classes) && t != ignore_index; });
  if (bad != end)
    fail(operation, "the target at ", position_of(bad - begin, targets.shape()), " is ", *bad,
         ", expected a class in [0, ", classes, ")");
}

void check_weight(const char* operation, const Tensor& weight, std::int64_t classes, DType dtype) {
  if (weight.defined() && (weight.shape() != Shape{classes} || weight.dtype() != dtype))
    fail(operation, "the weight must be ", Shape{classes}, " of ", dtype, ", got ", weight.shape(),
         " of ", weight.dtype());
}

// Checks targets and weights for scores of so many classes; returns the targets as int64.
Tensor check_targets(const char* operation, const Tensor& scores, std::int64_t classes,
                     const Shape& expected, const Tensor& targets,
                     const kernel::ClassCosts& costs) {
  if (targets.dtype() != DType::int64 && targets.dtype() != DType::uint8)
    fail(operation, "the targets must be int64 or uint8, got ", targets.dtype());
  if (targets.shape() != expected)
    fail(operation, "scores ", scores.shape(), " need targets ", expected, ", got ",
         targets.shape());
  check_weight(operation, costs.weight, classes, scores.dtype());
  Tensor values = targets.to(DType::int64);
  check_values(operation, values, classes, costs.ignore_index);
  return values;
}

// For scores [n, classes, d...], which cross_entropy and nll both take.
Tensor check_targets(const char* operation, const Tensor& scores, const Tensor& targets,
                     const kernel::ClassCosts& costs) {
  if (scores.rank() < 2)
    fail(operation, "the scores must be [n, classes] or [n, classes, d...], got ", scores.shape());
  Shape expected = {scores.shape()[0]};
  for (int axis = 2; axis < scores.rank(); ++axis) expected.push_back(scores.shape()[axis]);
  return check_targets(operation, scores, scores.shape()[1], expected, targets, costs);
}

// The costs that a rule keeps. Reading them throws when the weight was changed in place.
class SavedCosts {
 public:
  explicit SavedCosts(const kernel::ClassCosts& costs) : costs_(costs), weight_(costs.weight) {}
  const kernel::ClassCosts& get() const {
    weight_.get();
    return costs_;
  }

 private:
  kernel::ClassCosts costs_;
  Saved weight_;
};

// A tensor for the loss of each target; undefined unless the reduction is none.
Tensor losses_for(const char* operation, Reduction reduction, const Shape& shape, DType dtype) {
  if (reduction == Reduction::batchmean)
    fail(operation, "the reduction must be mean, sum or none; batchmean is for kl_div");
  return reduction == Reduction::none ? Tensor::empty(shape, dtype) : Tensor();
}

// What the sum of the losses is divided by.
double divisor_of(Reduction reduction, const kernel::ClassSums& sums) {
  return reduction == Reduction::mean ? sums.weight : 1;
}

kernel::ClassCosts costs_of(const char* operation, const CrossEntropyOptions& options) {
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1))
    fail(operation, "label_smoothing must be in [0, 1], got ", options.label_smoothing);
  return {options.label_smoothing, options.weight, options.ignore_index};
}

// --- the gradients from operations on variables --------------------------------------------------

// w_t [c = t] for scores of shape `scores`, 0 for targets that are ignored.
Tensor weights_at_targets(const Shape& scores, DType dtype, const Tensor& t,
                          const kernel::ClassCosts& costs) {
  return -detail::written(scores, dtype, [&](Tensor& dx, Write mode) {
    kernel::nll_into(dx, mode, Tensor::ones(t.shape(), dtype), 1, t, costs);
  });
}

// What each class costs, (1 - s) w_t [c = t] + s/C w_c, and the sum of that over the classes.
struct Shares {
  Tensor each, sum;
};

Shares shares_of(const Shape& scores, DType dtype, const Tensor& t,
                 const kernel::ClassCosts& costs) {
  const double s = costs.label_smoothing;
  Shares shares;
  shares.each = (1 - s) * weights_at_targets(scores, dtype, t, costs);
  if (s > 0) {
    const Tensor counted = kernel::sum(
        weights_at_targets(scores, dtype, t, {0, {}, costs.ignore_index}), 1, KeepDims::yes);
    Tensor weights = costs.weight.defined() ? costs.weight : Tensor::ones({scores[1]}, dtype);
    Shape along_classes = {scores[1]};
    for (int axis = 2; axis < scores.rank(); ++axis) along_classes.push_back(1);
    shares.each = shares.each +
                  counted * (s / static_cast<double>(scores[1]) * weights.reshape(along_classes));
  }
  shares.sum = kernel::sum(shares.each, 1, KeepDims::yes);
  return shares;
}

// g over the divisor, so that it broadcasts to scores of this shape. No gradient where nothing counts.
Variable per_target(const Variable& g, double divisor, const Shape& scores) {
  Shape shape = scores;
  shape[1] = 1;
  return (g.rank() == 0 ? g : reshape(g, shape)) / (divisor == 0 ? 1 : divisor);
}

// y = (1 - s) w_t (L - x_t) + s/C sum_c w_c (L - x_c), over the divisor;
// dx_c = g ((1 - s) w_t (p_c - [c = t]) + s/C (p_c sum w - w_c)) with p = softmax x.
// The kernel sees the logits in the shape `seen`, and one loss for each of the targets t.
Variable class_loss(const char* operation, const Variable& logits, const Shape& seen, Tensor t,
                    const kernel::ClassCosts& costs, Reduction reduction) {
  if (checks()) detail::check_class_scores(operation, logits, t);
  const Tensor& x = logits.value();
  Tensor losses = losses_for(operation, reduction, t.shape(), x.dtype());
  Tensor state = Tensor::empty({2, t.numel()}, x.dtype());
  const kernel::ClassSums sums = kernel::cross_entropy(losses, state, x.reshape(seen), t, costs);
  const double divisor = divisor_of(reduction, sums);
  Tensor y = losses.defined() ? losses : Tensor::scalar(sums.loss / divisor, x.dtype());
  return record(operation, std::move(y), {logits},
                [x = Saved(x), seen, t = Saved(std::move(t)), state = Saved(std::move(state)),
                 costs = SavedCosts(costs), divisor](const Tensor& g, Gradients& to) {
                  to.write(
                      0,
                      [&](Tensor& dx, Write mode) {
                        Tensor slopes = dx.reshape(seen);
                        kernel::cross_entropy_into(slopes, mode, g, divisor, x.get().reshape(seen),
                                                   t, state, costs.get());
                      },
                      [&](const Variable& g) {
                        const Variable p = softmax(reshape(to.input(0, x), seen), 1);
                        const Shares shares = shares_of(seen, g.dtype(), t, costs.get());
                        return reshape(
                            per_target(g, divisor, seen) * (shares.sum * p - shares.each),
                            to.shape(0));
                      });
                });
}

}  // namespace

Variable cross_entropy(const Variable& logits, const Tensor& targets,
                       const CrossEntropyOptions& options) {
  const Profiled profiled("cross_entropy");
  detail::check_defined("cross_entropy", logits, targets);
  const kernel::ClassCosts costs = costs_of("cross_entropy", options);
  Tensor t = check_targets("cross_entropy", logits.value(), targets, costs);
  return class_loss("cross_entropy", logits, logits.shape(), std::move(t), costs,
                    options.reduction);
}

Variable token_cross_entropy(const Variable& logits, const Tensor& targets,
                             const CrossEntropyOptions& options) {
  const Profiled profiled("token_cross_entropy");
  detail::check_defined("token_cross_entropy", logits, targets);
  const kernel::ClassCosts costs = costs_of("token_cross_entropy", options);
  if (logits.rank() == 0) fail("token_cross_entropy", "the scores must be [..., classes], got []");
  Shape expected;
  for (int axis = 0; axis + 1 < logits.rank(); ++axis) expected.push_back(logits.shape()[axis]);
  const std::int64_t classes = logits.dim(-1);
  Tensor t =
      check_targets("token_cross_entropy", logits.value(), classes, expected, targets, costs);
  const Shape rows = {t.numel(), classes};
  return class_loss("token_cross_entropy", logits, rows, std::move(t), costs, options.reduction);
}

// y = -w_t x_t, over the divisor;  dx_c = -g w_t [c = t]
Variable nll(const Variable& log_probabilities, const Tensor& targets, const NllOptions& options) {
  const Profiled profiled("nll");
  detail::check_defined("nll", log_probabilities, targets);
  const kernel::ClassCosts costs{0, options.weight, options.ignore_index};
  const Tensor& x = log_probabilities.value();
  Tensor t = check_targets("nll", x, targets, costs);
  if (checks()) detail::check_log_probabilities("nll", log_probabilities);
  Tensor losses = losses_for("nll", options.reduction, t.shape(), x.dtype());
  const kernel::ClassSums sums = kernel::nll(losses, x, t, costs);
  const double divisor = divisor_of(options.reduction, sums);
  Tensor y = losses.defined() ? losses : Tensor::scalar(sums.loss / divisor, x.dtype());
  return record(
      "nll", y, {log_probabilities},
      [t = Saved(t), costs = SavedCosts(costs), divisor](const Tensor& g, Gradients& to) {
        to.write(
            0,
            [&](Tensor& dx, Write mode) { kernel::nll_into(dx, mode, g, divisor, t, costs.get()); },
            [&](const Variable& g) {
              return per_target(g, divisor, to.shape(0)) *
                     -weights_at_targets(to.shape(0), g.dtype(), t, costs.get());
            });
      });
}

}  // namespace plumb
