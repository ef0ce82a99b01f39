// Every activation and every loss where numbers end: at the largest and the smallest, at zeros,
// infinities and NaN. Value and gradient are the limits, where there are any.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <plumb/autograd.hpp>
#include <string>
#include <vector>

#include "../../support/special_values.hpp"
#include "../../support/subnormals.hpp"

using namespace plumb;
using plumb::test::infinity;
using plumb::test::SubnormalsKept;

namespace {

using Wide = long double;  // has room for every power and exponential below

constexpr Wide no_limit = std::numeric_limits<Wide>::quiet_NaN();

template <class T>
constexpr DType dtype = std::is_same_v<T, float> ? DType::float32 : DType::float64;

template <class T>
std::vector<T> magnitudes() {
  using Limits = std::numeric_limits<T>;
  return {T(0),    Limits::denorm_min(), Limits::min(),     T(1e-20), T(0.5), T(1e4),
          T(1e20), Limits::max(),        Limits::infinity()};
}

// The same number: to a few units in the last place, or as much as a smallest number; beyond the
// largest is infinite; NaN where there is no limit.
template <class T>
bool same(T actual, Wide expected) {
  if (std::isnan(expected)) return std::isnan(actual);
  const T rounded = static_cast<T>(expected);
  if (std::isinf(rounded)) return actual == rounded;
  using Limits = std::numeric_limits<T>;
  return std::abs(actual - rounded) <=
         8 * Limits::epsilon() * std::abs(rounded) + 2 * Limits::denorm_min();
}

// y and dx of one element.
template <class T>
std::pair<T, T> at(const std::function<Variable(const Variable&)>& f, T point) {
  const Variable x = Variable::leaf(Tensor::full({1}, static_cast<double>(point), dtype<T>));
  const Variable y = f(x);
  y.backward(Tensor::ones({1}, dtype<T>));
  return {y.value().item<T>(), x.grad().template item<T>()};
}

struct Function {
  std::string name;
  std::function<Variable(const Variable&)> f;
  Wide (*value)(Wide);  // of finite numbers
  Wide (*slope)(Wide);
  Wide low, low_slope, high, high_slope;  // at both infinities
  Wide slope_of_nan = no_limit;           // some let the gradient pass, as in PyTorch
  bool positive = false;                  // defined above 0 only
};

Wide logistic(Wide x) { return 1 / (1 + std::exp(-x)); }
Wide density(Wide x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(Wide(-1))); }
Wide cumulative(Wide x) { return std::erfc(-x / std::sqrt(Wide(2))) / 2; }
constexpr Wide gelu_scale = 0.79788456080286535588L;
Wide bent(Wide x) { return std::tanh(gelu_scale * (x + 0.044715L * x * x * x)); }

// clang-format off
const std::vector<Function>& functions() {
  static const std::vector<Function> all = {
      {"tanh", [](const Variable& x) { return tanh(x); },
       [](Wide x) { return std::tanh(x); },
       [](Wide x) { return 1 - std::tanh(x) * std::tanh(x); }, -1, 0, 1, 0},
      {"sigmoid", [](const Variable& x) { return sigmoid(x); },
       logistic, [](Wide x) { return logistic(x) * logistic(-x); }, 0, 0, 1, 0},
      {"relu", [](const Variable& x) { return relu(x); },
       [](Wide x) { return x > 0 ? x : 0; }, [](Wide x) { return Wide(x > 0); },
       0, 0, infinity, 1, 1},
      {"leaky_relu", [](const Variable& x) { return leaky_relu(x, 0.25); },
       [](Wide x) { return x > 0 ? x : x / 4; }, [](Wide x) { return x > 0 ? 1 : Wide(0.25); },
       -infinity, 0.25, infinity, 1, 0.25},
      {"leaky_relu of slope 0", [](const Variable& x) { return leaky_relu(x, 0); },
       [](Wide x) { return x > 0 ? x : 0; }, [](Wide x) { return Wide(x > 0); },
       0, 0, infinity, 1, 0},
      {"elu", [](const Variable& x) { return elu(x, 1.5); },
       [](Wide x) { return x > 0 ? x : 1.5L * std::expm1(x); },
       [](Wide x) { return x > 0 ? 1 : 1.5L * std::exp(x); }, -1.5, 0, infinity, 1},
      {"gelu", [](const Variable& x) { return gelu(x); },
       [](Wide x) { return x * cumulative(x); },
       [](Wide x) { return cumulative(x) + x * density(x); }, 0, 0, infinity, 1},
      {"gelu tanh", [](const Variable& x) { return gelu(x, Gelu::tanh); },
       [](Wide x) { return x / 2 * (1 + bent(x)); },
       [](Wide x) {
         const Wide t = bent(x), steep = gelu_scale * (1 + 3 * 0.044715L * x * x);
         return (1 + t) / 2 + (std::abs(x) > 100 ? 0 : x / 2 * (1 - t * t) * steep);
       }, 0, 0, infinity, 1},
      {"silu", [](const Variable& x) { return silu(x); },
       [](Wide x) { return x * logistic(x); },
       [](Wide x) { return logistic(x) + x * logistic(x) * logistic(-x); }, 0, 0, infinity, 1},
      {"softplus", [](const Variable& x) { return softplus(x, 2); },
       [](Wide x) { return x > 10 ? x : std::log1p(std::exp(2 * x)) / 2; },
       [](Wide x) { return logistic(2 * x); }, 0, 0, infinity, 1},
      {"exp", [](const Variable& x) { return exp(x); },
       [](Wide x) { return std::exp(x); }, [](Wide x) { return std::exp(x); },
       0, 0, infinity, infinity},
      {"log", [](const Variable& x) { return log(x); },
       [](Wide x) { return std::log(x); }, [](Wide x) { return 1 / x; },
       0, 0, infinity, 0, no_limit, true},
      {"sqrt", [](const Variable& x) { return sqrt(x); },
       [](Wide x) { return std::sqrt(x); }, [](Wide x) { return 1 / (2 * std::sqrt(x)); },
       0, 0, infinity, 0, no_limit, true},
      {"abs", [](const Variable& x) { return abs(x); },
       [](Wide x) { return std::abs(x); }, [](Wide x) { return Wide(x > 0) - Wide(x < 0); },
       infinity, -1, infinity, 1},
      {"erf", [](const Variable& x) { return erf(x); },
       [](Wide x) { return std::erf(x); },
       [](Wide x) { return 2 / std::sqrt(std::acos(Wide(-1))) * std::exp(-x * x); }, -1, 0, 1, 0},
      {"clamp", [](const Variable& x) { return clamp(x, -1, 1); },
       [](Wide x) { return x < -1 ? -1 : x > 1 ? 1 : x; },
       [](Wide x) { return Wide(x >= -1 && x <= 1); }, -1, 0, 1, 0, 0},
      {"sin", [](const Variable& x) { return sin(x); },
       [](Wide x) { return std::sin(x); }, [](Wide x) { return std::cos(x); },
       no_limit, no_limit, no_limit, no_limit},
      {"cos", [](const Variable& x) { return cos(x); },
       [](Wide x) { return std::cos(x); }, [](Wide x) { return -std::sin(x); },
       no_limit, no_limit, no_limit, no_limit},
      {"expm1", [](const Variable& x) { return expm1(x); },
       [](Wide x) { return std::expm1(x); }, [](Wide x) { return std::exp(x); },
       -1, 0, infinity, infinity},
      {"log1p", [](const Variable& x) { return log1p(x); },
       [](Wide x) { return std::log1p(x); }, [](Wide x) { return 1 / (1 + x); },
       no_limit, 0, infinity, 0},
  };
  return all;
}
// clang-format on

template <class T>
void check_function(const Function& function) {
  CAPTURE(function.name);
  for (const T magnitude : magnitudes<T>())
    for (const T point : {magnitude, -magnitude}) {
      if (function.positive && std::signbit(point)) continue;
      CAPTURE(point);
      const auto result = at<T>(function.f, point);
      const T y = result.first, dx = result.second;
      const bool low = point < 0;
      const bool finite = std::isfinite(point);
      const Wide value = finite ? function.value(point) : low ? function.low : function.high;
      const Wide slope = finite ? function.slope(point)
                         : low  ? function.low_slope
                                : function.high_slope;
      CHECK_MESSAGE(same(y, value), "value ", y, ", limit ", value);
      CHECK_MESSAGE(same(dx, slope), "gradient ", dx, ", limit ", slope);
    }
  const auto result = at<T>(function.f, std::numeric_limits<T>::quiet_NaN());
  const T y = result.first, dx = result.second;
  CHECK(std::isnan(y));
  CHECK_MESSAGE(same(dx, function.slope_of_nan), "gradient of NaN ", dx);
}

// A loss of an element and a target, and its slopes.
struct Loss {
  std::string name;
  std::function<Variable(const Variable&, const Variable&)> f;
  std::vector<double> targets;
  Wide (*value)(Wide, Wide);
  Wide (*slope)(Wide, Wide);
  Wide (*target_slope)(Wide, Wide);
};

template <class T>
void check_loss(const Loss& loss, T point, T target) {
  CAPTURE(loss.name);
  CAPTURE(point);
  CAPTURE(target);
  const Variable x = Variable::leaf(Tensor::full({1}, static_cast<double>(point), dtype<T>));
  const Variable t = Variable::leaf(Tensor::full({1}, static_cast<double>(target), dtype<T>));
  const Variable y = loss.f(x, t);
  y.backward(Tensor::ones({1}, dtype<T>));
  const Wide value = loss.value(point, target), slope = loss.slope(point, target),
             target_slope = loss.target_slope(point, target);
  const T actual = y.value().item<T>(), dx = x.grad().template item<T>(),
          dt = t.grad().template item<T>();
  CHECK_MESSAGE(same(actual, value), "value ", actual, ", limit ", value);
  CHECK_MESSAGE(same(dx, slope), "gradient ", dx, ", limit ", slope);
  CHECK_MESSAGE(same(dt, target_slope), "gradient of the target ", dt, ", limit ", target_slope);
}

// Of finite and infinite numbers alike: 0 times infinity is what the other factor's 0 makes it.
Wide times(Wide zero, Wide other) { return zero == 0 ? 0 : zero * other; }

Wide cross(Wide x, Wide t, Wide p) {
  const Wide rest = std::log1p(std::exp(-std::abs(x)));
  return (x < 0 ? times(p * t, -x) : times(1 - t, x)) + (1 + (p - 1) * t) * rest;
}

BceOptions weighing(DType type, double w, double p) {
  BceOptions options;
  options.weight = Tensor::scalar(w, type);
  if (p != 0) options.pos_weight = Tensor::scalar(p, type);
  options.reduction = Reduction::none;
  return options;
}

// clang-format off
const std::vector<Loss>& corner_losses() {
  static const std::vector<Loss> all = {
      {"mse", [](const Variable& x, const Variable& t) { return mse(x, t, Reduction::none); },
       {0, 1, -2},
       [](Wide x, Wide t) { return (x - t) * (x - t); },
       [](Wide x, Wide t) { return 2 * (x - t); }, [](Wide x, Wide t) { return 2 * (t - x); }},
      {"l1", [](const Variable& x, const Variable& t) { return l1(x, t, Reduction::none); },
       {0, 1, -2},
       [](Wide x, Wide t) { return std::abs(x - t); },
       [](Wide x, Wide t) { return Wide(x > t) - Wide(x < t); },
       [](Wide x, Wide t) { return Wide(x < t) - Wide(x > t); }},
      {"huber", [](const Variable& x, const Variable& t) { return huber(x, t, 1, Reduction::none); },
       {0, 1, -2},
       [](Wide x, Wide t) { const Wide z = std::abs(x - t); return z <= 1 ? z * z / 2 : z - 0.5L; },
       [](Wide x, Wide t) { const Wide z = x - t; return z > 1 ? 1 : z < -1 ? -1 : z; },
       [](Wide x, Wide t) { const Wide z = t - x; return z > 1 ? 1 : z < -1 ? -1 : z; }},
      {"bce_with_logits",
       [](const Variable& x, const Variable& t) {
         BceOptions options;
         options.reduction = Reduction::none;
         return bce_with_logits(x, t, options);
       },
       {0, 0.25, 1},
       [](Wide x, Wide t) { return cross(x, t, 1); },
       [](Wide x, Wide t) { return logistic(x) - t; }, [](Wide x, Wide) { return -x; }},
      {"bce_with_logits, weighted",
       [](const Variable& x, const Variable& t) {
         return bce_with_logits(x, t, weighing(x.dtype(), 3, 0));
       },
       {0, 0.25, 1},
       [](Wide x, Wide t) { return 3 * cross(x, t, 1); },
       [](Wide x, Wide t) { return 3 * (logistic(x) - t); }, [](Wide x, Wide) { return -3 * x; }},
      {"bce_with_logits, both weights",
       [](const Variable& x, const Variable& t) {
         return bce_with_logits(x, t, weighing(x.dtype(), 3, 2));
       },
       {0, 0.25, 1},
       [](Wide x, Wide t) { return 3 * cross(x, t, 2); },
       [](Wide x, Wide t) { return 3 * ((1 + t) * logistic(x) - 2 * t); },
       // log(1 + e^-x) - x, whose two infinities at -infinity have one sign
       [](Wide x, Wide) { return 3 * ((x < 0 ? -x : 0) + std::log1p(std::exp(-std::abs(x))) - x); }},
      {"kl_div",
       [](const Variable& x, const Variable& t) {
         KlDivOptions options;
         options.reduction = Reduction::none;
         return kl_div(x, t, options);
       },
       {0.25, 1, 1e-30},
       [](Wide x, Wide t) { return t * (std::log(t) - x); },
       [](Wide, Wide t) { return -t; }, [](Wide x, Wide t) { return std::log(t) + 1 - x; }},
      {"kl_div of logarithms",
       [](const Variable& x, const Variable& t) {
         KlDivOptions options;
         options.reduction = Reduction::none;
         options.log_target = true;
         return kl_div(x, t, options);
       },
       {0, -1, -3},
       [](Wide x, Wide t) { return std::exp(t) * (t - x); },
       [](Wide, Wide t) { return -std::exp(t); },
       [](Wide x, Wide t) { return std::exp(t) * (t - x + 1); }},
  };
  return all;
}
// clang-format on

template <class T>
void check_losses() {
  constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  for (const Loss& loss : corner_losses())
    for (const double target : loss.targets) {
      for (const T magnitude : magnitudes<T>())
        for (const T point : {magnitude, -magnitude}) check_loss<T>(loss, point, T(target));
      const Variable x = Tensor::full({1}, nan, dtype<T>);
      CAPTURE(loss.name);
      CHECK(std::isnan(loss.f(x, Tensor::full({1}, target, dtype<T>)).value().template item<T>()));
      CHECK(std::isnan(loss.f(Tensor::full({1}, 0.5, dtype<T>), x).value().template item<T>()));
    }
}

// Scores of a row with value and gradient of a function of it.
template <class T>
std::vector<T> of_row(const std::vector<T>& row, const std::function<Variable(const Variable&)>& f,
                      std::vector<T>& gradient, const std::vector<T>& seed) {
  const Variable x = Variable::leaf(Tensor::from(row, {1, static_cast<std::int64_t>(row.size())}));
  const Variable y = f(x);
  y.backward(Tensor::from(seed, y.shape()));
  gradient = x.grad().template to_vector<T>();
  return y.value().template to_vector<T>();
}

template <class T>
void check_rows() {
  constexpr T inf = std::numeric_limits<T>::infinity(), most = std::numeric_limits<T>::max();
  constexpr T tiny = std::numeric_limits<T>::denorm_min();
  using Row = std::vector<T>;
  using F = std::function<Variable(const Variable&)>;
  const auto soft = [](const Variable& x) { return softmax(x, 1); };
  const auto logs = [](const Variable& x) { return log_softmax(x, 1); };
  const auto first = [](const Variable& x) {
    return cross_entropy(x, Tensor::from({std::int64_t{0}}));
  };
  const auto second = [](const Variable& x) {
    return cross_entropy(x, Tensor::from({std::int64_t{1}}));
  };
  Row dx;
  // One score beyond all others.
  for (const Row& row : {Row{most, -most, 0}, Row{inf, 0, 1}, Row{inf, -inf, most},
                         Row{0, -inf, -most}, Row{tiny, -most, -inf}}) {
    CHECK(of_row<T>(row, soft, dx, {1, 2, 3}) == Row{1, 0, 0});
    CHECK(dx == Row{0, 0, 0});
    CHECK(of_row<T>(row, first, dx, {1}) == Row{0});
    CHECK(dx == Row{0, 0, 0});
    CHECK(of_row<T>(row, second, dx, {1}).front() >= most);
    CHECK(dx == Row{1, -1, 0});
    CHECK(of_row<T>(row, logs, dx, {1, 2, 3}).front() == 0);
    CHECK(dx == Row{-5, 2, 3});
  }
  CHECK(of_row<T>({inf, 0, most}, logs, dx, {1, 0, 0}) == Row{0, -inf, -inf});
  // Scores that are equal, however large or small.
  for (const T score : {most, -most, tiny, T(-0.0)}) {
    CHECK(of_row<T>({score, score, -inf, score, score}, soft, dx, {1, 1, 1, 1, 1}) ==
          Row{0.25, 0.25, 0, 0.25, 0.25});
    CHECK(dx == Row{0, 0, 0, 0, 0});
  }
  // No limit: two that are infinite, none that is not, NaN.
  for (const Row& row : {Row{inf, inf, 0}, Row{-inf, -inf, -inf},
                         Row{inf, std::numeric_limits<T>::quiet_NaN(), 0}}) {
    for (const F& f : {F(soft), F(logs)})
      for (const T y : of_row<T>(row, f, dx, {1, 1, 1})) CHECK(std::isnan(y));
    CHECK(std::isnan(of_row<T>(row, first, dx, {1}).front()));
    for (const T slope : dx) CHECK(std::isnan(slope));
  }
}

}  // namespace

TEST_CASE("corners: activations and functions have their limits, in value and gradient") {
  const SubnormalsKept kept;
  for (const Function& function : functions()) {
    check_function<float>(function);
    check_function<double>(function);
  }
}

TEST_CASE("corners: losses have their limits, in value and gradients") {
  const SubnormalsKept kept;
  check_losses<float>();
  check_losses<double>();
}

TEST_CASE("corners: softmax and cross_entropy have their limits") {
  const SubnormalsKept kept;
  check_rows<float>();
  check_rows<double>();
}

TEST_CASE("corners: where subnormal numbers are flushed, they give what 0 gives") {
  // What only chooses an element or hands it on does not compute with it.
  const auto flushed = [](auto x) { return std::fpclassify(x) == FP_SUBNORMAL ? x * 0 : x; };
  const auto bits = [&](auto of_element) {
    return std::pair(hash(Tensor::from({flushed(of_element.first)})),
                     hash(Tensor::from({flushed(of_element.second)})));
  };
  for (const Function& function : functions()) {
    CAPTURE(function.name);
    CHECK(bits(at<float>(function.f, 1e-40F)) == bits(at<float>(function.f, 0.F)));
    CHECK(bits(at<double>(function.f, 1e-310)) == bits(at<double>(function.f, 0.)));
    if (function.positive) continue;
    CHECK(bits(at<float>(function.f, -1e-40F)) == bits(at<float>(function.f, -0.F)));
    CHECK(bits(at<double>(function.f, -1e-310)) == bits(at<double>(function.f, -0.)));
  }
}
