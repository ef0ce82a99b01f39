#include "direct_convolution.hpp"

#include "../../simd/block.hpp"
#include "../../simd/processor.hpp"
#include "../../simd/transpose_block.hpp"
#include "padded_planes.hpp"
#include "plane_blocks.hpp"
#include "weight_blocks.hpp"

// Vectors hold output channels, where those of plane_convolution.cpp hold neighbours in the image.
// So nothing is computed for positions between the rows, and no sum has to be added up across the
// lanes of a vector. In exchange y is found as [positions, outputs] and transposed at the end; g is
// transposed so before the gradient of the weights begins.

namespace plumb::kernel {
namespace {

constexpr int vectors = 2;  // of output channels at a time

// --- in registers -------------------------------------------------------------------------------

// y[r, o] = bias[o] or, if `add`, += the sum over k of x[offsets[k] + r] w[k, o], for `rows`
// neighbours r, `across` vectors of o and `taps` elements k. Rows of w and y are `outputs` apart.
template <class T, int bytes, int rows, int across>
PLUMB_INLINE inline void convolve_neighbours(bool add, std::int64_t taps,
                                             const std::int64_t* offsets, const T* x, const T* w,
                                             const T* bias, T* y, std::int64_t outputs) {
  using V = VectorOf<T, bytes>;
  typename V::type sum[rows][across] = {};
  for (std::int64_t k = 0; k < taps; ++k) {
    typename V::type weight[across];
#pragma GCC unroll 2
    for (int v = 0; v < across; ++v) weight[v] = V::load(w + k * outputs + v * V::lanes);
    const T* from = x + offsets[k];
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < across; ++v) sum[r][v] += from[r] * weight[v];
  }
  write_block<T, bytes>(sum, bias, add ? Write::accumulate : Write::overwrite, y, outputs);
}

// One image as the gradient of the weights sees it.
template <class T>
struct Sight {
  const T* x;           // padded planes
  std::int64_t stride;  // of their rows
  const T* g;           // [height, width, outputs]
  std::int64_t outputs;
  Size2d result;
};

// dw[t, j, o] += the sum over positions of x[from[t] + j + position] g[position, o] for `rows` rows
// t of the kernel, its `wide` columns j and `across` vectors of o.
template <class T, int bytes, int wide, int rows, int across>
PLUMB_INLINE inline void correlate_rows(const Sight<T>& sight, const std::int64_t* from, T* dw) {
  using V = VectorOf<T, bytes>;
  typename V::type sum[rows][wide][across] = {};
  const T* g = sight.g;
  for (std::int64_t i = 0; i < sight.result.height; ++i) {
    const T* x[rows];
#pragma GCC unroll 8
    for (int t = 0; t < rows; ++t) x[t] = sight.x + from[t] + i * sight.stride;
    for (std::int64_t p = 0; p < sight.result.width; ++p, g += sight.outputs) {
      typename V::type seed[across];
#pragma GCC unroll 2
      for (int v = 0; v < across; ++v) seed[v] = V::load(g + v * V::lanes);
#pragma GCC unroll 8
      for (int t = 0; t < rows; ++t)
#pragma GCC unroll 8
        for (int j = 0; j < wide; ++j)
#pragma GCC unroll 2
          for (int v = 0; v < across; ++v) sum[t][j][v] += x[t][p + j] * seed[v];
    }
  }
#pragma GCC unroll 8
  for (int t = 0; t < rows; ++t)
#pragma GCC unroll 8
    for (int j = 0; j < wide; ++j)
#pragma GCC unroll 2
      for (int v = 0; v < across; ++v) {
        T* to = dw + (t * wide + j) * sight.outputs + v * V::lanes;
        V::store(to, V::load(to) + sum[t][j][v]);
      }
}

// --- one image ----------------------------------------------------------------------------------

template <class T>
struct DirectImage {
  const ConvolutionSizes& sizes;
  const PaddedPlanes& planes;
  const std::int64_t* offsets;
  const T* x;  // one image
  const T* w;  // [taps, outputs]
  const T* bias;
  T* padded;
  T* rows;  // [positions, outputs]
  T* y;
  Write mode;
};

template <int bytes, int most, class T>
PLUMB_INLINE inline void convolve(const DirectImage<T>& f) {
  constexpr std::int64_t lanes = VectorOf<T, bytes>::lanes;
  const ConvolutionSizes& s = f.sizes;
  pad_image(s, f.planes, f.x, f.padded);
  const std::int64_t blocks = ceil_divide(s.result.width, most);
  const auto at = [&](std::int64_t o, auto across, std::int64_t k) PLUMB_INLINE {
    const std::int64_t taps = std::min(longest_chain, s.column() - k);
    const T* bias = f.bias == nullptr || k > 0 ? nullptr : f.bias + o;
    for (std::int64_t b = 0; b < blocks; ++b) {
      const std::int64_t left = b * s.result.width / blocks;
      const std::int64_t count = (b + 1) * s.result.width / blocks - left;
      with_constant<most>(count, [&](auto rows) PLUMB_INLINE {
        apart<bytes>([&]() PLUMB_INLINE {
          for (std::int64_t i = 0; i < s.result.height; ++i)
            convolve_neighbours<T, bytes, rows, across>(
                k > 0, taps, f.offsets + k, f.padded + i * f.planes.stride + left,
                f.w + k * s.outputs + o, bias, f.rows + (i * s.result.width + left) * s.outputs + o,
                s.outputs);
        });
      });
    }
  };
  for (std::int64_t o = 0; o < s.outputs; o += vectors * lanes)
    with_constant<vectors>(std::min<std::int64_t>((s.outputs - o) / lanes, vectors),
                           [&](auto across) PLUMB_INLINE {
                             for (std::int64_t k = 0; k == 0 || k < s.column(); k += longest_chain)
                               at(o, across, k);
                           });
  transpose_columns<bytes>(s.result_plane(), s.outputs, f.rows, s.outputs, f.y, s.result_plane(),
                           f.mode);
}

template <class T>
struct DirectWeight {
  const ConvolutionSizes& sizes;
  const PaddedPlanes& planes;
  const std::int64_t* offsets;
  const T* x;  // one image
  const T* g;
  T* padded;
  T* seeds;  // [positions, outputs]
  T* dw;     // [taps, outputs]
};

template <int bytes, int most, int wide, class T>
PLUMB_INLINE inline void correlate(const DirectWeight<T>& f) {
  constexpr std::int64_t lanes = VectorOf<T, bytes>::lanes;
  const ConvolutionSizes& s = f.sizes;
  const std::int64_t kernel_rows = s.channels * s.kernel.height;
  const std::int64_t image_rows = std::max<std::int64_t>(1, longest_chain / s.result.width);
  const auto at = [&](const Sight<T>& sight, std::int64_t o, auto across) PLUMB_INLINE {
    constexpr int at_once = most / (wide * across);
    for (std::int64_t t = 0; t < kernel_rows; t += at_once)
      with_constant<at_once>(std::min<std::int64_t>(kernel_rows - t, at_once),
                             [&](auto rows) PLUMB_INLINE {
                               std::int64_t from[at_once];
                               for (int r = 0; r < rows; ++r) from[r] = f.offsets[(t + r) * wide];
                               apart<bytes>([&]() PLUMB_INLINE {
                                 correlate_rows<T, bytes, wide, rows, across>(
                                     sight, from, f.dw + t * wide * s.outputs + o);
                               });
                             });
  };
  for (std::int64_t i = 0; i < s.result.height; i += image_rows) {
    const Size2d part{std::min(image_rows, s.result.height - i), s.result.width};
    for (std::int64_t o = 0; o < s.outputs; o += vectors * lanes)
      with_constant<vectors>(
          std::min<std::int64_t>((s.outputs - o) / lanes, vectors), [&](auto across) PLUMB_INLINE {
            at(Sight<T>{f.padded + i * f.planes.stride, f.planes.stride,
                        f.seeds + i * s.result.width * s.outputs + o, s.outputs, part},
               o, across);
          });
  }
}

template <int bytes, int most, class T>
PLUMB_INLINE inline void correlate(const DirectWeight<T>& f) {
  const ConvolutionSizes& s = f.sizes;
  pad_image(s, f.planes, f.x, f.padded);
  transpose_rows<bytes>(s.outputs, s.result_plane(), f.g, s.result_plane(), f.seeds, s.outputs);
  if (s.kernel.width == 3) return correlate<bytes, most, 3>(f);
  correlate<bytes, most, 5>(f);
}

// As many sums as leave registers for what is multiplied: of 32, or of 16.
template <class T>
void run(const DirectImage<T>& f) {
  on_wide_vectors([&](auto bytes)
                      PLUMB_INLINE { convolve<bytes, sum_registers<bytes> / vectors>(f); });
}
template <class T>
void run(const DirectWeight<T>& f) {
  on_wide_vectors([&](auto bytes) PLUMB_INLINE { correlate<bytes, bytes == 64 ? 25 : 12>(f); });
}

// a [rows, columns] transposed.
template <class T>
void transpose(std::int64_t rows, std::int64_t columns, const T* a, T* out) {
  for (std::int64_t j = 0; j < columns; ++j)
    for (std::int64_t i = 0; i < rows; ++i) *out++ = a[i * columns + j];
}

}  // namespace

bool has_direct_convolution(const ConvolutionSizes& s) {
  return isa() != Isa::base && s.windows.stride == 1 && s.windows.groups == 1 &&
         s.outputs % 16 == 0;
}

bool has_direct_convolution_weight(const ConvolutionSizes& s) {
  return has_direct_convolution(s) && s.windows.dilation.width == 1 &&
         (s.kernel.width == 3 || s.kernel.width == 5);
}

template <class T>
void direct_convolution(const ConvolutionSizes& s, T* y, Write mode, const T* x, const T* w,
                        const T* bias) {
  const PaddedPlanes planes(s);
  const Tensor offsets = offsets_of(s, planes);
  Tensor turned = Tensor::empty({s.column(), s.outputs}, dtype_of<T>);
  T* weights = turned.mutable_data<T>();
  transpose(s.outputs, s.column(), w, weights);
  parallel_for(s.images, s.images_at_once(), [&](std::int64_t begin, std::int64_t end) {
    Tensor padded = padded_room<T>(s.channels * planes.size);
    Tensor rows = Tensor::empty({s.result_plane(), s.outputs}, dtype_of<T>);
    for (std::int64_t n = begin; n < end; ++n)
      run(DirectImage<T>{s, planes, offsets.data<std::int64_t>(),
                         x + n * s.channels * s.image_plane(), weights, bias,
                         padded.mutable_data<T>(), rows.mutable_data<T>(),
                         y + n * s.outputs * s.result_plane(), mode});
  });
}

template <class T>
void direct_convolution_weight(const ConvolutionSizes& s, T* dw, Write mode, const T* g,
                               const T* x) {
  const PaddedPlanes planes(s);
  const Tensor offsets = offsets_of(s, planes);
  sum_weight_blocks(s, dw, mode, [&](std::int64_t begin, std::int64_t end, T* sums) {
    Tensor padded = padded_room<T>(s.channels * planes.size);
    Tensor seeds = Tensor::empty({s.result_plane(), s.outputs}, dtype_of<T>);
    Tensor weights = Tensor::zeros({s.column(), s.outputs}, dtype_of<T>);
    for (std::int64_t n = begin; n < end; ++n)
      run(DirectWeight<T>{s, planes, offsets.data<std::int64_t>(),
                          x + n * s.channels * s.image_plane(),
                          g + n * s.outputs * s.result_plane(), padded.mutable_data<T>(),
                          seeds.mutable_data<T>(), weights.mutable_data<T>()});
    transpose(s.column(), s.outputs, weights.data<T>(), sums);
  });
}

template void direct_convolution(const ConvolutionSizes&, float*, Write, const float*, const float*,
                                 const float*);
template void direct_convolution(const ConvolutionSizes&, double*, Write, const double*,
                                 const double*, const double*);
template void direct_convolution_weight(const ConvolutionSizes&, float*, Write, const float*,
                                        const float*);
template void direct_convolution_weight(const ConvolutionSizes&, double*, Write, const double*,
                                        const double*);

}  // namespace plumb::kernel
