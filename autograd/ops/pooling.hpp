// Pooling: the largest element or the mean of windows of an image or a signal.
#pragma once

#include <optional>

#include "../../core/tensor/size2d.hpp"
#include "../../core/tensor/sliding_window.hpp"
#include "../variable.hpp"

namespace plumb {

// Images are [n, c, h, w], signals [n, c, l]; n and c may be 0. (PyTorch also takes them without
// n.) Each channel is pooled by itself. A window that moves gives
//   out = (in + 2 padding - dilation (kernel - 1) - 1) / stride + 1
// elements along an axis, rounded down: elements that no whole window reaches are left out. With
// CeilMode::yes it is rounded up, but for a last window that would begin in the padding at the end.
//
// All throw "[max_pool2d] ..." for inputs of another rank or without elements along a pooled axis,
// for kernel, stride or dilation below 1, for a padding that is negative or more than half of the
// kernel, and for a kernel that is larger than the padded input; and for integers.

/// Size is std::int64_t for signals, Size2d for images.
template <class Size>
struct MaxPoolOptions {
  /// How far the window moves. Without one: by the kernel.
  std::optional<Size> stride = {};
  /// Elements added at either end, which are never the largest: at most half of the kernel.
  Size padding = 0;
  /// Distance of the elements in a window.
  Size dilation = 1;
  /// Whether a last window may hang over the end: what it sees there is never the largest.
  CeilMode ceil_mode = CeilMode::no;
};
using MaxPool1dOptions = MaxPoolOptions<std::int64_t>;
using MaxPool2dOptions = MaxPoolOptions<Size2d>;

/// The largest element of each window: [n, c, l] -> [n, c, out].
///
/// NaN counts as largest. The gradient goes to the first of the largest in row-major order, as in
/// PyTorch, and to the first of several NaNs (PyTorch: the last). With dilation a window may hold
/// nothing but padding: it gives -infinity and has no gradient.
Variable max_pool1d(const Variable& x, std::int64_t kernel, const MaxPool1dOptions& options = {});
/// The same for images: [n, c, h, w] -> [n, c, out_h, out_w].
Variable max_pool2d(const Variable& x, Size2d kernel, const MaxPool2dOptions& options = {});

/// Whether the zeros of the padding count in the number that a mean divides by.
enum class CountPadding : std::uint8_t { no, yes };

/// Size is std::int64_t for signals, Size2d for images.
template <class Size>
struct AvgPoolOptions {
  /// How far the window moves. Without one: by the kernel.
  std::optional<Size> stride = {};
  /// Zeros added at either end: at most half of the kernel.
  Size padding = 0;
  CountPadding count_padding = CountPadding::yes;
  /// Whether a last window may hang over the end of the padding: what it sees there is no element
  /// and never counts.
  CeilMode ceil_mode = CeilMode::no;
};
using AvgPool1dOptions = AvgPoolOptions<std::int64_t>;
using AvgPool2dOptions = AvgPoolOptions<Size2d>;

/// The mean of each window, summed in double: [n, c, l] -> [n, c, out].
Variable avg_pool1d(const Variable& x, std::int64_t kernel, const AvgPool1dOptions& options = {});
/// The same for images: [n, c, h, w] -> [n, c, out_h, out_w].
Variable avg_pool2d(const Variable& x, Size2d kernel, const AvgPool2dOptions& options = {});

/// The means of `output` windows: [n, c, l] -> [n, c, output]. Window i is
/// [i l / output, (i + 1) l / output), rounded outwards: the windows have nearly the same size and
/// overlap where output does not divide l. `output` is at least 1 and may exceed l.
Variable adaptive_avg_pool1d(const Variable& x, std::int64_t output);
/// The same for images: [n, c, h, w] -> [n, c, output]. {1, 1} takes the mean of each channel.
Variable adaptive_avg_pool2d(const Variable& x, Size2d output);

/// The largest elements of the same windows: [n, c, l] -> [n, c, output]. NaN counts as largest; the
/// gradient goes to the first of the largest in row-major order.
Variable adaptive_max_pool1d(const Variable& x, std::int64_t output);
/// The same for images: [n, c, h, w] -> [n, c, output]. {1, 1} takes the largest of each channel.
Variable adaptive_max_pool2d(const Variable& x, Size2d output);

}  // namespace plumb
