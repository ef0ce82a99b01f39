// Convolution of 3x3 kernels with 16 products for each 2x2 of the result in place of 36.
#pragma once

#include "../pooling/plane_windows.hpp"
#include "convolution_sizes.hpp"

namespace plumb::kernel {

// F(2x2, 3x3) of Lavin & Gray 2016, "Fast Algorithms for Convolutional Neural Networks". In
// float32 the tests hold it to the same bounds as the plain sums.

/// Whether the functions below take these sizes on this processor, and gain by it.
bool has_winograd(const ConvolutionSizes& sizes);
bool has_winograd_image(const ConvolutionSizes& sizes);

// The three kernels of convolution.hpp.

template <class T>
void winograd_convolution(const ConvolutionSizes& sizes, T* y, Write mode, const T* x, const T* w,
                          const T* bias);

template <class T>
void winograd_convolution_image(const ConvolutionSizes& sizes, T* dx, Write mode, const T* g,
                                const T* w, const T* bias);

template <class T>
void winograd_convolution_weight(const ConvolutionSizes& sizes, T* dw, Write mode, const T* g,
                                 const T* x);

// Their forms with a max-pooling by 2 x 2 behind them. Only where both functions above hold.

template <class T>
void winograd_convolution_max_pool(const ConvolutionSizes& sizes, T* y, std::uint8_t* places,
                                   const PlaneWindows& pool, const T* x, const T* w, const T* bias);

template <class T>
void winograd_pooled_image(const ConvolutionSizes& sizes, T* dx, Write mode,
                           const PooledGradient& g, const T* w);

template <class T>
void winograd_pooled_weight(const ConvolutionSizes& sizes, T* dw, Write mode,
                            const PooledGradient& g, const T* x);

}  // namespace plumb::kernel
