// Elementwise functions, arithmetic that broadcasts, and losses against xtensor expressions.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <plumb/autograd/ops/activation.hpp>
#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/ops/loss.hpp>
#include <plumb/autograd/ops/math.hpp>
#include <plumb/core/kernels/arithmetic.hpp>
#include <plumb/core/runtime/error.hpp>
#include <xtensor/xvectorize.hpp>

#include "arrays.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

// Applied by xtensor to every element.
using OfOne = double (*)(double);
using OfTwo = double (*)(double, double);

Array apply(OfOne f, const Array& x) { return xt::vectorize(f)(x); }
Array apply(OfTwo f, const Array& x, const Array& y) { return xt::vectorize(f)(x, y); }

// A function of one variable, and how the standard library writes it and its slope.
struct Unary {
  std::string name;
  Variable (*f)(const Variable&);
  OfOne value, slope;
  double low, high;
};

const double sqrt_two = std::sqrt(2.), pi = std::acos(-1.);

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }
double density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * pi); }
double distribution(double x) { return 0.5 * std::erfc(-x / sqrt_two); }
double inner(double x) { return std::sqrt(2 / pi) * (x + 0.044715 * x * x * x); }
double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

const std::vector<Unary>& functions() {
  using V = const Variable&;
  static const std::vector<Unary> list = {
      {"exp", [](V x) { return exp(x); }, [](double x) { return std::exp(x); },
       [](double x) { return std::exp(x); }, -5, 5},
      {"log", [](V x) { return log(x); }, [](double x) { return std::log(x); },
       [](double x) { return 1 / x; }, 0.1, 9},
      {"sqrt", [](V x) { return sqrt(x); }, [](double x) { return std::sqrt(x); },
       [](double x) { return 0.5 / std::sqrt(x); }, 0.1, 9},
      {"abs", [](V x) { return abs(x); }, [](double x) { return std::abs(x); }, sign, -3, 3},
      {"erf", [](V x) { return erf(x); }, [](double x) { return std::erf(x); },
       [](double x) { return 2 / std::sqrt(pi) * std::exp(-x * x); }, -4, 4},
      {"sin", [](V x) { return sin(x); }, [](double x) { return std::sin(x); },
       [](double x) { return std::cos(x); }, -50, 50},
      {"cos", [](V x) { return cos(x); }, [](double x) { return std::cos(x); },
       [](double x) { return -std::sin(x); }, -5e6, 5e6},
      {"expm1", [](V x) { return expm1(x); }, [](double x) { return std::expm1(x); },
       [](double x) { return std::exp(x); }, -3, 3},
      {"log1p", [](V x) { return log1p(x); }, [](double x) { return std::log1p(x); },
       [](double x) { return 1 / (1 + x); }, -0.8, 5},
      {"clamp", [](V x) { return clamp(x, -0.5, 0.75); },
       [](double x) { return std::min(std::max(x, -0.5), 0.75); },
       [](double x) { return -0.5 <= x && x <= 0.75 ? 1. : 0.; }, -2, 2},
      {"tanh", [](V x) { return tanh(x); }, [](double x) { return std::tanh(x); },
       [](double x) { return 1 / (std::cosh(x) * std::cosh(x)); }, -6, 6},
      {"sigmoid", [](V x) { return sigmoid(x); }, sigmoid_of,
       [](double x) { return sigmoid_of(x) * sigmoid_of(-x); }, -9, 9},
      {"relu", [](V x) { return relu(x); }, [](double x) { return std::max(x, 0.); },
       [](double x) { return x > 0 ? 1. : 0.; }, -3, 3},
      {"leaky_relu", [](V x) { return leaky_relu(x, 0.2); },
       [](double x) { return x > 0 ? x : 0.2 * x; }, [](double x) { return x > 0 ? 1 : 0.2; }, -3,
       3},
      {"elu", [](V x) { return elu(x, 1.5); },
       [](double x) { return x > 0 ? x : 1.5 * std::expm1(x); },
       [](double x) { return x > 0 ? 1 : 1.5 * std::exp(x); }, -5, 3},
      {"gelu", [](V x) { return gelu(x); }, [](double x) { return x * distribution(x); },
       [](double x) { return distribution(x) + x * density(x); }, -5, 5},
      {"gelu_tanh", [](V x) { return gelu(x, Gelu::tanh); },
       [](double x) { return 0.5 * x * (1 + std::tanh(inner(x))); },
       [](double x) {
         const double t = std::tanh(inner(x));
         return 0.5 * (1 + t) +
                0.5 * x * (1 - t * t) * std::sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x);
       },
       -5, 5},
      {"silu", [](V x) { return silu(x); }, [](double x) { return x * sigmoid_of(x); },
       [](double x) { return sigmoid_of(x) * (1 + x * sigmoid_of(-x)); }, -9, 9},
      {"softplus", [](V x) { return softplus(x, 2, 20); },
       [](double x) { return std::log1p(std::exp(2 * x)) / 2; },
       [](double x) { return sigmoid_of(2 * x); }, -6, 6},
  };
  return list;
}

}  // namespace

TEST_CASE_FIXTURE(FreshMemory, "oracle: functions of one variable and their gradients") {
  Draw draw(60);
  for (const Unary& u : functions())
    for (int i = repetitions(12, 200); i > 0; --i) {
      const DType dtype = draw.floating();
      const Variable x = Variable::leaf(draw.values({draw.size(3000)}, dtype, u.low, u.high));
      CAPTURE(u.name);
      const std::string what = errors::text(x.shape(), " in ", dtype);
      CAPTURE(what);
      const Variable y = u.f(x);
      const Tensor g = draw.values(x.shape(), dtype);
      y.backward(g);
      const Array xs = wide(x.value());
      CHECK(distance(y.value(), apply(u.value, xs), 1) < tolerance(dtype));
      CHECK(distance(x.grad(), wide(g) * apply(u.slope, xs), 1) < tolerance(dtype));
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

// An operation on two operands, and how the standard library writes it and its slopes.
template <class F>
void check_binary(Draw& draw, const Operands& o, F f, OfTwo value, OfTwo slope_a, OfTwo slope_b) {
  const std::vector<std::size_t> shape(o.shape.begin(), o.shape.end());
  const Array xs = xt::broadcast(wide(o.a.value()), shape),
              ys = xt::broadcast(wide(o.b.value()), shape);
  Variable a = Variable::leaf(o.a.value()), b = Variable::leaf(o.b.value());
  const Variable result = f(a, b);
  CHECK(distance(result.value(), apply(value, xs, ys), 1) < tolerance(o.dtype));
  const double terms = std::sqrt(static_cast<double>(o.shape.numel()));
  const Tensor g = draw.values(o.shape, o.dtype);
  result.backward(g);
  const Array gs = wide(g);
  CHECK(distance(a.grad(), summed_to(a.shape(), gs * apply(slope_a, xs, ys)), terms) <
        tolerance(o.dtype));
  CHECK(distance(b.grad(), summed_to(b.shape(), gs * apply(slope_b, xs, ys)), terms) <
        tolerance(o.dtype));
}

void check_comparison(const Operands& o, Tensor (*f)(const Tensor&, const Tensor&), OfTwo value) {
  const Tensor &a = o.a.value(), &b = o.b.value();
  const std::vector<std::size_t> shape(o.shape.begin(), o.shape.end());
  const Array xs = xt::broadcast(wide(a), shape), ys = xt::broadcast(wide(b), shape);
  CHECK(distance(f(a, b), apply(value, xs, ys)) == 0);
}

double one(double, double) { return 1; }
double minus_one(double, double) { return -1; }
double first(double a, double) { return a; }
double second(double, double b) { return b; }
// 1 where a is the larger, a half where they are equal.
double larger(double a, double b) { return a > b ? 1 : a == b ? 0.5 : 0; }
double smaller(double a, double b) { return larger(b, a); }

}  // namespace

TEST_CASE_FIXTURE(FreshMemory, "oracle: arithmetic that broadcasts and its gradients") {
  Draw draw(61);
  using V = const Variable&;
  for (int i = repetitions(150, 4000); i > 0; --i) {
    const Operands o(draw);
    CAPTURE(o.text());
    const auto check = [&](auto f, OfTwo value, OfTwo slope_a, OfTwo slope_b) {
      check_binary(draw, o, f, value, slope_a, slope_b);
    };
    check([](V x, V y) { return x + y; }, [](double a, double b) { return a + b; }, one, one);
    check([](V x, V y) { return x - y; }, [](double a, double b) { return a - b; }, one, minus_one);
    check([](V x, V y) { return x * y; }, [](double a, double b) { return a * b; }, second, first);
    check([](V x, V y) { return maximum(x, y); }, [](double a, double b) { return std::max(a, b); },
          larger, smaller);
    check([](V x, V y) { return minimum(x, y); }, [](double a, double b) { return std::min(a, b); },
          smaller, larger);
    check_comparison(o, kernel::less, [](double a, double b) { return a < b ? 1. : 0.; });
    check_comparison(o, kernel::less_equal, [](double a, double b) { return a <= b ? 1. : 0.; });
    check_comparison(o, kernel::equal, [](double a, double b) { return a == b ? 1. : 0.; });
    const Operands positive(draw, 0.25);
    CAPTURE(positive.text());
    check_binary(
        draw, positive, [](V x, V y) { return x / y; }, [](double p, double q) { return p / q; },
        [](double, double q) { return 1 / q; }, [](double p, double q) { return -p / (q * q); });
    check_binary(
        draw, positive, [](V x, V y) { return pow(x, y); },
        [](double p, double q) { return std::pow(p, q); },
        [](double p, double q) { return q * std::pow(p, q - 1); },
        [](double p, double q) { return std::log(p) * std::pow(p, q); });
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: where, which takes from one operand or the other") {
  Draw draw(63);
  for (int i = repetitions(100, 3000); i > 0; --i) {
    const Operands o(draw);
    CAPTURE(o.text());
    const Tensor condition =
        kernel::less(draw.values(o.shape, o.dtype), Tensor::zeros(o.shape, o.dtype));
    const Variable y = where(condition, o.a, o.b);
    const Tensor g = draw.values(o.shape, o.dtype);
    y.backward(g);
    const Array taken = wide(condition), gs = wide(g);
    const Array expected = xt::where(taken > 0., wide(o.a.value()), wide(o.b.value()));
    CHECK(distance(y.value(), expected) == 0);
    const double terms = std::sqrt(static_cast<double>(o.shape.numel()));
    CHECK(distance(o.a.grad(), summed_to(o.a.shape(), gs * taken), terms) < tolerance(o.dtype));
    CHECK(distance(o.b.grad(), summed_to(o.b.shape(), gs * (1. - taken)), terms) <
          tolerance(o.dtype));
  }
}

TEST_CASE_FIXTURE(FreshMemory, "oracle: losses of elements and their gradients") {
  Draw draw(62);
  for (int i = repetitions(100, 3000); i > 0; --i) {
    const DType dtype = draw.floating();
    const Shape shape = draw.shape(static_cast<int>(draw.between(1, 3)), 5000);
    const Reduction reduction =
        draw.of<Reduction>({Reduction::mean, Reduction::sum, Reduction::none});
    const std::string what = errors::text(shape, " in ", dtype);
    CAPTURE(what);
    const Tensor x = draw.values(shape, dtype, -2, 2), t = draw.values(shape, dtype, 0.1, 0.9);
    const Array xs = wide(x), ts = wide(t);
    const auto check = [&](const char* name, auto f, OfTwo value, OfTwo slope_x, OfTwo slope_t) {
      CAPTURE(name);
      const Array losses = apply(value, xs, ts);
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
      CHECK(distance(a.grad(), seed * apply(slope_x, xs, ts), share) < tolerance(dtype));
      CHECK(distance(b.grad(), seed * apply(slope_t, xs, ts), share) < tolerance(dtype));
    };
    using V = const Variable&;
    check(
        "mse", [&](V a, V b) { return mse(a, b, reduction); },
        [](double x, double t) { return (x - t) * (x - t); },
        [](double x, double t) { return 2 * (x - t); },
        [](double x, double t) { return 2 * (t - x); });
    check(
        "l1", [&](V a, V b) { return l1(a, b, reduction); },
        [](double x, double t) { return std::abs(x - t); },
        [](double x, double t) { return sign(x - t); },
        [](double x, double t) { return sign(t - x); });
    check(
        "huber", [&](V a, V b) { return huber(a, b, 0.7, reduction); },
        [](double x, double t) {
          const double away = std::abs(x - t);
          return away < 0.7 ? away * away / 2 : 0.7 * (away - 0.35);
        },
        [](double x, double t) { return std::min(std::max(x - t, -0.7), 0.7); },
        [](double x, double t) { return std::min(std::max(t - x, -0.7), 0.7); });
    check(
        "bce",
        [&](V a, V b) {
          BceOptions options;
          options.reduction = reduction;
          return bce_with_logits(a, b, options);
        },
        [](double x, double t) {
          const double s = sigmoid_of(x);
          return -(t * std::log(s) + (1 - t) * std::log(1 - s));
        },
        [](double x, double t) { return sigmoid_of(x) - t; }, [](double x, double) { return -x; });
    check(
        "kl_div",
        [&](V a, V b) {
          KlDivOptions options;
          options.reduction = reduction;
          return kl_div(a, b, options);
        },
        [](double x, double t) { return t * (std::log(t) - x); },
        [](double, double t) { return -t; },
        [](double x, double t) { return std::log(t) + 1 - x; });
  }
}
