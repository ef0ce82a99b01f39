// Convolutions of signals and images, and the transposed convolution.
#pragma once

#include <string_view>

#include "../../core/tensor/size2d.hpp"
#include "../variable.hpp"

namespace plumb {

struct Conv1dOptions {
  std::int64_t stride = 1;    ///< Step of the window, >= 1.
  std::int64_t padding = 0;   ///< Zeros on either side of the input, >= 0.
  std::int64_t dilation = 1;  ///< Step between the elements that a window sees, >= 1.
  /// Parts that the channels are split into, each convolved by itself, >= 1. As many as there are
  /// channels: a window for each channel (depthwise).
  std::int64_t groups = 1;

  /// Throws "[operation] stride must be in [1, 2^31), got 0" and the like. The operations and
  /// layers check their options themselves.
  void check(std::string_view operation) const;
};

/// One number stands for both axes: {2, 1} is a stride of 2 and a padding of 1, {{2, 1}, 1} a
/// stride of 2 along the height and 1 along the width.
struct Conv2dOptions {
  Size2d stride = 1;    ///< Steps of the window, >= 1.
  Size2d padding = 0;   ///< Zeros on either side of the input, >= 0.
  Size2d dilation = 1;  ///< Steps between the elements that a window sees, >= 1.
  /// Parts that the channels are split into, each convolved by itself, >= 1. As many as there are
  /// channels: a window for each channel (depthwise).
  std::int64_t groups = 1;

  /// Throws "[operation] stride must be in [1, 2^31), got [0, 1]" and the like.
  void check(std::string_view operation) const;
};

struct ConvTranspose1dOptions {
  std::int64_t stride = 1;   ///< Step between the windows of the result, >= 1.
  std::int64_t padding = 0;  ///< Cut off either side of the result, >= 0.
  /// Added to the end of the result, in [0, max(stride, dilation)). A convolution with a stride gives
  /// the same size for several sizes of its input; this says which one comes back.
  std::int64_t output_padding = 0;
  std::int64_t dilation = 1;  ///< Step between the elements of a window, >= 1.
  std::int64_t groups = 1;    ///< Parts that the channels are split into, >= 1.

  /// Throws "[operation] stride must be in [1, 2^31), got 0" and the like.
  void check(std::string_view operation) const;
};

struct ConvTranspose2dOptions {
  Size2d stride = 1;   ///< Steps between the windows of the result, >= 1.
  Size2d padding = 0;  ///< Cut off either side of the result, >= 0.
  /// Added to the lower and right end of the result, in [0, max(stride, dilation)). A convolution
  /// with a stride gives the same size for several sizes of its input; this says which one comes
  /// back.
  Size2d output_padding = 0;
  Size2d dilation = 1;      ///< Steps between the elements of a window, >= 1.
  std::int64_t groups = 1;  ///< Parts that the channels are split into, >= 1.

  /// Throws "[operation] stride must be in [1, 2^31), got [0, 1]" and the like.
  void check(std::string_view operation) const;
};

/// x [n, in, l], w [out, in / groups, k] and bias [out] or undefined -> [n, out, ol] with
///   y[n, o, p] = bias[o] + sum over c, i of w[o, c, i] x[n, c, stride p - padding + dilation i],
///   ol = (l + 2 padding - dilation (k - 1) - 1) / stride + 1, rounded down.
/// Each group of out / groups outputs sees only its own in / groups inputs. As in PyTorch the
/// kernel is not flipped; unlike there x must have the axis n.
///
/// Throws "[conv1d] ..." with the shapes where these do not fit, where the window is larger than
/// the padded input and for empty signals and kernels; and for options out of range. n and the
/// numbers of channels may be 0.
Variable conv1d(const Variable& x, const Variable& w, const Variable& bias = Variable(),
                const Conv1dOptions& options = {});

/// The same over two axes: x [n, in, h, w], w [out, in / groups, kh, kw] -> [n, out, oh, ow].
///
///     Variable y = conv2d(x, w, bias, {1, 2});  // 5 x 5 windows: as large as x
Variable conv2d(const Variable& x, const Variable& w, const Variable& bias = Variable(),
                const Conv2dOptions& options = {});

/// max_pool2d(conv2d(x, w, bias, options), 2), with the same bits, without storing the result of conv2d and its
/// gradient where Winograd's algorithm serves (3 x 3 windows, multiples of 16 channels; docs/kernels.md).
/// Throws as these two.
Variable conv2d_max_pool2d(const Variable& x, const Variable& w, const Variable& bias = Variable(),
                           const Conv2dOptions& options = {});

/// What conv1d does to the gradient of its result, as a forward operation: x [n, in, l],
/// w [in, out / groups, k] and bias [out] or undefined -> [n, out, ol] with
///   y = bias + x[n, c, p] w[c, o, i] summed into [n, o, stride p - padding + dilation i],
///   ol = (l - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1.
///
/// Throws "[conv_transpose1d] ..." as conv1d, and where the result would have no elements.
Variable conv_transpose1d(const Variable& x, const Variable& w, const Variable& bias = Variable(),
                          const ConvTranspose1dOptions& options = {});

/// What conv2d does to the gradient of its result, as a forward operation: x [n, in, h, w],
/// w [in, out / groups, kh, kw] and bias [out] or undefined -> [n, out, oh, ow] with
///   y = bias + x[n, c, p, q] w[c, o, i, j] summed into [n, o, stride p - padding + dilation i,
///   ...], oh = (h - 1) stride - 2 padding + dilation (kh - 1) + output_padding + 1.
///
/// Throws "[conv_transpose2d] ..." as conv2d, and where the result would have no rows or columns.
Variable conv_transpose2d(const Variable& x, const Variable& w, const Variable& bias = Variable(),
                          const ConvTranspose2dOptions& options = {});

}  // namespace plumb
