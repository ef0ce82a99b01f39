#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <plumb/core/io/internal/scalar_text.hpp>

#include "../../support/errors.hpp"

using namespace plumb;
using Scalar = StateDict::Scalar;

namespace {

const detail::Origin place{"load", "a.safetensors"};

Scalar back(const Scalar& scalar) {
  return detail::parse_scalar(place, "x", detail::scalar_text(scalar));
}

std::uint64_t bits(const Scalar& scalar) {
  std::uint64_t out;
  std::memcpy(&out, &std::get<double>(scalar), sizeof out);
  return out;
}

double from_bits(std::uint64_t bits) {
  double out;
  std::memcpy(&out, &bits, sizeof out);
  return out;
}

}  // namespace

TEST_CASE("scalar_text: every kind reads back bit for bit") {
  for (const bool value : {false, true}) CHECK(back(value) == Scalar(value));
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, INT64_MAX, INT64_MIN})
    CHECK(back(value) == Scalar(value));
  for (const char* value : {"", " ", "int64 5", "two\nlines", "\xc3\xa4"})
    CHECK(back(std::string(value)) == Scalar(std::string(value)));
  using Limits = std::numeric_limits<double>;
  for (const double value : {0.0, -0.0, 0.1, 1.0 / 3, 5e-324, -1e308, Limits::infinity(),
                             -Limits::infinity(), Limits::quiet_NaN(), -Limits::quiet_NaN(),
                             from_bits(0x7ff0000000000001), from_bits(0x7ff8dead0000beef)})
    CHECK(bits(back(value)) == bits(value));
}

TEST_CASE("scalar_text: text that is no scalar is refused") {
  for (const char* text : {"", "int64", "int64 ", "int64 5x", "int64 99999999999999999999",
                           "double ", "double nan", "double nan:", "double nan:7ff0000000000000",
                           "double 0.1 ", "bool 1", "string", "float 1"}) {
    CAPTURE(text);
    CHECK(test::contains(test::error_of([&] { detail::parse_scalar(place, "lr", text); }),
                         "[load] a.safetensors: scalar 'lr' reads '"));
  }
}
