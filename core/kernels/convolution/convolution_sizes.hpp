// The sizes of a convolution, as every algorithm for it takes them.
#pragma once

#include <algorithm>
#include <utility>

#include "convolution.hpp"

namespace plumb::kernel {

/// a / b rounded up; 0 for a negative a.
inline std::int64_t ceil_divide(std::int64_t a, std::int64_t b) {
  return a <= 0 ? 0 : (a + b - 1) / b;
}

/// x [images, channels, image], w [outputs, channels / groups, kernel], y [images, outputs,
/// result].
struct ConvolutionSizes {
  ConvolutionSizes(const Shape& x, const Shape& w, const Shape& y, const Windows& windows)
      : images(x[0]),
        channels(x[1]),
        outputs(y[1]),
        image(x[2], x[3]),
        kernel(w[2], w[3]),
        result(y[2], y[3]),
        windows(windows) {}

  /// Elements of one channel of x and of y.
  std::int64_t image_plane() const { return image.height * image.width; }
  std::int64_t result_plane() const { return result.height * result.width; }
  /// Elements of x that go into one element of y; of all groups, and of its own.
  std::int64_t column() const { return channels * kernel.height * kernel.width; }
  std::int64_t group_column() const { return column() / windows.groups; }
  std::int64_t group_outputs() const { return outputs / windows.groups; }
  /// Elements of w.
  std::int64_t weights() const { return outputs * group_column(); }
  /// Multiply-adds for one image, and copies of its elements: of an empty batch they may overflow.
  double work() const {
    return static_cast<double>(weights() + column()) * static_cast<double>(result_plane());
  }

  /// Images that one thread takes at a time where each is written apart.
  std::int64_t images_at_once() const {
    return static_cast<std::int64_t>(std::clamp(1e6 / (work() + 1), 1.0, 1e6));
  }
  /// Images whose weight gradients are summed one after the other. Up to 64 blocks share the batch,
  /// so that threads find work and no sum is one long chain of roundings (60000 images in one err
  /// by 3e-6, in 64 by 1e-7); fewer where adding the blocks up would cost more than the products.
  std::int64_t images_in_block() const {
    const std::int64_t most =
        std::clamp<std::int64_t>((std::int64_t{1} << 22) / (weights() + 1), 8, 64);
    const std::int64_t block =
        std::max(std::min<std::int64_t>(8, ceil_divide(images, 8)), ceil_divide(images, most));
    return std::max<std::int64_t>(block, 1);
  }

  /// Whether y has a row and a column for every place where a window fits. A transposed convolution
  /// with an output padding leaves the last ones out.
  bool has_all_positions() const {
    const auto last = [](std::int64_t size, std::int64_t kernel, std::int64_t padding,
                         std::int64_t dilation) {
      return size + 2 * padding - dilation * (kernel - 1) - 1;
    };
    const std::int64_t down =
        last(image.height, kernel.height, windows.padding.height, windows.dilation.height);
    const std::int64_t right =
        last(image.width, kernel.width, windows.padding.width, windows.dilation.width);
    return result.height == down / windows.stride.height + 1 &&
           result.width == right / windows.stride.width + 1;
  }

  /// The convolution with the kernel turned round that leads from the gradient of y to that of x,
  /// for a stride of 1. Its padding is negative where x had more of it than a window reaches. Where
  /// not has_all_positions(), its last windows hang over the padded image.
  ConvolutionSizes backwards() const {
    ConvolutionSizes s = *this;
    std::swap(s.channels, s.outputs);
    std::swap(s.image, s.result);
    s.windows.padding = {windows.dilation.height * (kernel.height - 1) - windows.padding.height,
                         windows.dilation.width * (kernel.width - 1) - windows.padding.width};
    return s;
  }

  std::int64_t images, channels, outputs;
  Size2d image, kernel, result;
  Windows windows;
};

}  // namespace plumb::kernel
