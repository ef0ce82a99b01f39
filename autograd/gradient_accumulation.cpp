#include "gradient_accumulation.hpp"

#include <cmath>

#include "../core/runtime/internal/fail.hpp"
#include "ops/arithmetic.hpp"

namespace plumb {

GradientAccumulation::GradientAccumulation(double count) : count_(count) {
  if (!(count > 0) || !std::isfinite(count))
    fail("GradientAccumulation", "count must be positive and finite, got ", count);
}

void GradientAccumulation::add(const Variable& sum) {
  if (!sum.defined() || sum.numel() != 1)
    fail("GradientAccumulation", "expected the sum of a part's losses, one number, got ",
         sum.defined() ? to_string(sum.shape()) : "an undefined variable");
  (sum / count_).backward();
  sum_ += sum.item();
}

}  // namespace plumb
