// The sizes of a convolution, as every algorithm for it takes them.
#pragma once

#include "convolution.hpp"

namespace plumb::kernel {

/// x [images, channels, image], w [outputs, channels / groups, kernel], y [images, outputs,
/// result].
struct ConvolutionSizes {
  ConvolutionSizes(const Tensor& x, const Tensor& w, const Tensor& y, const Windows& windows)
      : images(x.dim(0)),
        channels(x.dim(1)),
        outputs(y.dim(1)),
        image(x.dim(2), x.dim(3)),
        kernel(w.dim(2), w.dim(3)),
        result(y.dim(2), y.dim(3)),
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

  std::int64_t images, channels, outputs;
  Size2d image, kernel, result;
  Windows windows;
};

}  // namespace plumb::kernel
