#include "composed_norm.hpp"

#include <algorithm>
#include <utility>

#include "../arithmetic.hpp"
#include "../math.hpp"
#include "../shape.hpp"
#include "linear_map.hpp"

namespace plumb::detail {

Variable composed_unit(const Variable& x, const Shape& statistics, Centre centre, double eps) {
  const double share = static_cast<double>(std::max<std::int64_t>(1, statistics.numel())) /
                       static_cast<double>(std::max<std::int64_t>(1, x.numel()));
  const auto mean = [&](const Variable& x) { return sum_to(x, statistics) * share; };
  Variable d = x;
  if (centre == Centre::yes) {
    // Twice, the first mean as a constant: far from 0 its rounding would be all that is left.
    d = x - mean(x.detach());
    d = d - mean(d);
  }
  return d / sqrt(mean(d * d) + eps);
}

Variable composed_norm(const std::vector<Variable>& inputs, const NormLayout& layout,
                       const std::function<Variable(const Variable& x)>& unit) {
  const Variable &x = inputs[0], &weight = inputs[1];
  Variable y = unit(reshape(x, layout.x));
  if (weight.defined()) y = y * reshape(weight, layout.affine);
  if (inputs.size() > 2 && inputs[2].defined()) y = y + reshape(inputs[2], layout.affine);
  return reshape(y, x.shape());
}

std::vector<Variable> norm_inputs(Gradients& to, const Tensor& x, const Tensor& weight,
                                  Biased biased) {
  const auto filled = [&](std::size_t input, double value) {
    if (!to.needs(input)) return Variable();
    return to.input(input, Tensor::full(to.shape(input), value, x.dtype()));
  };
  std::vector<Variable> inputs = {to.input(0, x),
                                  weight.defined() ? to.input(1, weight) : filled(1, 1)};
  if (biased == Biased::yes) inputs.push_back(filled(2, 0));
  return inputs;
}

void recompute_norm(Gradients& to, std::vector<Variable> inputs, const NormLayout& layout,
                    Centre centre, double eps) {
  to.recompute(std::move(inputs), [&](const std::vector<Variable>& in) {
    return composed_norm(in, layout, [&](const Variable& x) {
      return composed_unit(x, layout.statistics, centre, eps);
    });
  });
}

}  // namespace plumb::detail
