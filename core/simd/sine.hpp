// sin and cos for arguments of any size, in code that loops make vectors of.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "isa.hpp"
#include "vector_math.hpp"

// x = n pi / 2 + rest, |rest| <= pi / 4. Up to `largest_angle` pi / 2 is subtracted in parts of 33
// bits, whose products with n are exact (Cody and Waite 1980). Beyond, a loop calls sine_beyond or
// cosine_beyond for the few elements it concerns: `reduced_beyond` takes the bits of 2 / pi that
// matter and multiplies in integers (Payne and Hanek 1983). The polynomials are those of fdlibm (Sun
// Microsystems 1993) and of its form for float (Steven G. Kargl, FreeBSD).

namespace plumb::kernel::vector_math {

/// Where sine and cosine are right: their vectors give anything beyond.
template <class T>
inline constexpr T largest_angle = T(0x1p20);

/// The quadrant n, as a whole number, and the rest as the sum of two.
struct ReducedAngle {
  double n, high, low;
};

/// For a finite |x| of any size.
ReducedAngle reduced_beyond(double x);

namespace detail {

constexpr double two_over_pi = 6.36619772367581382433e-01;

// All parts but the last have 33 bits.
PLUMB_INLINE inline ReducedAngle reduced_angle(double x) {
  const double n = (x * two_over_pi + round_double) - round_double;
  const double first = x - n * 1.57079632673412561417e+00;  // exact
  const double second = n * 6.07710050630396597660e-11, third = n * 2.02226624871116645580e-21;
  // Differences with what rounding took from them (Knuth's TwoSum).
  const double a = first - second, from_first = a + second;
  const double lost_first = (first - from_first) - (second - (from_first - a));
  const double b = a - third, from_a = b + third;
  const double lost_a = (a - from_a) - (third - (from_a - b));
  const double rest = (lost_first + lost_a) - n * 8.47842766036889956997e-32;
  const double high = b + rest;
  return {n, high, (b - high) + rest};
}

// The sine of an angle in quadrant n, a whole number, from sine and cosine of what is beyond n right
// angles. In integers, for g++ 12 makes no vectors of the selections.
PLUMB_INLINE inline double in_quadrant(double n, double sine, double cosine) {
  const std::uint64_t quadrant = bits(n + round_double);
  const std::uint64_t odd = 0 - (quadrant & 1), negative = (quadrant & 2) << 62;
  return from_bits(((bits(cosine) & odd) | (bits(sine) & ~odd)) ^ negative);
}

PLUMB_INLINE inline double sine_near_zero(double x, double low) {
  const double z = x * x, w = z * z, v = z * x;
  const double r = 8.33333333332248946124e-03 +
                   z * (-1.98412698298579493134e-04 + z * 2.75573137070700676789e-06) +
                   z * w * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10);
  return x - ((z * (0.5 * low - v * r) - low) - v * -1.66666666666666324348e-01);
}

PLUMB_INLINE inline double cosine_near_zero(double x, double low) {
  const double z = x * x, w = z * z;
  const double r = z * (4.16666666666666019037e-02 +
                        z * (-1.38888888888741095749e-03 + z * 2.48015872894767294178e-05)) +
                   w * w *
                       (-2.75573143513906633035e-07 +
                        z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11));
  const double half = 0.5 * z, near = 1 - half;
  return near + (((1 - near) - half) + (z * r - x * low));
}

// The sine of the angle plus `quarters` right angles.
PLUMB_INLINE inline double sine_of(const ReducedAngle& angle, double quarters) {
  const double sine = sine_near_zero(angle.high, angle.low);
  const double cosine = cosine_near_zero(angle.high, angle.low);
  return in_quadrant(angle.n + quarters, sine, cosine);
}

// To the precision of float, whose angles come nowhere closer than 2^-40 to a multiple of pi / 2.
PLUMB_INLINE inline float sine_in_double(float x, double quarters) {
  const double wide = x;
  const double whole = (wide * two_over_pi + round_double) - round_double;
  const double rest =
      (wide - whole * 1.57079632673412561417e+00) - whole * 6.07710050650619224932e-11;
  const double z = rest * rest, w = z * z, n = whole + quarters;
  const double sine = (rest + z * rest * (-0x1.5555554cbac77p-3 + z * 0x1.11110896efbb2p-7)) +
                      z * rest * w * (-0x1.a00f9e2cae774p-13 + z * 0x1.6cd878c3b46a7p-19);
  const double cosine = ((1 - z * 0x1.ffffffd0c5e81p-2) + w * 0x1.55553e1053a42p-5) +
                        w * z * (-0x1.6c087e80f1e27p-10 + z * 0x1.99342e0ee5069p-16);
  return static_cast<float>(in_quadrant(n, sine, cosine));
}

}  // namespace detail

/// sin(x) for |x| <= largest_angle, infinities and NaN. -0 stays.
PLUMB_INLINE inline double sine(double x) {
  const double of_magnitude = detail::sine_of(detail::reduced_angle(std::abs(x)), 0);
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  return detail::from_bits(detail::bits(of_magnitude) ^ (detail::bits(x) & sign));
}
PLUMB_INLINE inline float sine(float x) {
  const float of_magnitude = detail::sine_in_double(std::abs(x), 0);
  constexpr std::uint32_t sign = std::uint32_t{1} << 31;
  return detail::from_bits(detail::bits(of_magnitude) ^ (detail::bits(x) & sign));
}

/// cos(x) for the same.
PLUMB_INLINE inline double cosine(double x) {
  return detail::sine_of(detail::reduced_angle(std::abs(x)), 1);
}
PLUMB_INLINE inline float cosine(float x) { return detail::sine_in_double(std::abs(x), 1); }

/// The same beyond largest_angle.
template <class T>
T sine_beyond(T x) {
  const double y = detail::sine_of(reduced_beyond(std::abs(static_cast<double>(x))), 0);
  return static_cast<T>(x < 0 ? -y : y);
}
template <class T>
T cosine_beyond(T x) {
  return static_cast<T>(detail::sine_of(reduced_beyond(std::abs(static_cast<double>(x))), 1));
}

}  // namespace plumb::kernel::vector_math
