// The gradient of the image of a convolution of stride 1: for each element of the kernel a product
// of its weights with g, added to what that element sees of the image.
#pragma once

#include "convolution_sizes.hpp"

namespace plumb::kernel {

/// Whether the function below takes these sizes on this processor and is the faster one. The other
/// is plane_convolution_image(), which may need more products: it also multiplies the padding that
/// it puts around g.
bool has_shifted_convolution_image(const ConvolutionSizes& sizes);

/// convolution_image_into() of convolution.hpp.
template <class T>
void shifted_convolution_image(const ConvolutionSizes& sizes, T* dx, Write mode, const T* g,
                               const T* w, const T* bias);

}  // namespace plumb::kernel
