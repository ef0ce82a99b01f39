#include "winograd_weights.hpp"

#include "../../simd/transpose_block.hpp"
#include "winograd_transforms.hpp"

namespace plumb::kernel {
namespace {

// w [outputs, channels, 3, 3] as [c, 3, 3, o], or for the convolution that leads back as [o, 3, 3,
// c], turned round.
template <class T>
Tensor by_vectors(const ConvolutionSizes& s, const T* w, Leading leading) {
  Tensor memory = Tensor::empty({s.weights()}, dtype_of<T>);
  T* out = memory.mutable_data<T>();
  on_wide_vectors([=, &s](auto bytes) PLUMB_INLINE {
    if (leading == Leading::forward)
      return transpose_rows<bytes>(s.outputs, s.column(), w, s.column(), out, s.outputs);
    for (std::int64_t o = 0; o < s.outputs; ++o)
      for (std::int64_t k = 0; k < 9; ++k)
        for (std::int64_t c = 0; c < s.channels; ++c)
          out[(o * 9 + k) * s.channels + c] = w[(o * s.channels + c) * 9 + 8 - k];
  });
  return memory;
}

}  // namespace

template <class T>
Tensor winograd_weights(const ConvolutionSizes& s, const T* w, Leading leading) {
  const bool back = leading == Leading::back;
  const std::int64_t inputs = back ? s.outputs : s.channels;
  const std::int64_t outputs = back ? s.channels : s.outputs;
  const Tensor vectors = by_vectors(s, w, leading);
  const T* in = vectors.data<T>();
  Tensor memory = Tensor::empty({points, inputs, outputs}, dtype_of<T>);
  T* out = memory.mutable_data<T>();
  on_wide_vectors([=](auto bytes) PLUMB_INLINE {
    using V = VectorOf<T, bytes>;
    for (std::int64_t c = 0; c < inputs; ++c)
      for (std::int64_t o = 0; o < outputs; o += V::lanes) {
        typename V::type kernel[3][3], u[4][4];
#pragma GCC unroll 9
        for (int k = 0; k < 9; ++k) kernel[k / 3][k % 3] = V::load(in + (c * 9 + k) * outputs + o);
        transform(kernel, u, KernelMap());
#pragma GCC unroll 16
        for (int k = 0; k < points; ++k)
          V::store(out + (k * inputs + c) * outputs + o, u[k / 4][k % 4]);
      }
  });
  return memory;
}

template <class T>
void winograd_weights_back(const ConvolutionSizes& s, const T* u, T* dw) {
  Tensor memory = Tensor::empty({s.weights()}, dtype_of<T>);
  T* kernels = memory.mutable_data<T>();  // [c, 3, 3, o]
  on_wide_vectors([=, &s](auto bytes) PLUMB_INLINE {
    using V = VectorOf<T, bytes>;
    for (std::int64_t c = 0; c < s.channels; ++c)
      for (std::int64_t o = 0; o < s.outputs; o += V::lanes) {
        typename V::type from[4][4], kernel[3][3];
#pragma GCC unroll 16
        for (int k = 0; k < points; ++k)
          from[k / 4][k % 4] = V::load(u + (k * s.channels + c) * s.outputs + o);
        transform(from, kernel, KernelGradientMap());
#pragma GCC unroll 9
        for (int k = 0; k < 9; ++k)
          V::store(kernels + (c * 9 + k) * s.outputs + o, kernel[k / 3][k % 3]);
      }
    transpose_columns<bytes>(s.column(), s.outputs, kernels, s.outputs, dw, s.column(),
                             Write::overwrite);
  });
}

template Tensor winograd_weights(const ConvolutionSizes&, const float*, Leading);
template Tensor winograd_weights(const ConvolutionSizes&, const double*, Leading);
template void winograd_weights_back(const ConvolutionSizes&, const float*, float*);
template void winograd_weights_back(const ConvolutionSizes&, const double*, double*);

}  // namespace plumb::kernel
