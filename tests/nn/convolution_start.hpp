// What the tests of the convolution layers share: how their parameters must start.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <plumb/core/runtime/random.hpp>

namespace plumb::test {

/// Checks that weight and then bias are uniform within 1 / sqrt(fan), as drawn from
/// Generator(seed).
template <class L>
void check_start(const L& layer, std::int64_t fan, std::uint64_t seed) {
  const double bound = 1 / std::sqrt(static_cast<double>(fan));
  Generator generator(seed);
  for (const Variable& p : {layer.weight(), layer.bias()}) {
    Tensor expected = Tensor::empty(p.shape());
    generator.fill_uniform(expected, -bound, bound);
    CHECK(p.value().template to_vector<float>() == expected.template to_vector<float>());
  }
  float largest = 0;
  for (const float value : layer.weight().value().template to_vector<float>())
    largest = std::max(largest, std::abs(value));
  CHECK(largest <= static_cast<float>(bound));
  CHECK(largest > 0.9F * static_cast<float>(bound));
}

}  // namespace plumb::test
