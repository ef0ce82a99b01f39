#include "convolution.hpp"

#include "../../runtime/profile.hpp"
#include "../../tensor/internal/dispatch.hpp"
#include "direct_convolution.hpp"
#include "im2col.hpp"
#include "plane_convolution.hpp"
#include "plane_weight.hpp"
#include "shifted_convolution.hpp"
#include "winograd.hpp"

namespace plumb::kernel {
namespace {

template <class T>
const T* data_or_null(const Tensor& x) {
  return x.defined() ? x.data<T>() : nullptr;
}

// Whether im2col is the fastest though others take it too: where it is one product, and where windows
// have so few elements that most of the time goes into writing what has as many planes as y.
bool is_product(const ConvolutionSizes& s) {
  return needs_no_columns(s) || (s.column() <= 16 && s.windows.groups == 1 && s.outputs >= 32);
}

// Whether windows have elements enough for the direct algorithm to find y transposed: from 27 on the
// planes are faster, at 80 they are not.
bool is_direct(const ConvolutionSizes& s) { return has_direct_convolution(s) && s.column() >= 48; }

// Of what goes into a pooling, whose gradient has the shape of its result.
ConvolutionSizes sizes_before(const PlaneWindows& pool, const Shape& x, const Shape& w,
                              const Shape& g, const Windows& windows) {
  return {x, w, {g[0], g[1], pool.height, pool.width}, windows};
}

}  // namespace

// Here is chosen which algorithm serves which sizes. im2col takes all.

void convolution_into(Tensor& y, Write mode, const Tensor& x, const Tensor& w, const Tensor& bias,
                      const Windows& windows) {
  const ConvolutionSizes sizes(x.shape(), w.shape(), y.shape(), windows);
  Profiled::add_multiply_adds(sizes.images, sizes.weights(), sizes.result_plane());
  dispatch_floating("convolution", y.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto algorithm = is_product(sizes)              ? im2col_convolution<T>
                           : has_winograd(sizes)          ? winograd_convolution<T>
                           : is_direct(sizes)             ? direct_convolution<T>
                           : has_plane_convolution(sizes) ? plane_convolution<T>
                                                          : im2col_convolution<T>;
    algorithm(sizes, y.mutable_data<T>(), mode, x.data<T>(), w.data<T>(), data_or_null<T>(bias));
  });
}

void convolution_image_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& w,
                            const Tensor& bias, const Windows& windows) {
  const ConvolutionSizes sizes(dx.shape(), w.shape(), g.shape(), windows);
  Profiled::add_multiply_adds(sizes.images, sizes.weights(), sizes.result_plane());
  dispatch_floating("convolution", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto algorithm = is_product(sizes)                      ? im2col_convolution_image<T>
                           : has_winograd_image(sizes)            ? winograd_convolution_image<T>
                           : has_shifted_convolution_image(sizes) ? shifted_convolution_image<T>
                           : has_plane_convolution_image(sizes)   ? plane_convolution_image<T>
                                                                  : im2col_convolution_image<T>;
    algorithm(sizes, dx.mutable_data<T>(), mode, g.data<T>(), w.data<T>(), data_or_null<T>(bias));
  });
}

void convolution_weight_into(Tensor& dw, Write mode, const Tensor& g, const Tensor& x,
                             const Windows& windows) {
  const ConvolutionSizes sizes(x.shape(), dw.shape(), g.shape(), windows);
  Profiled::add_multiply_adds(sizes.images, sizes.weights(), sizes.result_plane());
  dispatch_floating("convolution", dw.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto algorithm = needs_no_columns(sizes)                ? im2col_convolution_weight<T>
                           : has_winograd(sizes)                  ? winograd_convolution_weight<T>
                           : has_direct_convolution_weight(sizes) ? direct_convolution_weight<T>
                           : has_plane_convolution(sizes)         ? plane_convolution_weight<T>
                                                                  : im2col_convolution_weight<T>;
    algorithm(sizes, dw.mutable_data<T>(), mode, g.data<T>(), x.data<T>());
  });
}

bool pools_convolution(const Shape& x, const Shape& w, const Shape& y, const Windows& windows) {
  const ConvolutionSizes sizes(x, w, y, windows);
  return !is_product(sizes) && has_winograd_image(sizes) && sizes.result.height >= 2 &&
         sizes.result.width >= 2;
}

void convolution_max_pool(Tensor& y, Tensor& places, const Tensor& x, const Tensor& w,
                          const Tensor& bias, const Windows& windows, const PlaneWindows& pool) {
  const ConvolutionSizes sizes = sizes_before(pool, x.shape(), w.shape(), y.shape(), windows);
  Profiled::add_multiply_adds(sizes.images, sizes.weights(), sizes.result_plane());
  dispatch_floating("convolution", y.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    winograd_convolution_max_pool(sizes, y.mutable_data<T>(), places.mutable_data<std::uint8_t>(),
                                  pool, x.data<T>(), w.data<T>(), data_or_null<T>(bias));
  });
}

void convolution_image_into(Tensor& dx, Write mode, const PooledGradient& g, const Tensor& w,
                            const Windows& windows) {
  const ConvolutionSizes sizes =
      sizes_before(g.windows, dx.shape(), w.shape(), g.g.shape(), windows);
  Profiled::add_multiply_adds(sizes.images, sizes.weights(), sizes.result_plane());
  dispatch_floating("convolution", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    winograd_pooled_image(sizes, dx.mutable_data<T>(), mode, g, w.data<T>());
  });
}

void convolution_weight_into(Tensor& dw, Write mode, const PooledGradient& g, const Tensor& x,
                             const Windows& windows) {
  const ConvolutionSizes sizes =
      sizes_before(g.windows, x.shape(), dw.shape(), g.g.shape(), windows);
  Profiled::add_multiply_adds(sizes.images, sizes.weights(), sizes.result_plane());
  dispatch_floating("convolution", dw.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    winograd_pooled_weight(sizes, dw.mutable_data<T>(), mode, g, x.data<T>());
  });
}

}  // namespace plumb::kernel
