#include "clip.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../core/kernels/optim/clip.hpp"
#include "../core/runtime/error.hpp"
#include "fields.hpp"

namespace plumb::optim {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// The gradient that step() would use; undefined for none.
Tensor gradient_of(const Parameter& parameter) {
  return parameter.variable.requires_grad() ? parameter.variable.grad() : Tensor();
}

// The squared norm, or the largest magnitude.
double measure(const Tensor& gradient, Norm norm) {
  return norm == Norm::euclidean ? kernel::sum_of_squares(gradient)
                                 : kernel::largest_magnitude(gradient);
}

// Handles on all gradients, which nobody else but the leaves holds: shared ones are replaced by
// copies first, so that what may throw comes before what changes a value.
std::vector<Tensor> own_gradients(const Parameters& parameters) {
  std::vector<Tensor> gradients;
  gradients.reserve(parameters.size());
  for (const Parameter& parameter : parameters) {
    Tensor gradient = gradient_of(parameter);
    if (!gradient.defined()) continue;
    Variable variable = parameter.variable;
    variable.set_grad(Tensor());
    const bool shared = !gradient.unique();
    variable.set_grad(gradient);
    if (shared) variable.set_grad(gradient = gradient.clone());
    gradients.push_back(std::move(gradient));
  }
  return gradients;
}

[[noreturn]] void refuse(const Parameters& parameters, double total, Norm norm) {
  for (const Parameter& parameter : parameters) {
    const Tensor gradient = gradient_of(parameter);
    if (gradient.defined() && !std::isfinite(measure(gradient, norm)))
      fail("clip_grad_norm", "the norm of all gradients is ", total, ", because of that of '",
           parameter.name, "': nothing is clipped");
  }
  fail("clip_grad_norm", "the norm of all gradients is ", total, ": nothing is clipped");
}

}  // namespace

double grad_norm(const Parameters& parameters, Norm norm) {
  double total = 0;
  for (const Parameter& parameter : parameters) {
    const Tensor gradient = gradient_of(parameter);
    if (!gradient.defined()) continue;
    const double part = measure(gradient, norm);
    if (norm == Norm::euclidean)
      total += part;
    else if (!(part <= total) && !std::isnan(total))
      total = part;
  }
  return norm == Norm::euclidean ? std::sqrt(total) : total;
}

double clip_grad_norm(const Parameters& parameters, double max_norm, NonFinite nonfinite,
                      Norm norm) {
  detail::check_range("clip_grad_norm", "max_norm", max_norm, closed(0, infinity));
  const double total = grad_norm(parameters, norm);
  if (!std::isfinite(total)) {
    if (nonfinite == NonFinite::refuse) refuse(parameters, total, norm);
    return total;
  }
  const double factor = max_norm / (total + 1e-6);
  if (factor >= 1) return total;
  for (Tensor& gradient : own_gradients(parameters)) kernel::scale(gradient, factor);
  return total;
}

void clip_grad_value(const Parameters& parameters, double limit) {
  detail::check_range("clip_grad_value", "limit", limit, closed(0, infinity));
  for (Tensor& gradient : own_gradients(parameters)) kernel::clamp_magnitude(gradient, limit);
}

}  // namespace plumb::optim
