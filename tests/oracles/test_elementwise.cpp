// Elementwise functions, arithmetic that broadcasts, and losses against xtensor expressions.
#include <doctest/doctest.h>

#include <plumb/autograd/ops/activation.hpp>
#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/ops/loss.hpp>
#include <plumb/autograd/ops/math.hpp>
#include <plumb/core/kernels/arithmetic.hpp>
#include <plumb/core/runtime/error.hpp>

#include "arrays.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

// A function of one variable, and how xtensor writes it and its slope.
struct Unary {
  std::string name;
  Variable (*f)(const Variable&);
  Array (*value)(const Array&);
  Array (*slope)(const Array&);
  double low, high;
};

const double sqrt_two = std::sqrt(2.), pi = std::acos(-1.);

Array sigmoid_of(const Array& x) { return 1. / (1. + xt::exp(-x)); }
Array density(const Array& x) { return xt::exp(-x * x / 2.) / std::sqrt(2 * pi); }
Array distribution(const Array& x) { return 0.5 * xt::erfc(-x / sqrt_two); }
Array inner(const Array& x) { return std::sqrt(2 / pi) * (x + 0.044715 * x * x * x); }
Array choose(const Array& mask, const Array& a, const Array& b) {
  return xt::where(mask > 0., a, b);
}

const std::vector<Unary>& functions() {
  static const std::vector<Unary> list = {
      {"exp", [](const Variable& x) { return exp(x); },
       [](const Array& x) -> Array { return xt::exp(x); },
       [](const Array& x) -> Array { return xt::exp(x); }, -5, 5},
      {"log", [](const Variable& x) { return log(x); },
       [](const Array& x) -> Array { return xt::log(x); },
       [](const Array& x) -> Array { return 1. / x; }, 0.1, 9},
      {"sqrt", [](const Variable& x) { return sqrt(x); },
       [](const Array& x) -> Array { return xt::sqrt(x); },
       [](const Array& x) -> Array { return 0.5 / xt::sqrt(x); }, 0.1, 9},
      {"abs", [](const Variable& x) { return abs(x); },
       [](const Array& x) -> Array { return xt::abs(x); },
       [](const Array& x) -> Array { return xt::sign(x); }, -3, 3},
      {"erf", [](const Variable& x) { return erf(x); },
       [](const Array& x) -> Array { return xt::erf(x); },
       [](const Array& x) -> Array { return 2. / std::sqrt(pi) * xt::exp(-x * x); }, -4, 4},
      {"sin", [](const Variable& x) { return sin(x); },
       [](const Array& x) -> Array { return xt::sin(x); },
       [](const Array& x) -> Array { return xt::cos(x); }, -50, 50},
      {"cos", [](const Variable& x) { return cos(x); },
       [](const Array& x) -> Array { return xt::cos(x); },
       [](const Array& x) -> Array { return -xt::sin(x); }, -5e6, 5e6},
      {"expm1", [](const Variable& x) { return expm1(x); },
       [](const Array& x) -> Array { return xt::expm1(x); },
       [](const Array& x) -> Array { return xt::exp(x); }, -3, 3},
      {"log1p", [](const Variable& x) { return log1p(x); },
       [](const Array& x) -> Array { return xt::log1p(x); },
       [](const Array& x) -> Array { return 1. / (1. + x); }, -0.8, 5},
      {"clamp", [](const Variable& x) { return clamp(x, -0.5, 0.75); },
       [](const Array& x) -> Array { return xt::clip(x, -0.5, 0.75); },
       [](const Array& x) -> Array { return xt::cast<double>(xt::abs(x - 0.125) <= 0.625); }, -2,
       2},
      {"tanh", [](const Variable& x) { return tanh(x); },
       [](const Array& x) -> Array { return xt::tanh(x); },
       [](const Array& x) -> Array { return 1. / (xt::cosh(x) * xt::cosh(x)); }, -6, 6},
      {"sigmoid", [](const Variable& x) { return sigmoid(x); }, sigmoid_of,
       [](const Array& x) -> Array { return sigmoid_of(x) * sigmoid_of(-x); }, -9, 9},
      {"relu", [](const Variable& x) { return relu(x); },
       [](const Array& x) -> Array { return xt::maximum(x, 0.); },
       [](const Array& x) -> Array { return xt::cast<double>(x > 0.); }, -3, 3},
      {"leaky_relu", [](const Variable& x) { return leaky_relu(x, 0.2); },
       [](const Array& x) { return choose(x, x, 0.2 * x); },
       [](const Array& x) { return choose(x, xt::ones_like(x), 0.2 * xt::ones_like(x)); }, -3, 3},
      {"elu", [](const Variable& x) { return elu(x, 1.5); },
       [](const Array& x) { return choose(x, x, 1.5 * xt::expm1(x)); },
       [](const Array& x) { return choose(x, xt::ones_like(x), 1.5 * xt::exp(x)); }, -5, 3},
      {"gelu", [](const Variable& x) { return gelu(x); },
       [](const Array& x) -> Array { return x * distribution(x); },
       [](const Array& x) -> Array { return distribution(x) + x * density(x); }, -5, 5},
      {"gelu_tanh", [](const Variable& x) { return gelu(x, Gelu::tanh); },
       [](const Array& x) -> Array { return 0.5 * x * (1. + xt::tanh(inner(x))); },
       [](const Array& x) -> Array {
         const Array t = xt::tanh(inner(x));
         return 0.5 * (1. + t) +
                0.5 * x * (1. - t * t) * std::sqrt(2 / pi) * (1. + 3 * 0.044715 * x * x);
       },
       -5, 5},
      {"silu", [](const Variable& x) { return silu(x); },
       [](const Array& x) -> Array { return x * sigmoid_of(x); },
       [](const Array& x) -> Array { return sigmoid_of(x) * (1. + x * sigmoid_of(-x)); }, -9, 9},
      {"softplus", [](const Variable& x) { return softplus(x, 2, 20); },
       [](const Array& x) -> Array { return xt::log1p(xt::exp(2. * x)) / 2.; },
       [](const Array& x) { return sigmoid_of(2. * x); }, -6, 6},
  };
  return list;
}

}  // namespace

TEST_CASE_FIXTURE(FreshMemory, "oracle: functions of one variable and their gradients") {
  Draw draw(60);
  for (const Unary& u : functions())
    for (int i = problems_to_draw(12, 200); i > 0; --i) {
      const DType dtype = draw.floating();
      const Variable x = Variable::leaf(draw.values({draw.size(3000)}, dtype, u.low, u.high));
      CAPTURE(u.name);
      const std::string what = errors::text(x.shape(), " in ", dtype);
      CAPTURE(what);
      const Variable y = u.f(x);
      const Tensor g = draw.values(x.shape(), dtype);
      y.backward(g);
      const Array xs = wide(x.value());
      CHECK(distance(y.value(), u.value(xs), 1) < tolerance(dtype));
      CHECK(distance(x.grad(), wide(g) * u.slope(xs), 1) < tolerance(dtype));
    }
}

namespace {

struct Operands {
  Variable a, b;
  Shape shape;
  DType dtype;

  // Shapes that broadcast to one another: axes of size 1 on either side, and missing ones.
  explicit Operands(Draw& draw, double low = -2) : dtype(draw.floating()) {
    const int rank = static_cast<int>(draw.between(1, 4));
    shape = draw.shape(rank, 4000);
    const auto operand = [&] {
      const int missing = draw.chance(25) ? static_cast<int>(draw.between(0, rank)) : 0;
      Shape own;
      for (int axis = missing; axis < rank; ++axis)
        own.push_back(draw.chance(30) ? 1 : shape[axis]);
      return Variable::leaf(draw.values(own, dtype, low, 2));
    };
    a = operand();
    b = operand();
    shape = broadcast("test", a.shape(), b.shape());
  }
  std::string text() const {
    return plumb::errors::text(a.shape(), " and ", b.shape(), " in ", dtype);
  }
};

// Summed to the shape of an operand.
Array summed_to(const Shape& own, const Array& whole) {
  std::vector<std::size_t> axes;
  const int rank = static_cast<int>(whole.dimension()), missing = rank - own.rank();
  for (int axis = 0; axis < rank; ++axis)
    if (axis < missing || own[axis - missing] == 1) axes.push_back(static_cast<std::size_t>(axis));
  Array sums = axes.empty() ? whole : Array(xt::sum(whole, axes));
  sums.reshape(std::vector<std::size_t>(own.begin(), own.end()));
  return sums;
}

template <class F>
void check_binary(Draw& draw, const Operands& o, F f, const Array& y, const Array& da,
                  const Array& db) {
  Variable a = Variable::leaf(o.a.value()), b = Variable::leaf(o.b.value());
  const Variable result = f(a, b);
  CHECK(distance(result.value(), y, 1) < tolerance(o.dtype));
  const double terms = std::sqrt(static_cast<double>(o.shape.numel()));
  const Tensor g = draw.values(o.shape, o.dtype);
  result.backward(g);
  CHECK(distance(a.grad(), summed_to(a.shape(), wide(g) * da), terms) < tolerance(o.dtype));
  CHECK(distance(b.grad(), summed_to(b.shape(), wide(g) * db), terms) < tolerance(o.dtype));
}

}  // namespace

TEST_CASE_FIXTURE(FreshMemory, "oracle: arithmetic that broadcasts and its gradients") {
  Draw draw(61);
  using V = const Variable&;
  for (int i = problems_to_draw(150, 4000); i > 0; --i) {
    const Operands o(draw);
    CAPTURE(o.text());
    const std::vector<std::size_t> shape(o.shape.begin(), o.shape.end());
    const Array a = xt::broadcast(wide(o.a.value()), shape),
                b = xt::broadcast(wide(o.b.value()), shape);
    const Array one = xt::ones<double>(shape);
    check_binary(
        draw, o, [](V x, V y) { return x + y; }, a + b, one, one);
    check_binary(
        draw, o, [](V x, V y) { return x - y; }, a - b, one, -one);
    check_binary(
        draw, o, [](V x, V y) { return x * y; }, a * b, b, a);
    const Array half = 0.5 * xt::cast<double>(xt::equal(a, b));
    check_binary(
        draw, o, [](V x, V y) { return maximum(x, y); }, xt::maximum(a, b),
        half + xt::cast<double>(a > b), half + xt::cast<double>(b > a));
    check_binary(
        draw, o, [](V x, V y) { return minimum(x, y); }, xt::minimum(a, b),
        half + xt::cast<double>(a < b), half + xt::cast<double>(b < a));
    CHECK(distance(kernel::less(o.a.value(), o.b.value()), xt::cast<double>(a < b)) == 0);
    CHECK(distance(kernel::less_equal(o.a.value(), o.b.value()), xt::cast<double>(a <= b)) == 0);
    CHECK(distance(kernel::equal(o.a.value(), o.b.value()), xt::cast<double>(xt::equal(a, b))) ==
          0);
    const Tensor condition =
        kernel::less(draw.values(o.shape, o.dtype), Tensor::zeros(o.shape, o.dtype));
    const Array taken = wide(condition);
    check_binary(
        draw, o, [&](V x, V y) { return where(condition, x, y); }, xt::where(taken > 0., a, b),
        taken, 1. - taken);
    const Operands positive(draw, 0.25);
    const std::vector<std::size_t> other(positive.shape.begin(), positive.shape.end());
    const Array p = xt::broadcast(wide(positive.a.value()), other),
                q = xt::broadcast(wide(positive.b.value()), other);
    check_binary(
        draw, positive, [](V x, V y) { return x / y; }, p / q, 1. / q, -p / (q * q));
    check_binary(
        draw, positive, [](V x, V y) { return pow(x, y); }, xt::pow(p, q), q * xt::pow(p, q - 1.),
        xt::log(p) * xt::pow(p, q));
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: losses of elements and their gradients") {
  Draw draw(62);
  for (int i = problems_to_draw(100, 3000); i > 0; --i) {
    const DType dtype = draw.floating();
    const Shape shape = draw.shape(static_cast<int>(draw.between(1, 3)), 5000);
    const Reduction reduction =
        draw.of<Reduction>({Reduction::mean, Reduction::sum, Reduction::none});
    const std::string what = errors::text(shape, " in ", dtype);
    CAPTURE(what);
    const Tensor x = draw.values(shape, dtype, -2, 2), t = draw.values(shape, dtype, 0.1, 0.9);
    const Array xs = wide(x), ts = wide(t), away = xs - ts;
    const auto check = [&](const char* name, auto f, const Array& losses, const Array& dx,
                           const Array& dt) {
      CAPTURE(name);
      const Variable a = Variable::leaf(x), b = Variable::leaf(t);
      const Variable loss = f(a, b);
      const Tensor g = draw.values(loss.shape(), dtype);
      loss.backward(g);
      const double share =
          reduction == Reduction::mean ? 1 / static_cast<double>(shape.numel()) : 1;
      if (reduction == Reduction::none)
        CHECK(distance(loss.value(), losses) < tolerance(dtype));
      else
        CHECK(std::abs(loss.value().item() - xt::sum(losses)() * share) <
              tolerance(dtype) * xt::sum(xt::abs(losses))() * share);
      const Array seed =
          reduction == Reduction::none ? wide(g) : Array(g.item() * share * xt::ones_like(xs));
      CHECK(distance(a.grad(), seed * dx, share) < tolerance(dtype));
      CHECK(distance(b.grad(), seed * dt, share) < tolerance(dtype));
    };
    using V = const Variable&;
    check(
        "mse", [&](V a, V b) { return mse(a, b, reduction); }, away * away, 2. * away, -2. * away);
    check(
        "l1", [&](V a, V b) { return l1(a, b, reduction); }, xt::abs(away), xt::sign(away),
        -xt::sign(away));
    const Array near = xt::clip(away, -0.7, 0.7);
    check(
        "huber", [&](V a, V b) { return huber(a, b, 0.7, reduction); },
        near * near / 2. + 0.7 * (xt::abs(away) - xt::abs(near)), near, -near);
    const Array s = sigmoid_of(xs);
    check(
        "bce",
        [&](V a, V b) {
          BceOptions options;
          options.reduction = reduction;
          return bce_with_logits(a, b, options);
        },
        -(ts * xt::log(s) + (1. - ts) * xt::log(1. - s)), s - ts, -xs);
    check(
        "kl_div",
        [&](V a, V b) {
          KlDivOptions options;
          options.reduction = reduction;
          return kl_div(a, b, options);
        },
        ts * (xt::log(ts) - xs), -ts, xt::log(ts) + 1. - xs);
  }
}
