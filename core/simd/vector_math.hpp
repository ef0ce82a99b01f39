// exp, log, tanh, erf and the like as polynomials, in code that loops make vectors of.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "isa.hpp"

// There are no branches, calls or tables in them, so that compilers vectorise a loop over any of
// them, and a result does not depend on where in a loop its element stands. Errors are below 3
// units in the last place for all inputs, also where the result is subnormal. Zeros, infinities and
// NaN give what the standard library gives. erf of double is the standard library's.

namespace plumb::kernel::vector_math {

namespace detail {

// Unsigned, so that the bits of NaN may run over.
PLUMB_INLINE inline std::uint32_t bits(float x) {
  std::uint32_t result;
  std::memcpy(&result, &x, sizeof x);
  return result;
}
PLUMB_INLINE inline std::uint64_t bits(double x) {
  std::uint64_t result;
  std::memcpy(&result, &x, sizeof x);
  return result;
}
PLUMB_INLINE inline float from_bits(std::uint32_t x) {
  float result;
  std::memcpy(&result, &x, sizeof x);
  return result;
}
PLUMB_INLINE inline double from_bits(std::uint64_t x) {
  double result;
  std::memcpy(&result, &x, sizeof x);
  return result;
}

// Adding this number rounds to an integer, which then stands in the lowest bits.
constexpr float round_float = 0x1.8p23F;
constexpr double round_double = 0x1.8p52;

// 2^n for an integer n between the exponents of normal numbers.
PLUMB_INLINE inline float power_of_two(float n) {
  return from_bits((bits(n + round_float) - bits(round_float) + 127) << 23);
}
PLUMB_INLINE inline double power_of_two(double n) {
  return from_bits((bits(n + round_double) - bits(round_double) + 1023) << 52);
}

// x = n log 2 + rest, |rest| <= log(2) / 2, and exp(rest) - 1 = fraction.
template <class T>
struct Reduced;

template <>
struct Reduced<float> {
  float n, fraction;

  PLUMB_INLINE explicit Reduced(float x) {
    n = (x * 1.44269504F + round_float) - round_float;
    // log 2 in two parts, of which the first has few digits: its product with n is exact.
    const float rest = (x - n * 0.693359375F) + n * 2.12194440e-4F;
    // Cephes' polynomial (Moshier 1989), for exp on [-log(2) / 2, log(2) / 2].
    float p = 1.9875691500e-4F;
    p = p * rest + 1.3981999507e-3F;
    p = p * rest + 8.3334519073e-3F;
    p = p * rest + 4.1665795894e-2F;
    p = p * rest + 1.6666665459e-1F;
    p = p * rest + 5.0000001201e-1F;
    fraction = (p * rest) * rest + rest;
  }
};

template <>
struct Reduced<double> {
  double n, fraction;

  PLUMB_INLINE explicit Reduced(double x) {
    n = (x * 1.4426950408889634 + round_double) - round_double;
    const double rest = (x - n * 6.93147180369123816490e-1) - n * 1.90821492927058770002e-10;
    double p = 1.0 / 6227020800;  // Taylor: the term of rest^14 is below 2^-57
    p = p * rest + 1.0 / 479001600;
    p = p * rest + 1.0 / 39916800;
    p = p * rest + 1.0 / 3628800;
    p = p * rest + 1.0 / 362880;
    p = p * rest + 1.0 / 40320;
    p = p * rest + 1.0 / 5040;
    p = p * rest + 1.0 / 720;
    p = p * rest + 1.0 / 120;
    p = p * rest + 1.0 / 24;
    p = p * rest + 1.0 / 6;
    p = p * rest + 0.5;
    fraction = (p * rest) * rest + rest;
  }
};

// exp(x) between the bounds beyond which the result is 0 or infinite.
template <class T>
PLUMB_INLINE inline T exp_between(T x, T low, T high, T round) {
  const T above = x < low ? low : x;
  const Reduced<T> reduced(above > high ? high : above);
  // In two steps: a result may be denormal, or just below infinity with 2^128 as its power.
  const T half = (reduced.n * T(0.5) + round) - round;
  return ((1 + reduced.fraction) * power_of_two(half)) * power_of_two(reduced.n - half);
}

// The logarithm that was found for x > 0, or what it is elsewhere.
template <class T>
PLUMB_INLINE inline T log_or_special(T x, T found) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const T at_zero = x == 0 ? -infinity : std::numeric_limits<T>::quiet_NaN();
  const T finite = x > 0 ? found : at_zero;
  return x == infinity ? x : finite;
}

}  // namespace detail

PLUMB_INLINE inline float exp(float x) {
  return detail::exp_between(x, -104.0F, 89.0F, detail::round_float);
}
PLUMB_INLINE inline double exp(double x) {
  return detail::exp_between(x, -746.0, 710.0, detail::round_double);
}

/// exp(x) for x <= 0, in fewer steps: the smallest normal number or so where it would be below. Above
/// 0: anything.
PLUMB_INLINE inline float exp_of_negative(float x) {
  const detail::Reduced<float> reduced(x < -87 ? -87.0F : x);
  const float power = detail::power_of_two(reduced.n);
  return power * reduced.fraction + power;
}
PLUMB_INLINE inline double exp_of_negative(double x) {
  const detail::Reduced<double> reduced(x < -708 ? -708.0 : x);
  const double power = detail::power_of_two(reduced.n);
  return power * reduced.fraction + power;
}

/// exp(x) - 1 for x <= 0, which keeps its digits near 0. Above 0: anything.
template <class T>
PLUMB_INLINE inline T expm1_of_negative(T x) {
  const detail::Reduced<T> reduced(x < -40 ? T(-40) : x);  // beyond, -1
  const T power = detail::power_of_two(reduced.n);
  return power * reduced.fraction + (power - 1);
}

/// exp(x) - 1, which keeps its digits near 0.
template <class T>
PLUMB_INLINE inline T expm1(T x) {
  constexpr T low = -40, high = std::is_same_v<T, float> ? 89 : 710;  // beyond, -1 and infinite
  const T above = x < low ? low : x;
  const detail::Reduced<T> reduced(above > high ? high : above);
  // Half of the power: 2^128 and 2^1024 are infinite.
  const T half = detail::power_of_two(reduced.n - 1);
  const T y = 2 * (half * reduced.fraction + (half - T(0.5)));
  return std::abs(x) < std::numeric_limits<T>::epsilon() / 4 ? x : y;
}

namespace detail {

// log(x) for x > 0, to which `more` is added before the last rounding: a sum of its own for log1p,
// No for log.
struct No {};
template <class T>
PLUMB_INLINE inline T with(T x, T more) {
  return x + more;
}
template <class T>
PLUMB_INLINE inline T with(T x, No) {
  return x;
}

template <class More>
PLUMB_INLINE inline float log_and(float x, More more) {
  // A denormal is made normal first.
  const bool tiny = x < std::numeric_limits<float>::min();
  const float scaled = tiny ? x * 0x1p23F : x;
  // scaled = (1 + m) 2^n with 1 + m in [sqrt(1/2), sqrt(2)).
  constexpr std::uint32_t sqrt_half = 0x3f3504f3;
  const std::uint32_t shifted = bits(scaled) - sqrt_half;
  const float m = from_bits((shifted & 0x7fffff) + sqrt_half) - 1;
  const float n = static_cast<float>(static_cast<std::int32_t>(shifted) >> 23) - (tiny ? 23 : 0);
  // Cephes' polynomial (Moshier 1989), for log(1 + m).
  float p = 7.0376836292e-2F;
  p = p * m - 1.1514610310e-1F;
  p = p * m + 1.1676998740e-1F;
  p = p * m - 1.2420140846e-1F;
  p = p * m + 1.4249322787e-1F;
  p = p * m - 1.6668057665e-1F;
  p = p * m + 2.0000714765e-1F;
  p = p * m - 2.4999993993e-1F;
  p = p * m + 3.3333331174e-1F;
  const float square = m * m;
  const float tail = with((p * m) * square - n * 2.12194440e-4F, more);
  return (m + (tail - 0.5F * square)) + n * 0.693359375F;
}

template <class More>
PLUMB_INLINE inline double log_and(double x, More more) {
  const bool tiny = x < std::numeric_limits<double>::min();
  const double scaled = tiny ? x * 0x1p52 : x;
  constexpr std::uint64_t sqrt_half = 0x3fe6a09e667f3bcd, one = std::uint64_t{1} << 52;
  const std::uint64_t shifted = bits(scaled) - sqrt_half;
  const double m = from_bits((shifted & (one - 1)) + sqrt_half) - 1;
  // n + 1024 as the lowest bits of a number of which 2^52 is subtracted: vectors of 64-bit integers
  // are neither converted nor shifted with their sign before AVX-512.
  const std::uint64_t above = (shifted + (one << 10)) >> 52;
  const double n = (from_bits(above | bits(0x1p52)) - 0x1p52) - (tiny ? 1076 : 1024);
  // log(1 + m) = 2 atanh(s), s = m / (2 + m), as in fdlibm (Sun Microsystems 1993).
  const double s = m / (2 + m), square = s * s;
  double p = 1.479819860511658591e-1;
  p = p * square + 1.531383769920937332e-1;
  p = p * square + 1.818357216161805012e-1;
  p = p * square + 2.222219843214978396e-1;
  p = p * square + 2.857142874366239149e-1;
  p = p * square + 3.999999999940941908e-1;
  p = p * square + 6.666666666666735130e-1;
  const double half = 0.5 * m * m;
  const double tail = with(s * (half + p * square) + n * 1.90821492927058770002e-10, more);
  return n * 6.93147180369123816490e-1 - ((half - tail) - m);
}

}  // namespace detail

template <class T>
PLUMB_INLINE inline T log(T x) {
  return detail::log_or_special(x, detail::log_and(x, detail::No()));
}

/// log(1 + x), which keeps its digits near 0.
template <class T>
PLUMB_INLINE inline T log1p(T x) {
  const T sum = 1 + x;
  // What rounding took from the smaller of both.
  const T lost = x < 1 ? x - (sum - 1) : 1 - (sum - x);
  const T y = detail::log_or_special(sum, detail::log_and(sum, lost / sum));
  return std::abs(x) < std::numeric_limits<T>::epsilon() / 4 ? x : y;
}

/// log(1 + x) for x in [0, 1], which keeps its digits near 0.
template <class T>
PLUMB_INLINE inline T log1p_of_fraction(T x) {
  const T sum = 1 + x;
  const T lost = x - (sum - 1);
  return log(sum) + lost / sum;
}

template <class T>
PLUMB_INLINE inline T tanh(T x) {
  const T part = expm1_of_negative(-2 * std::abs(x));
  return std::copysign(part / (part + 2), x);
}

PLUMB_INLINE inline float erf(float x) {
  // erf(x) = x + x p(x^2) near 0 and 1 - exp(a q(a) - a) beyond, with p and q fitted to the least
  // largest relative error; from a = 4 on erf is 1.
  const float square = x * x;
  float p = -5.94121928e-4F;
  p = p * square + 4.98346891e-3F;
  p = p * square - 2.67600287e-2F;
  p = p * square + 1.12816356e-1F;
  p = p * square - 3.76124769e-1F;
  p = p * square + 1.28379151e-1F;
  const float near = p * x + x;
  const float magnitude = std::abs(x), a = magnitude < 4 ? magnitude : 4.0F;
  float q = 2.13984953e-4F;
  q = q * a - 3.21495556e-3F;
  q = q * a + 2.28899643e-2F;
  q = q * a - 1.05261840e-1F;
  q = q * a - 6.35718286e-1F;
  q = q * a - 1.28514364e-1F;
  const float far = std::copysign(1 - exp(q * a - a), x);
  return magnitude > 0.93F ? far : near;
}

PLUMB_INLINE inline double erf(double x) { return std::erf(x); }

/// 1 / (1 + exp(-x)): exp of minus the magnitude never overflows, on either side.
template <class T>
PLUMB_INLINE inline T logistic(T x) {
  const T e = exp(-std::abs(x));
  return (x < 0 ? e : T(1)) / (T(1) + e);
}

/// a b, but 0 where a is, whatever b is: infinite, or NaN.
template <class T>
PLUMB_INLINE inline T product_or_0(T a, T b) {
  const T product = a * b;
  return a == 0 ? T(0) : product;
}

/// log(1 + exp(x)) - max(x, 0) = log(1 + exp(-|x|)).
template <class T>
PLUMB_INLINE inline T softplus_rest(T x) {
  return log1p_of_fraction(exp(-std::abs(x)));
}

}  // namespace plumb::kernel::vector_math
