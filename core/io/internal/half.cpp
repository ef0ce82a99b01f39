#include "half.hpp"

#include <cmath>
#include <cstring>

namespace plumb::detail {
namespace {

float from_bits(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace

float from_float16(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t{bits} >> 15 << 31;
  const std::uint32_t exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent == 0) {  // zero and subnormals: fraction * 2^-24
    const float magnitude = std::ldexp(static_cast<float>(fraction), -24);
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 127 - 15;
  return from_bits(sign | wide << 23 | fraction << 13);
}

float from_bfloat16(std::uint16_t bits) { return from_bits(std::uint32_t{bits} << 16); }

}  // namespace plumb::detail
