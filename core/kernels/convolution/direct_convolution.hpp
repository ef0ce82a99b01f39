// Convolution of stride 1 with the output channels as vectors and the image read element by
// element.
#pragma once

#include "convolution_sizes.hpp"

namespace plumb::kernel {

/// Whether the functions below take these sizes on this processor: AVX2 or AVX-512, stride 1, one
/// group, output channels in sixteens; for the gradient of the weights also kernels 3 or 5 wide
/// without dilation.
bool has_direct_convolution(const ConvolutionSizes& sizes);
bool has_direct_convolution_weight(const ConvolutionSizes& sizes);

// Two of the kernels of convolution.hpp.

template <class T>
void direct_convolution(const ConvolutionSizes& sizes, T* y, Write mode, const T* x, const T* w,
                        const T* bias);

template <class T>
void direct_convolution_weight(const ConvolutionSizes& sizes, T* dw, Write mode, const T* g,
                               const T* x);

}  // namespace plumb::kernel
