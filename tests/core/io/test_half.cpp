#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/core/io/internal/half.hpp>

using namespace plumb::detail;

TEST_CASE("from_float16: normal, subnormal and special values") {
  CHECK(from_float16(0x3c00) == 1);
  CHECK(from_float16(0xc000) == -2);
  CHECK(from_float16(0x7bff) == 65504);
  CHECK(from_float16(0x3555) == 0.333251953125f);
  CHECK(from_float16(0x0001) == std::ldexp(1.f, -24));
  CHECK(from_float16(0x83ff) == -std::ldexp(1023.f, -24));
  CHECK(from_float16(0x0400) == std::ldexp(1.f, -14));
  CHECK(std::signbit(from_float16(0x8000)));
  CHECK(from_float16(0xfc00) == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(from_float16(0x7e01)));
}

TEST_CASE("from_bfloat16: the upper half of a float32") {
  CHECK(from_bfloat16(0x3f80) == 1);
  CHECK(from_bfloat16(0xc049) == -3.140625f);
  CHECK(from_bfloat16(0x0001) == std::ldexp(1.f, -133));
  CHECK(std::isnan(from_bfloat16(0x7fc0)));
}
