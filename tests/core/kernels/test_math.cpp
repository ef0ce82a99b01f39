#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <plumb/core/kernels/elementary.hpp>
#include <plumb/core/kernels/math.hpp>
#include <plumb/core/runtime/error.hpp>
#include <vector>

#include "../../support/special_values.hpp"

using namespace plumb;
using plumb::test::infinity;
using plumb::test::not_a_number;

namespace {

double at(Tensor (*f)(const Tensor&), double x) {
  return f(Tensor::scalar(x, DType::float64)).item();
}

// A function, and the same from the standard library in a wider type.
struct Function {
  const char* name;
  Tensor (*here)(const Tensor&);
  double (*wide)(double);
  long double (*wider)(long double);
  double allowed = 3;  // units in the last place
};

template <class T>
T logistic(T x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

const Function functions[] = {
    {"exp", kernel::exp, std::exp, std::exp},
    {"log", kernel::log, std::log, std::log},
    {"tanh", kernel::tanh, std::tanh, std::tanh},
    {"erf", kernel::erf, std::erf, std::erf},
    {"sigmoid", kernel::sigmoid, logistic<double>, logistic<long double>},
    {"elu", [](const Tensor& x) { return kernel::elu(x, 1); },
     [](double x) { return x > 0 ? x : std::expm1(x); },
     [](long double x) { return x > 0 ? x : std::expm1(x); }},
    {"softplus", [](const Tensor& x) { return kernel::softplus(x, 1, infinity); },
     [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); },
     [](long double x) { return std::max(x, 0.0L) + std::log1p(std::exp(-std::abs(x))); }},
    {"sin", kernel::sin, std::sin, std::sin, 1},
    {"cos", kernel::cos, std::cos, std::cos, 1},
    {"log1p", kernel::log1p, std::log1p, std::log1p, 1},
    {"expm1", kernel::expm1, std::expm1, std::expm1, 2},
};

// In units in the last place of the expected result; infinite where only one is NaN, or where only
// one is infinite and it does not just round so.
template <class T, class Wide>
double error_in_ulps(T actual, Wide expected) {
  const T rounded = static_cast<T>(expected);
  if (std::isnan(actual) || std::isnan(rounded))
    return std::isnan(actual) && std::isnan(rounded) ? 0 : infinity;
  if (std::isinf(actual) || std::isinf(rounded)) {
    const T finite = std::isinf(actual) ? rounded : actual;
    return actual == rounded || std::abs(finite) == std::numeric_limits<T>::max() ? 0 : infinity;
  }
  const T next = std::nextafter(std::abs(rounded), std::numeric_limits<T>::max());
  return static_cast<double>(std::abs(static_cast<Wide>(actual) - expected) /
                             (static_cast<Wide>(next) - static_cast<Wide>(std::abs(rounded))));
}

// Floating-point numbers of every sign and magnitude, with infinities and NaN among them.
template <class T, class Bits>
Tensor numbers_of_every_kind(Bits step, std::int64_t count) {
  std::vector<T> values;
  Bits bits = 0;
  for (std::int64_t i = 0; i < count; ++i, bits += step) {
    T value;
    std::memcpy(&value, &bits, sizeof value);
    values.push_back(value);
  }
  using Limits = std::numeric_limits<T>;
  for (const T special : {T(0), Limits::infinity(), Limits::quiet_NaN(), Limits::min(),
                          Limits::denorm_min(), Limits::max(), T(88.7228394), T(88.7228317),
                          T(103.972084), T(103.278931), T(709.782712893384), T(745.13321910194)})
    values.insert(values.end(), {special, -special});
  const auto size = static_cast<std::int64_t>(values.size());
  return Tensor::from(std::move(values), {size});
}

}  // namespace

TEST_CASE("math: float32 is within a few units in the last place, for all kinds of numbers") {
  const Tensor x = numbers_of_every_kind<float, std::uint32_t>(4099, 1047811);
  for (const Function& function : functions) {
    const Tensor y = function.here(x);
    double worst = 0;
    for (std::int64_t i = 0; i < x.numel(); ++i)
      worst = std::max(worst, error_in_ulps(y.data<float>()[i], function.wide(x.data<float>()[i])));
    CAPTURE(function.name);
    CHECK(worst <= function.allowed);
  }
}

TEST_CASE("math: float64 is within a few units in the last place, for all kinds of numbers") {
  const Tensor x = numbers_of_every_kind<double, std::uint64_t>(0x1fffff123456789, 100003);
  const Tensor common = Tensor::arange(100001, DType::float64);
  for (const Function& function : functions)
    for (const bool usual : {false, true}) {
      Tensor in = x;
      if (usual) {
        in = Tensor::empty(common.shape(), DType::float64);
        for (std::int64_t i = 0; i < in.numel(); ++i)
          in.mutable_data<double>()[i] = common.data<double>()[i] * 4e-4 - 20;
      }
      const Tensor y = function.here(in);
      double worst = 0;
      for (std::int64_t i = 0; i < in.numel(); ++i)
        worst = std::max(worst,
                         error_in_ulps(y.data<double>()[i], function.wider(in.data<double>()[i])));
      CAPTURE(function.name);
      CHECK(worst <= function.allowed);
    }
}

TEST_CASE("math: zeros keep their sign") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (const auto function :
         {kernel::tanh, kernel::erf, kernel::sin, kernel::log1p, kernel::expm1})
      for (const double zero : {0.0, -0.0}) {
        const double y = function(Tensor::scalar(zero, dtype)).item();
        CHECK(y == 0);
        CHECK(std::signbit(y) == std::signbit(zero));
      }
}

TEST_CASE("math: sin and cos next to multiples of pi / 2, and around the largest easy angle") {
  // The first is the closest of all doubles, 2^-61 away (Muller 2006); the last are the others.
  for (const double x :
       {6381956970095103 * 0x1p797, 0x1.921fb54442d18p0, 0x1.921fb54442d18p1, 22., 355., 1e22,
        0x1p20, 0x1.0000000000001p20, -0x1.00001p20, 0x1p52, -0x1p53, 0x1.8p54, 0x1p63,
        std::numeric_limits<double>::max(), 823549.66406249, 1647099.3281249998}) {
    CAPTURE(x);
    for (const double angle : {x, -x, std::nextafter(x, 0)}) {
      CHECK(error_in_ulps(at(kernel::sin, angle), std::sin(static_cast<long double>(angle))) <= 1);
      CHECK(error_in_ulps(at(kernel::cos, angle), std::cos(static_cast<long double>(angle))) <= 1);
    }
    const auto narrow = static_cast<float>(x);
    if (std::isinf(narrow)) continue;
    const float y = kernel::sin(Tensor::full({1}, static_cast<double>(narrow))).item<float>();
    CHECK(error_in_ulps(y, std::sin(static_cast<double>(narrow))) <= 1);
  }
}

TEST_CASE("math: an element's result does not depend on where it stands") {
  for (const Function& function : functions) {
    CAPTURE(function.name);
    for (const double value : {-3.3, -0.07, 0.2, 0.91, 5.5}) {
      const float alone = function.here(Tensor::full({1}, value)).item<float>();
      for (const std::int64_t n : {2, 15, 16, 17, 40, 67})
        for (const float each : function.here(Tensor::full({n}, value)).to_vector<float>())
          CHECK((each == alone || (std::isnan(each) && std::isnan(alone))));
    }
  }
}

TEST_CASE("math: values that one knows") {
  CHECK(at(kernel::exp, 0) == 1);
  CHECK(at(kernel::log, 1) == 0);
  CHECK(at(kernel::log, 0) == -infinity);
  CHECK(std::isnan(at(kernel::log, -1)));
  CHECK(at(kernel::sqrt, 9) == 3);
  CHECK(at(kernel::abs, -2) == 2);
  CHECK(at(kernel::erf, infinity) == 1);
  CHECK(at(kernel::cos, 0) == 1);
  CHECK(std::isnan(at(kernel::sin, infinity)));
  CHECK(std::isnan(at(kernel::cos, -infinity)));
  CHECK(at(kernel::log1p, -1) == -infinity);
  CHECK(at(kernel::log1p, infinity) == infinity);
  CHECK(std::isnan(at(kernel::log1p, -1.5)));
  CHECK(at(kernel::expm1, -infinity) == -1);
  CHECK(at(kernel::expm1, infinity) == infinity);
  CHECK(at(kernel::sigmoid, 0) == 0.5);
  CHECK(at(kernel::silu, 0) == 0);
}

TEST_CASE("math: stable at +-1000") {
  CHECK(at(kernel::sigmoid, 1000) == 1);
  CHECK(at(kernel::sigmoid, -1000) == 0);
  CHECK(at(kernel::tanh, 1000) == 1);
  CHECK(at(kernel::silu, -1000) == 0);
  CHECK(at(kernel::silu, 1000) == 1000);
  CHECK(at(kernel::gelu, -1000) == 0);
  CHECK(at(kernel::gelu_tanh, 1000) == 1000);
  const Tensor x = Tensor::from({-1000., 1000.});
  CHECK(kernel::softplus(x, 1, 20).to_vector<double>() == std::vector<double>{0, 1000});
  CHECK(kernel::elu(x, 1).to_vector<double>() == std::vector<double>{-1, 1000});
}

TEST_CASE("math: NaN passes through relu and clamp") {
  CHECK(std::isnan(at(kernel::relu, not_a_number)));
  CHECK(std::isnan(kernel::clamp(Tensor::scalar(not_a_number, DType::float64), -1, 1).item()));
  CHECK(std::isnan(kernel::leaky_relu(Tensor::scalar(not_a_number, DType::float64), 0.1).item()));
}

TEST_CASE("math: the slopes at 0 of relu and abs are 0") {
  const Tensor zero = Tensor::zeros({1}), one = Tensor::ones({1});
  Tensor dx = Tensor::full({1}, 9);
  kernel::relu_into(dx, Write::overwrite, one, zero);
  CHECK(dx.item() == 0);
  kernel::abs_into(dx, Write::overwrite, one, zero);
  CHECK(dx.item() == 0);
}

TEST_CASE("math: integers are refused by name") {
  CHECK_THROWS_WITH_AS(kernel::exp(Tensor::arange(2)),
                       "[exp] expected float32 or float64, got int64", Error);
}
