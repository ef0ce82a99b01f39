#include "convolution.hpp"

#include "../dispatch.hpp"
#include "im2col.hpp"

namespace plumb::kernel {
namespace {

template <class T>
const T* data_or_null(const Tensor& x) {
  return x.defined() ? x.data<T>() : nullptr;
}

}  // namespace

// Here is chosen which algorithm serves which sizes: im2col, which takes all.

void convolution_into(Tensor& y, Write mode, const Tensor& x, const Tensor& w, const Tensor& bias,
                      const Windows& windows) {
  const ConvolutionSizes sizes(x, w, y, windows);
  dispatch_floating("convolution", y.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    im2col_convolution(sizes, y.mutable_data<T>(), mode, x.data<T>(), w.data<T>(),
                       data_or_null<T>(bias));
  });
}

void convolution_image_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& w,
                            const Tensor& bias, const Windows& windows) {
  const ConvolutionSizes sizes(dx, w, g, windows);
  dispatch_floating("convolution", dx.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    im2col_convolution_image(sizes, dx.mutable_data<T>(), mode, g.data<T>(), w.data<T>(),
                             data_or_null<T>(bias));
  });
}

void convolution_weight_into(Tensor& dw, Write mode, const Tensor& g, const Tensor& x,
                             const Windows& windows) {
  const ConvolutionSizes sizes(x, dw, g, windows);
  dispatch_floating("convolution", dw.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    im2col_convolution_weight(sizes, dw.mutable_data<T>(), mode, g.data<T>(), x.data<T>());
  });
}

}  // namespace plumb::kernel
