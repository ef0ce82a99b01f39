// Convolutions of images [n, c, h, w]: the kernels of the result and of both gradients.
#pragma once

#include "../../tensor/size2d.hpp"
#include "../../tensor/tensor.hpp"
#include "../../tensor/write.hpp"
#include "../pooling/plane_windows.hpp"

namespace plumb::kernel {

/// How the windows of a convolution lie on the padded image.
struct Windows {
  Size2d stride = 1;
  Size2d padding = 0;
  Size2d dilation = 1;
  std::int64_t groups = 1;
};

// All of one dtype, float32 or float64, with shapes that fit:
//   x [n, c, h, w], w [out, c / groups, kh, kw], y [n, out, oh, ow], bias [out] or undefined,
//   (oh - 1) stride + (kh - 1) dilation < h + 2 padding, and the same for the width: y may have
//   fewer positions than fit.
// A transposed convolution is the gradient of the image with the roles of x and y exchanged.

/// y = or += the sum over c, i, j of w[o, c, i, j] x[n, c, stride oh - padding + dilation i, ...],
/// plus the bias.
void convolution_into(Tensor& y, Write mode, const Tensor& x, const Tensor& w, const Tensor& bias,
                      const Windows& windows);

/// dx = or += what each window of g [n, out, oh, ow] gives back to the image, plus `bias` [c] where
/// it is defined.
void convolution_image_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& w,
                            const Tensor& bias, const Windows& windows);

/// dw = or += the sum over all windows of g times what they see of x: over blocks of images, then
/// over the blocks.
void convolution_weight_into(Tensor& dw, Write mode, const Tensor& g, const Tensor& x,
                             const Windows& windows);

// The same where the result goes into a max-pooling of 2 x 2 and nowhere else: neither it nor its gradient is
// stored. The bits are those of one after the other.

/// Whether the functions below take these sizes on this processor: those of Winograd's algorithm.
bool pools_convolution(const Shape& x, const Shape& w, const Shape& y, const Windows& windows);

/// y = the largest element of each window of the pooling, and its place.
void convolution_max_pool(Tensor& y, Tensor& places, const Tensor& x, const Tensor& w,
                          const Tensor& bias, const Windows& windows, const PlaneWindows& pool);

void convolution_image_into(Tensor& dx, Write mode, const PooledGradient& g, const Tensor& w,
                            const Windows& windows);

void convolution_weight_into(Tensor& dw, Write mode, const PooledGradient& g, const Tensor& x,
                             const Windows& windows);

}  // namespace plumb::kernel
