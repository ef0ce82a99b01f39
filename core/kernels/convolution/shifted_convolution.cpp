#include "shifted_convolution.hpp"

#include "../../runtime/parallel.hpp"
#include "padded_planes.hpp"
#include "plane_blocks.hpp"
#include "plane_convolution.hpp"

namespace plumb::kernel {
namespace {

// w [outputs, channels, kh, kw] as [kh, kw, channels, outputs], group by group.
template <class T>
Tensor by_taps(const ConvolutionSizes& s, const T* w) {
  Tensor memory = Tensor::empty({s.weights()}, dtype_of<T>);
  T* out = memory.mutable_data<T>();
  const std::int64_t inputs = s.channels / s.windows.groups, outputs = s.group_outputs();
  const std::int64_t taps = s.kernel.height * s.kernel.width;
  for (std::int64_t group = 0; group < s.windows.groups; ++group, w += outputs * inputs * taps)
    for (std::int64_t k = 0; k < taps; ++k)
      for (std::int64_t c = 0; c < inputs; ++c)
        for (std::int64_t o = 0; o < outputs; ++o) *out++ = w[(o * inputs + c) * taps + k];
  return memory;
}

// One group of one image.
template <class T>
struct Shifted {
  const ConvolutionSizes& sizes;
  const PaddedPlanes& planes;
  const std::int64_t* offsets;  // of the elements of the kernel in the planes of dx
  const std::int64_t* rows;     // of the planes of g
  const T* g;                   // [outputs, positions]
  const T* w;                   // [kh, kw, channels, outputs]
  T* dx;                        // padded planes
};

template <int bytes, int most, class T>
PLUMB_INLINE inline void add_shifted(const Shifted<T>& f) {
  constexpr std::int64_t lanes = VectorOf<T, bytes>::lanes;
  const ConvolutionSizes& s = f.sizes;
  const std::int64_t inputs = s.channels / s.windows.groups, outputs = s.group_outputs();
  const std::int64_t positions = f.planes.rounded(lanes);
  const std::int64_t blocks = ceil_divide(inputs, most);
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::int64_t first = block * inputs / blocks;
    with_constant<most>((block + 1) * inputs / blocks - first, [&](auto height) PLUMB_INLINE {
      for (std::int64_t k = 0; k < s.kernel.height * s.kernel.width; ++k)
        for (std::int64_t o = 0; o < outputs; o += longest_chain)
          convolve_row<T, bytes, height>(
              true, std::min(longest_chain, outputs - o), f.w + (k * inputs + first) * outputs + o,
              outputs, f.rows + o, f.g, f.dx + first * f.planes.size + f.offsets[k], f.planes.size,
              positions);
    });
  }
}

template <class T>
void run(const Shifted<T>& f) {
  on_wide_vectors([&](auto bytes) PLUMB_INLINE { add_shifted<bytes, block_rows<bytes>>(f); });
}

}  // namespace

bool has_shifted_convolution_image(const ConvolutionSizes& s) {
  // Here each block of results is read, added to and written, which counts as 8 products an element.
  const double here = static_cast<double>(PaddedPlanes(s).positions) *
                      (1 + 8 / static_cast<double>(s.group_outputs()));
  return has_plane_convolution(s) &&
         (!has_plane_convolution_image(s) ||
          here < static_cast<double>(PaddedPlanes(s.backwards()).positions));
}

template <class T>
void shifted_convolution_image(const ConvolutionSizes& s, T* dx, Write mode, const T* g, const T* w,
                               const T* bias) {
  const PaddedPlanes planes(s);
  const std::int64_t groups = s.windows.groups, outputs = s.group_outputs();
  const std::int64_t positions = planes.rounded(most_lanes);
  const Tensor offsets = offsets_of(s, planes);
  const Tensor weights = by_taps(s, w);
  Tensor rows = Tensor::empty({outputs}, DType::int64);
  for (std::int64_t o = 0; o < outputs; ++o) rows.mutable_data<std::int64_t>()[o] = o * positions;
  parallel_for(s.images, s.images_at_once(), [&](std::int64_t begin, std::int64_t end) {
    Tensor image_room = padded_room<T>(s.channels * planes.size);
    Tensor g_room = padded_room<T>(s.outputs * positions);
    T* image = image_room.mutable_data<T>();
    T* seeds = g_room.mutable_data<T>();
    for (std::int64_t n = begin; n < end; ++n) {
      if (n > begin) image_room.fill(0);
      const T* from = g + n * s.outputs * s.result_plane();
      on_best_isa([=, &s, &planes]() PLUMB_INLINE {
        spread_rows(s.outputs, s.result.height, s.result.width, from, seeds, planes.stride,
                    positions);
      });
      for (std::int64_t group = 0; group < groups; ++group)
        run(Shifted<T>{s, planes, offsets.data<std::int64_t>(), rows.data<std::int64_t>(),
                       seeds + group * outputs * positions,
                       weights.data<T>() + group * outputs * s.group_column(),
                       image + group * (s.channels / groups) * planes.size});
      T* to = dx + n * s.channels * s.image_plane();
      on_wide_vectors([=, &s, &planes](auto bytes) PLUMB_INLINE {
        for (std::int64_t c = 0; c < s.channels; ++c)
          gather_rows<bytes>(s.image.height, s.image.width, image + c * planes.size + planes.inside,
                             planes.stride, to + c * s.image_plane(), mode,
                             bias == nullptr ? T(0) : bias[c]);
      });
    }
  });
}

template void shifted_convolution_image(const ConvolutionSizes&, float*, Write, const float*,
                                        const float*, const float*);
template void shifted_convolution_image(const ConvolutionSizes&, double*, Write, const double*,
                                        const double*, const double*);

}  // namespace plumb::kernel
