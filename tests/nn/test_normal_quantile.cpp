#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <plumb/nn/internal/normal_quantile.hpp>

#include "../support/special_values.hpp"

using plumb::nn::detail::normal_quantile;
using plumb::test::infinity;

TEST_CASE("normal_quantile: 15 digits from the centre to the far tail") {
  // Roots of the distribution function in 40 digits (mpmath).
  const double values[][2] = {{1e-300, -37.047096299361199237}, {1e-20, -9.2623400897984075796},
                              {1e-5, -4.2648907939228246102},   {0.01, -2.3263478740408410931},
                              {0.075, -1.4395314709384559349},  {0.3, -0.52440051270804081597},
                              {0.9, 1.2815515655446005935},     {0.975, 1.9599639845400538556}};
  for (const auto& value : values) {
    const double p = value[0];
    const double z = value[1];
    CAPTURE(p);
    CHECK(std::abs(normal_quantile(p) - z) <= 1e-15 * std::abs(z));
  }
  CHECK(normal_quantile(0.5) == 0);
}

TEST_CASE("normal_quantile: is infinite at 0 and 1") {
  CHECK(normal_quantile(0) == -infinity);
  CHECK(normal_quantile(1) == infinity);
}
