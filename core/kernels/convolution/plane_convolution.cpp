#include "plane_convolution.hpp"

#include <algorithm>

#include "../../runtime/parallel.hpp"
#include "padded_planes.hpp"
#include "plane_blocks.hpp"

// A block of output channels at a few vectors of positions stays in registers while the sum runs over
// the elements of the kernel. Each step loads these vectors of the image and multiplies them by one
// weight of each channel. The gradient of the image is the same convolution, of g with the
// kernel turned round.

namespace plumb::kernel {
namespace {

// --- one image, one block -----------------------------------------------------------------------

// The convolution of one padded image with some channels of the kernel.
template <class T>
struct PlaneImage {
  const ConvolutionSizes& sizes;
  const PaddedPlanes& planes;
  const std::int64_t* offsets;
  std::int64_t outputs;  // of these channels
  const T* x;            // padded, of their group
  const T* w;
  const T* bias;  // or null
  T* rows;        // room for `most` planes of positions
  T* y;
  Write mode;
};

template <int bytes, int most, class T>
PLUMB_INLINE inline void convolve(const PlaneImage<T>& f) {
  using V = VectorOf<T, bytes>;
  const std::int64_t taps = f.sizes.group_column();
  const std::int64_t positions = f.planes.rounded(V::lanes);
  const std::int64_t blocks = ceil_divide(f.outputs, most);
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::int64_t first = block * f.outputs / blocks;
    const std::int64_t rows = (block + 1) * f.outputs / blocks - first;
    for (std::int64_t k = 0; k == 0 || k < taps; k += longest_chain)
      with_constant<most>(rows, [&](auto height) PLUMB_INLINE {
        convolve_row<T, bytes, height>(k > 0, std::min(longest_chain, taps - k),
                                       f.w + first * taps + k, taps, f.offsets + k, f.x, f.rows,
                                       positions, positions);
      });
    const std::int64_t plane = f.sizes.result_plane();
    for (std::int64_t r = 0; r < rows; ++r)
      gather_rows<bytes>(f.sizes.result.height, f.sizes.result.width, f.rows + r * positions,
                         f.planes.stride, f.y + (first + r) * plane, f.mode,
                         f.bias == nullptr ? T(0) : f.bias[first + r]);
  }
}

template <class T>
void run(const PlaneImage<T>& f) {
  on_wide_vectors([&](auto bytes) PLUMB_INLINE { convolve<bytes, block_rows<bytes>>(f); });
}

// --- whole batches ------------------------------------------------------------------------------

constexpr std::int64_t most_rows = 8;

// w [outputs, channels / groups, kh, kw] as a kernel of the convolution that leads back: channels
// and outputs of each group exchanged, rows and columns turned round.
template <class T>
Tensor turned(const ConvolutionSizes& s, const T* w) {
  Tensor memory = Tensor::empty({s.weights()}, dtype_of<T>);
  T* out = memory.mutable_data<T>();
  const std::int64_t inputs = s.channels / s.windows.groups, outputs = s.group_outputs();
  const std::int64_t taps = s.kernel.height * s.kernel.width;
  for (std::int64_t group = 0; group < s.windows.groups; ++group, w += outputs * inputs * taps)
    for (std::int64_t c = 0; c < inputs; ++c)
      for (std::int64_t o = 0; o < outputs; ++o)
        for (std::int64_t k = taps - 1; k >= 0; --k) *out++ = w[(o * inputs + c) * taps + k];
  return memory;
}

// Groups of channels of an image are cut where there are too few images for many threads.
std::int64_t parts_of_image(const ConvolutionSizes& s) {
  if (s.images >= 16) return 1;
  const std::int64_t blocks = std::max<std::int64_t>(s.group_outputs() / most_rows, 1);
  return std::clamp(static_cast<std::int64_t>(s.work() / 1e6), std::int64_t{1}, blocks);
}

}  // namespace

bool has_plane_convolution(const ConvolutionSizes& s) {
  return isa() != Isa::base && s.windows.stride == 1;
}

bool has_plane_convolution_image(const ConvolutionSizes& s) {
  const ConvolutionSizes back = s.backwards();
  return has_plane_convolution(s) && s.has_all_positions() && back.windows.padding.height >= 0 &&
         back.windows.padding.width >= 0;
}

template <class T>
void plane_convolution(const ConvolutionSizes& s, T* y, Write mode, const T* x, const T* w,
                       const T* bias) {
  const PaddedPlanes planes(s);
  const Tensor offsets = offsets_of(s, planes);
  const std::int64_t* look = offsets.data<std::int64_t>();
  const std::int64_t groups = s.windows.groups, outputs = s.group_outputs();
  const std::int64_t parts = parts_of_image(s);
  parallel_for(s.images * parts, s.images_at_once(), [&](std::int64_t begin, std::int64_t end) {
    Tensor room = padded_room<T>(s.channels * planes.size);
    Tensor rows = Tensor::empty({most_rows, planes.rounded(most_lanes) + most_lanes}, dtype_of<T>);
    T* padded = room.mutable_data<T>();
    T* results = rows.mutable_data<T>();
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t n = task / parts, part = task % parts;
      const T* image = x + n * s.channels * s.image_plane();
      on_best_isa([=, &s, &planes]() PLUMB_INLINE {
        spread_rows(s.channels, s.image.height, s.image.width, image, padded + planes.inside,
                    planes.stride, planes.size);
      });
      const std::int64_t from = part * outputs / parts, to = (part + 1) * outputs / parts;
      for (std::int64_t group = 0; group < groups; ++group) {
        const std::int64_t first = group * outputs + from;
        run(PlaneImage<T>{s, planes, look, to - from,
                          padded + group * (s.channels / groups) * planes.size,
                          w + first * s.group_column(), bias == nullptr ? nullptr : bias + first,
                          results, y + (n * s.outputs + first) * s.result_plane(), mode});
      }
    }
  });
}

template <class T>
void plane_convolution_image(const ConvolutionSizes& s, T* dx, Write mode, const T* g, const T* w,
                             const T* bias) {
  const Tensor kernel = turned(s, w);
  plane_convolution(s.backwards(), dx, mode, g, kernel.data<T>(), bias);
}

template void plane_convolution(const ConvolutionSizes&, float*, Write, const float*, const float*,
                                const float*);
template void plane_convolution(const ConvolutionSizes&, double*, Write, const double*,
                                const double*, const double*);
template void plane_convolution_image(const ConvolutionSizes&, float*, Write, const float*,
                                      const float*, const float*);
template void plane_convolution_image(const ConvolutionSizes&, double*, Write, const double*,
                                      const double*, const double*);
}  // namespace plumb::kernel
