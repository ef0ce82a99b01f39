// Convolution by matrix products: the windows of an image copied side by side into a matrix.
#pragma once

#include "convolution_sizes.hpp"

namespace plumb::kernel {

/// Positions of y: `rows` whole rows, or a part of one row.
struct Tile {
  std::int64_t row, rows;
  std::int64_t column, columns;

  std::int64_t positions() const { return rows * columns; }
};

/// Whether the columns are the image as it stands: then the algorithm is one product of matrices.
bool needs_no_columns(const ConvolutionSizes& sizes);

/// columns [c kh kw, positions of the tile] = what the tile's windows see of one image [c, h, w],
/// with 0 for the padding.
template <class T>
void im2col(const ConvolutionSizes& sizes, const Tile& tile, const T* image, T* columns);

/// The other way: adds every element of `columns` to the element of the image that im2col would
/// have copied there.
template <class T>
void col2im(const ConvolutionSizes& sizes, const Tile& tile, const T* columns, T* image);

// The three kernels of convolution.hpp for any stride, padding, dilation and groups. They go image
// by image, so that its columns stay in the cache.

template <class T>
void im2col_convolution(const ConvolutionSizes& sizes, T* y, Write mode, const T* x, const T* w,
                        const T* bias);

template <class T>
void im2col_convolution_image(const ConvolutionSizes& sizes, T* dx, Write mode, const T* g,
                              const T* w, const T* bias);

template <class T>
void im2col_convolution_weight(const ConvolutionSizes& sizes, T* dw, Write mode, const T* g,
                               const T* x);

}  // namespace plumb::kernel
