// 16-bit floating-point numbers, as other programs store them, to float32. Exact for every value.
#pragma once

#include <cstdint>

namespace plumb::detail {

// IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction.
float from_float16(std::uint16_t bits);
// bfloat16: the upper half of a float32.
float from_bfloat16(std::uint16_t bits);

}  // namespace plumb::detail
