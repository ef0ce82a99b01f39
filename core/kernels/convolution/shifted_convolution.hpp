// The gradient of the image of a convolution of stride 1: a product for each element of the kernel,
// added where that element looked.
#pragma once

#include "convolution_sizes.hpp"

namespace plumb::kernel {

/// Whether the function below takes these sizes on this processor, and needs fewer products than
/// the convolution with the kernel turned round, which also goes through what lies beside g.
bool has_shifted_convolution_image(const ConvolutionSizes& sizes);

/// convolution_image_into() of convolution.hpp.
template <class T>
void shifted_convolution_image(const ConvolutionSizes& sizes, T* dx, Write mode, const T* g,
                               const T* w, const T* bias);

}  // namespace plumb::kernel
