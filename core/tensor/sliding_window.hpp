// SlidingWindow: how a window moves along one axis of its input.
#pragma once

#include <cstdint>
#include <string_view>

#include "shape.hpp"

namespace plumb {

/// A window of `kernel` elements, `dilation` apart, that moves by `stride` over an axis with
/// `padding` elements added at either end.
struct SlidingWindow {
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  std::int64_t dilation = 1;
};

/// Whether the last window may hang over the end of the padded input, where those before it leave
/// elements out. It begins in the input or in the padding before it, as in PyTorch.
enum class CeilMode : std::uint8_t { no, yes };

/// Throws "[operation] the stride along h must be at least 1, got 0" and the like, for kernel,
/// stride and dilation below 1 and a padding that is negative or more than half of the kernel.
void check_window(std::string_view operation, std::string_view axis, const SlidingWindow& window);

/// How many positions a window has along an axis of `shape`; check_window comes first. Throws, with
/// the shape, where the axis is empty, or shorter than the window even when padded (with
/// CeilMode::yes: by a stride or more).
std::int64_t window_positions(std::string_view operation, std::string_view axis,
                              const SlidingWindow& window, const Shape& shape, int axis_index,
                              CeilMode ceil_mode = CeilMode::no);

}  // namespace plumb
