#include "activation.hpp"

#include "../../core/kernels/math.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "arithmetic.hpp"
#include "comparison.hpp"
#include "internal/unary.hpp"
#include "math.hpp"

namespace plumb {

using detail::from_input;
using detail::from_result;
using detail::straight;
using V = const Variable&;

// y = tanh x;  dx = g (1 - y^2)
Variable tanh(const Variable& x) {
  return from_result("tanh", x, kernel::tanh, kernel::tanh_into,
                     [](V g, V y) { return g * (1 - y * y); });
}

// y = 1 / (1 + e^-x);  dx = g y (1 - y)
Variable sigmoid(const Variable& x) {
  return from_result("sigmoid", x, kernel::sigmoid, kernel::sigmoid_into,
                     [](V g, V y) { return g * (y * (1 - y)); });
}

// y = max(x, 0);  dx = g [y > 0]
Variable relu(const Variable& x) {
  return from_result("relu", x, kernel::relu, kernel::relu_into,
                     straight("relu", kernel::relu_into));
}

// y = x > 0 ? x : slope x;  dx = g (x > 0 ? 1 : slope)
Variable leaky_relu(const Variable& x, double slope) {
  const auto gradient = [=](Tensor& dx, Write mode, const Tensor& g, const Tensor& x) {
    kernel::leaky_relu_into(dx, mode, g, x, slope);
  };
  return from_input(
      "leaky_relu", x, [=](const Tensor& x) { return kernel::leaky_relu(x, slope); }, gradient,
      straight("leaky_relu", gradient));
}

// y = x > 0 ? x : alpha (e^x - 1);  dx = g (x > 0 ? 1 : alpha e^x)
Variable elu(const Variable& x, double alpha) {
  return from_input(
      "elu", x, [=](const Tensor& x) { return kernel::elu(x, alpha); },
      [=](Tensor& dx, Write mode, const Tensor& g, const Tensor& x) {
        kernel::elu_into(dx, mode, g, x, alpha);
      },
      [=](V g, V x) {
        const Tensor positive = x > 0;
        return g * masked_fill(alpha * exp(masked_fill(x, positive, 0)), positive, 1);
      });
}

namespace {

// g (P(x) + x p(x))
void give_of_gelu(const Tensor& g, Gradients& to, const Tensor& saved) {
  if (!saved.defined())
    fail("backward of gelu",
         "in float32 the rule keeps the slope in place of x and cannot be differentiated again: "
         "take Gelu::tanh or float64");
  constexpr double root_half = 0.7071067811865476, density_at_zero = 0.3989422804014327;
  const Variable x = to.input(0, saved);
  const Variable distribution = 0.5 * (1 + erf(root_half * x));
  const Variable density = density_at_zero * exp(-0.5 * (x * x));
  to.give(0, to.gradient(g) * (distribution + x * density));
}

}  // namespace

// y = x P(x), P and p the normal distribution and density;  dx = g (P(x) + x p(x))
// Gelu::tanh: y = x/2 (1 + t), t = tanh(s (x + c x^3));
// dx = g/2 (1 + t + x (1 - t^2) s (1 + 3c x^2))
Variable gelu(const Variable& x, Gelu form) {
  if (form == Gelu::tanh)
    return from_input("gelu", x, kernel::gelu_tanh, kernel::gelu_tanh_into, [](V g, V x) {
      constexpr double s = 0.7978845608028654, c = 0.044715;  // sqrt(2/pi)
      const Variable square = x * x;
      const Variable t = tanh(s * x * (1 + c * square));
      return g * 0.5 * (1 + t + x * (1 - t * t) * (s + 3 * c * s * square));
    });
  const Profiled profiled("gelu");
  detail::check_defined("gelu", x);
  if (!x.requires_grad() || !grad_enabled()) return kernel::gelu(x.value());
  // The rule keeps the slope in place of x, and in float32, where memory counts, the slope alone.
  Tensor slope = Tensor::empty(x.shape(), x.dtype());
  Tensor y = kernel::gelu_with_slope(x.value(), slope);
  return record("gelu", std::move(y), {x},
                [slope, x = Saved(x.dtype() == DType::float64 ? x.value() : Tensor())](
                    const Tensor& g, Gradients& to) {
                  if (to.recorded()) return give_of_gelu(g, to, x);
                  detail::pass_elementwise(g, to, [&](Tensor& dx, Write mode) {
                    kernel::slope_into(dx, mode, g, slope);
                  });
                });
}

// y = x s, s = sigmoid x;  dx = g s (1 + x (1 - s))
Variable silu(const Variable& x) {
  return from_input("silu", x, kernel::silu, kernel::silu_into, [](V g, V x) {
    const Variable s = sigmoid(x);
    return g * (s * (1 + x * (1 - s)));
  });
}

// y = log(1 + e^(beta x)) / beta;  dx = g sigmoid(beta x)
Variable softplus(const Variable& x, double beta, double threshold) {
  if (!(beta > 0)) fail("softplus", "beta must be positive, got ", beta);
  return from_input(
      "softplus", x, [=](const Tensor& x) { return kernel::softplus(x, beta, threshold); },
      [=](Tensor& dx, Write mode, const Tensor& g, const Tensor& x) {
        kernel::softplus_into(dx, mode, g, x, beta, threshold);
      },
      [=](V g, V x) {
        return g * masked_fill(sigmoid(beta * x), beta * x.value() > threshold, 1);
      });
}

}  // namespace plumb
