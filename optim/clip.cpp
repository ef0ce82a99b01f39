#include "clip.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../core/runtime/floating_point.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "fields.hpp"
#include "internal/element_sums.hpp"
#include "refused_gradient.hpp"

namespace plumb::optim {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Largest magnitudes, with the += of a sum, so that ordered_sum gathers them. NaN wins.
struct Largest {
  double value = 0;
  Largest& operator+=(const Largest& other) {
    if (!(other.value <= value) && value == value) value = other.value;
    return *this;
  }
};

template <class T>
Largest largest(const T* x, std::int64_t begin, std::int64_t end) {
  T high = 0;
  bool ordered = true;
  kernel::on_best_isa([x, begin, end, &high, &ordered]() PLUMB_INLINE {
    T lanes = 0;
    int unordered = 0;
#pragma omp simd reduction(max : lanes) reduction(+ : unordered)
    for (std::int64_t i = begin; i < end; ++i) {
      const T magnitude = std::abs(x[i]);
      lanes = magnitude > lanes ? magnitude : lanes;
      unordered += x[i] != x[i];
    }
    high = lanes;
    ordered = unordered == 0;
  });
  return {ordered ? static_cast<double>(high) : std::nan("")};
}

// 0 for no elements, NaN where there is one.
double largest_magnitude(const Tensor& x) {
  return dispatch_floating("largest_magnitude", x.dtype(), [&](auto tag) {
    const auto* data = x.data<typename decltype(tag)::type>();
    return kernel::ordered_sum<Largest>(
               x.numel(), kernel::grain,
               [&](std::int64_t begin, std::int64_t end) { return largest(data, begin, end); })
        .value;
  });
}

// The gradient that step() would use; undefined for none.
Tensor gradient_of(const Parameter& parameter) {
  return parameter.variable.requires_grad() ? parameter.variable.grad() : Tensor();
}

// The squared norm, or the largest magnitude.
double measure(const Tensor& gradient, Norm norm) {
  return norm == Norm::euclidean ? sum_of_squares(gradient) : largest_magnitude(gradient);
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
      throw RefusedGradient(text("[clip_grad_norm] the norm of all gradients is ", total,
                                 ", because of that of '", parameter.name,
                                 "': nothing is clipped"));
  }
  throw RefusedGradient(
      text("[clip_grad_norm] the norm of all gradients is ", total, ": nothing is clipped"));
}

}  // namespace

double grad_norm(const Parameters& parameters, Norm norm) {
  const plumb::detail::FloatingPointMode mode;
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
  const plumb::detail::FloatingPointMode mode;
  detail::check_range("clip_grad_norm", "max_norm", max_norm, closed(0, infinity));
  const double total = grad_norm(parameters, norm);
  if (!std::isfinite(total)) {
    if (nonfinite == NonFinite::refuse) refuse(parameters, total, norm);
    return total;
  }
  const double factor = max_norm / (total + 1e-6);
  if (factor >= 1) return total;
  // In two steps, the first a power of two, where one factor would be subnormal.
  const bool small = factor > 0 && factor < std::numeric_limits<float>::min();
  const double first = small ? std::ldexp(1, std::ilogb(factor) / 2) : 1, second = factor / first;
  for (Tensor& gradient : own_gradients(parameters))
    kernel::map_into(
        gradient, Write::overwrite,
        [=](auto g) {
          using T = decltype(g);
          return T(second) * (T(first) * g);
        },
        gradient);
  return total;
}

void clip_grad_value(const Parameters& parameters, double limit) {
  const plumb::detail::FloatingPointMode mode;
  detail::check_range("clip_grad_value", "limit", limit, closed(0, infinity));
  for (Tensor& gradient : own_gradients(parameters))
    kernel::map_into(
        gradient, Write::overwrite,
        [=](auto g) {
          const auto high = decltype(g)(limit);
          return g > high ? high : g < -high ? -high : g;  // NaN stays
        },
        gradient);
}

}  // namespace plumb::optim
