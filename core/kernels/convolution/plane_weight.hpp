// The gradient of the weights of a convolution of stride 1: products of whole planes.
#pragma once

#include "convolution_sizes.hpp"

namespace plumb::kernel {

/// convolution_weight_into() of convolution.hpp, where has_plane_convolution().
template <class T>
void plane_convolution_weight(const ConvolutionSizes& sizes, T* dw, Write mode, const T* g,
                              const T* x);

}  // namespace plumb::kernel
