#include "plane_weight.hpp"

#include "padded_planes.hpp"
#include "plane_blocks.hpp"
#include "weight_blocks.hpp"

namespace plumb::kernel {
namespace {

constexpr std::int64_t most_rows = 8;

// Some images of g and of x: the elements from an image to the next, and from a plane of g to the
// next.
template <class T>
struct ImagePairs {
  std::int64_t images;
  const T* g;
  std::int64_t g_image, g_plane;
  const T* x;
  std::int64_t x_image;
  std::int64_t positions;  // in whole vectors
};

// dw[r, v] += the sum over images and p of g[r, p] x[offsets[v] + p] for `rows` rows and `across`
// elements of the kernel.
template <class T, int bytes, int rows, int across>
PLUMB_INLINE inline void correlate_planes(const ImagePairs<T>& batch, const std::int64_t* offsets,
                                          T* dw, std::int64_t stride) {
  using V = VectorOf<T, bytes>;
  typename V::type sum[rows][across] = {};
  for (std::int64_t n = 0; n < batch.images; ++n) {
    const T* g = batch.g + n * batch.g_image;
    const T* x = batch.x + n * batch.x_image;
    for (std::int64_t p = 0; p < batch.positions; p += V::lanes) {
      typename V::type seen[across];
#pragma GCC unroll 4
      for (int v = 0; v < across; ++v) seen[v] = V::load(x + offsets[v] + p);
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
        const typename V::type seed = V::load(g + r * batch.g_plane + p);
#pragma GCC unroll 4
        for (int v = 0; v < across; ++v) sum[r][v] += seed * seen[v];
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < across; ++v) dw[r * stride + v] += V::total(sum[r][v]);
}

// The weight gradient of one group from a few images.
template <class T>
struct PlaneWeight {
  const ConvolutionSizes& sizes;
  const std::int64_t* offsets;
  ImagePairs<T> batch;
  T* dw;
};

template <int bytes, int most, class T>
PLUMB_INLINE inline void correlate(const PlaneWeight<T>& f) {
  const std::int64_t taps = f.sizes.group_column(), outputs = f.sizes.group_outputs();
  const std::int64_t blocks = ceil_divide(outputs, most);
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::int64_t first = block * outputs / blocks;
    const std::int64_t rows = (block + 1) * outputs / blocks - first;
    ImagePairs<T> batch = f.batch;
    batch.g += first * batch.g_plane;
    for (std::int64_t k = 0; k < taps; k += block_vectors<bytes>) {
      with_constant<most>(rows, [&](auto height) PLUMB_INLINE {
        with_constant<block_vectors<bytes>>(
            std::min<std::int64_t>(taps - k, block_vectors<bytes>), [&](auto width) PLUMB_INLINE {
              apart<bytes>([&]() PLUMB_INLINE {
                correlate_planes<T, bytes, height, width>(batch, f.offsets + k,
                                                          f.dw + first * taps + k, taps);
              });
            });
      });
    }
  }
}

// Blocks have as many sums as those of plane_blocks.hpp, one for each element of the kernel. A large image
// is gone through in stretches of positions; images that are not alone are no larger than one
// (images_in_cache()).
template <class T>
void run(const PlaneWeight<T>& f) {
  on_wide_vectors([&](auto bytes) PLUMB_INLINE {
    constexpr std::int64_t most = longest_chain * VectorOf<T, bytes>::lanes;
    PlaneWeight<T> part = f;
    for (std::int64_t p = 0; p < f.batch.positions; p += most) {
      part.batch.positions = std::min(most, f.batch.positions - p);
      correlate<bytes, block_rows<bytes>>(part);
      part.batch.g += most;
      part.batch.x += most;
    }
  });
}

// Images whose g and x are gone through at once for a few weights: what the first cache holds.
std::int64_t images_in_cache(const PaddedPlanes& planes) {
  constexpr std::int64_t elements = first_cache_bytes / static_cast<std::int64_t>(sizeof(float));
  return std::max<std::int64_t>(1, elements / (planes.rounded(most_lanes) * most_rows));
}

// dw = the images [begin, end).
template <class T>
void weight_of_images(const ConvolutionSizes& s, const PaddedPlanes& planes,
                      const std::int64_t* offsets, std::int64_t begin, std::int64_t end, T* dw,
                      const T* g, const T* x) {
  const std::int64_t at_once = std::min(images_in_cache(planes), end - begin);
  const std::int64_t positions = planes.rounded(most_lanes);
  Tensor x_room = padded_room<T>(at_once * s.channels * planes.size);
  Tensor g_room = padded_room<T>(at_once * s.outputs * positions);
  std::fill(dw, dw + s.weights(), T(0));
  T* padded = x_room.mutable_data<T>();
  T* seeds = g_room.mutable_data<T>();
  const std::int64_t x_image = s.channels * planes.size, g_image = s.outputs * positions;
  for (std::int64_t n = begin; n < end; n += at_once) {
    const std::int64_t images = std::min(at_once, end - n);
    on_best_isa([=, &s, &planes]() PLUMB_INLINE {
      spread_rows(images * s.channels, s.image.height, s.image.width,
                  x + n * s.channels * s.image_plane(), padded + planes.inside, planes.stride,
                  planes.size);
      spread_rows(images * s.outputs, s.result.height, s.result.width,
                  g + n * s.outputs * s.result_plane(), seeds, planes.stride, positions);
    });
    for (std::int64_t group = 0; group < s.windows.groups; ++group)
      run(PlaneWeight<T>{
          s,
          offsets,
          {images, seeds + group * s.group_outputs() * positions, g_image, positions,
           padded + group * (s.channels / s.windows.groups) * planes.size, x_image, positions},
          dw + group * s.group_outputs() * s.group_column()});
  }
}

}  // namespace

template <class T>
void plane_convolution_weight(const ConvolutionSizes& s, T* dw, Write mode, const T* g,
                              const T* x) {
  const PaddedPlanes planes(s);
  const Tensor offsets = offsets_of(s, planes);
  const std::int64_t* look = offsets.data<std::int64_t>();
  sum_weight_blocks(s, dw, mode, [&](std::int64_t begin, std::int64_t end, T* sums) {
    weight_of_images(s, planes, look, begin, end, sums, g, x);
  });
}

template void plane_convolution_weight(const ConvolutionSizes&, float*, Write, const float*,
                                       const float*);
template void plane_convolution_weight(const ConvolutionSizes&, double*, Write, const double*,
                                       const double*);

}  // namespace plumb::kernel
