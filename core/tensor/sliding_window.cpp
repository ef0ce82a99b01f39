#include "sliding_window.hpp"

#include "../runtime/internal/fail.hpp"

namespace plumb {

void check_window(std::string_view operation, std::string_view axis, const SlidingWindow& window) {
  const auto check_positive = [&](std::string_view name, std::int64_t value) {
    if (value < 1)
      fail(operation, "the ", name, " along ", axis, " must be at least 1, got ", value);
  };
  check_positive("kernel", window.kernel);
  check_positive("stride", window.stride);
  check_positive("dilation", window.dilation);
  if (window.padding < 0)
    fail(operation, "the padding along ", axis, " must not be negative, got ", window.padding);
  if (window.padding > window.kernel / 2)
    fail(operation, "the padding along ", axis, " must be at most half of the kernel ",
         window.kernel, ", got ", window.padding);
}

std::int64_t window_positions(std::string_view operation, std::string_view axis,
                              const SlidingWindow& window, const Shape& shape, int axis_index,
                              CeilMode ceil_mode) {
  const std::int64_t size = shape[axis_index];
  if (size < 1) fail(operation, "the input has no elements along ", axis, ": ", shape);
  // Unsigned: two paddings are at most one kernel, so that nothing here overflows.
  const auto begun = static_cast<std::uint64_t>(size) + static_cast<std::uint64_t>(window.padding);
  const auto padded = begun + static_cast<std::uint64_t>(window.padding);
  const auto steps = static_cast<std::uint64_t>(window.kernel - 1);
  const auto dilation = static_cast<std::uint64_t>(window.dilation);
  const auto stride = static_cast<std::uint64_t>(window.stride);
  if (steps > 0 && dilation > (padded - 1) / steps) {
    std::uint64_t last_tap;  // of the first window
    if (ceil_mode == CeilMode::yes && !__builtin_mul_overflow(dilation, steps, &last_tap) &&
        last_tap - (padded - 1) < stride)
      return 1;
    fail(operation, "the kernel is larger than the padded input along ", axis, ": kernel ",
         window.kernel, ", dilation ", window.dilation, ", padding ", window.padding, ", input ",
         shape);
  }
  const std::uint64_t rest = padded - 1 - dilation * steps;
  std::uint64_t last = rest / stride;
  // One more window, if it begins before the padding at the end.
  if (ceil_mode == CeilMode::yes && rest % stride != 0 && last < (begun - 1) / stride) ++last;
  return static_cast<std::int64_t>(last) + 1;
}

}  // namespace plumb
