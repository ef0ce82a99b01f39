// Convolution of stride 1 as a matrix product whose right rows are pieces of the image itself.
#pragma once

#include "convolution_sizes.hpp"

namespace plumb::kernel {

/// Whether the functions below take these sizes on this processor: AVX2 or AVX-512 and stride 1;
/// for the gradient of the image also all positions, and no more padding than the dilated kernel
/// less 1.
bool has_plane_convolution(const ConvolutionSizes& sizes);
bool has_plane_convolution_image(const ConvolutionSizes& sizes);

// Two of the kernels of convolution.hpp.

template <class T>
void plane_convolution(const ConvolutionSizes& sizes, T* y, Write mode, const T* x, const T* w,
                       const T* bias);

template <class T>
void plane_convolution_image(const ConvolutionSizes& sizes, T* dx, Write mode, const T* g,
                             const T* w, const T* bias);

}  // namespace plumb::kernel
