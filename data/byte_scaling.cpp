#include "byte_scaling.hpp"

#include <cmath>

#include "../core/runtime/internal/fail.hpp"

namespace plumb::data {

void ByteScaling::check(const char* operation) const {
  if (dtype == DType::int64) fail(operation, "bytes become float32, float64 or uint8, got int64");
  if (!std::isfinite(mean)) fail(operation, "mean must be finite, got ", mean);
  if (!(deviation > 0) || !std::isfinite(deviation))
    fail(operation, "deviation must be finite and > 0, got ", deviation);
  if (dtype == DType::uint8 && (mean != 0 || deviation != 1))
    fail(operation, "mean and deviation need a floating-point dtype, got uint8");
}

}  // namespace plumb::data
