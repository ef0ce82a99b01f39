#include "sine.hpp"

namespace plumb::kernel::vector_math {
namespace {

// The bits of 2 / pi behind the point, after 64 zeros: as many as the largest double needs.
constexpr std::uint64_t bits_of_two_over_pi[] = {
    0,
    0xa2f9836e4e441529,
    0xfc2757d1f534ddc0,
    0xdb6295993c439041,
    0xfe5163abdebbc561,
    0xb7246e3a424dd2e0,
    0x06492eea09d1921c,
    0xfe1deb1cb129a73e,
    0xe88235f52ebb4484,
    0xe99c7026b45f7e41,
    0x3991d639835339f4,
    0x9c845f8bbdf9283b,
    0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f,
    0x6d367ecf27cb09b7,
    0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea,
    0x6bfb5fb11f8d5d08,
    0x56033046fc7b6bab,
    0xf0cfbc209af4361d,
};

// 64 of them, the first being the one of value 2^-first, first >= -63.
std::uint64_t bits_from(int first) {
  const int at = first + 63, word = at / 64, shift = at % 64;
  const std::uint64_t left = bits_of_two_over_pi[word] << shift;
  return shift == 0 ? left : left | bits_of_two_over_pi[word + 1] >> (64 - shift);
}

// The upper and the lower half of a product.
std::uint64_t multiply(std::uint64_t a, std::uint64_t b, std::uint64_t& low) {
  constexpr std::uint64_t half = 0xffffffff;
  const std::uint64_t corner = (a & half) * (b & half);
  const std::uint64_t side = (a >> 32) * (b & half) + (corner >> 32);
  const std::uint64_t other = (a & half) * (b >> 32) + (side & half);
  low = other << 32 | (corner & half);
  return (a >> 32) * (b >> 32) + (side >> 32) + (other >> 32);
}

}  // namespace

ReducedAngle reduced_beyond(double x) {
  int exponent;
  const double fraction = std::frexp(std::abs(x), &exponent);
  const auto m = static_cast<std::uint64_t>(std::ldexp(fraction, 53));  // x = m 2^(exponent - 53)
  // m times the bits of 2 / pi from the one that counts twice a right angle, modulo 2^192: two bits
  // of n and 190 behind the point. Bits before are multiples of four right angles, those after do
  // not reach 2^-137, and no double is closer than 2^-62 to a multiple of pi / 2 (Muller 2006).
  const int first = exponent - 53 - 1;
  std::uint64_t low, middle;
  const std::uint64_t carry_low = multiply(m, bits_from(first + 128), low);
  const std::uint64_t carry_middle = multiply(m, bits_from(first + 64), middle);
  std::uint64_t high = m * bits_from(first) + carry_middle;
  middle += carry_low;
  high += middle < carry_low ? 1 : 0;
  // n is rounded to the nearest: the rest has a sign.
  const std::uint64_t n = (high >> 62) + (high >> 61 & 1);
  bool negative = (high >> 61 & 1) != 0;
  high &= (std::uint64_t{1} << 62) - 1;
  if (negative) {  // 1 - rest
    low = ~low + 1;
    middle = ~middle + (low == 0 ? 1 : 0);
    high = (std::uint64_t{1} << 62) - 1 - high + (low == 0 && middle == 0 ? 1 : 0);
  }
  // Three parts of whole numbers, exact: 2^-62, 2^-94 and 2^-126 times at most 62, 32 and 32 bits. The
  // first goes in two, for a double has 53.
  const double parts[] = {std::ldexp(static_cast<double>(high >> 31), 31 - 62),
                          std::ldexp(static_cast<double>(high & 0x7fffffff), -62),
                          std::ldexp(static_cast<double>(middle >> 32), -94),
                          std::ldexp(static_cast<double>(middle & 0xffffffff), -126),
                          std::ldexp(static_cast<double>(low >> 32), -158)};
  double turns = 0, lost = 0;  // their sum, from the smallest, in two
  for (int i = 4; i >= 0; --i) {
    const double sum = parts[i] + turns;  // of which the second is the smaller
    lost += turns - (sum - parts[i]);
    turns = sum;
  }
  const double sum = turns + lost;
  lost -= sum - turns;
  // pi / 2 in two parts.
  constexpr double right_angle = 1.57079632679489655800e+00, rest = 6.12323399573676603587e-17;
  const double product = sum * right_angle;
  const double error = std::fma(sum, right_angle, -product) + (sum * rest + lost * right_angle);
  const double whole = product + error, sign = negative ? -1 : 1;
  return {static_cast<double>(n), sign * whole, sign * ((product - whole) + error)};
}

}  // namespace plumb::kernel::vector_math
