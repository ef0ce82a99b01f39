// The gradient of a convolution's weights, summed over blocks of images on several threads.
#pragma once

#include <algorithm>

#include "../../runtime/parallel.hpp"
#include "../../tensor/tensor.hpp"
#include "../reduce_loops.hpp"
#include "convolution_sizes.hpp"

namespace plumb::kernel {

/// Into how many parts, at most `most`, the outputs of each block are to be cut so that all threads have one. It
/// does not change the bits: a part's sums are those of the whole.
inline std::int64_t parts_of_blocks(const ConvolutionSizes& s, std::int64_t most) {
  const std::int64_t blocks = std::max<std::int64_t>(1, ceil_divide(s.images, s.images_in_block()));
  return std::clamp<std::int64_t>(ceil_divide(num_threads(), blocks), 1, most);
}

/// dw = or += the sum of what f(begin, end, part, sums) writes of part `part` of `parts` of the weights, to its place
/// in `sums`, for each block of images.
template <class T, class F>
void sum_weight_parts(const ConvolutionSizes& s, T* dw, Write mode, std::int64_t parts, F f) {
  const std::int64_t block = s.images_in_block();
  const std::int64_t blocks = ceil_divide(s.images, block);
  Tensor memory = Tensor::empty({blocks, s.weights()}, dtype_of<T>);
  T* sums = memory.mutable_data<T>();
  parallel_for(blocks * parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t b = task / parts;
      f(b * block, std::min((b + 1) * block, s.images), task % parts, sums + b * s.weights());
    }
  });
  reduce<Plus>({1, blocks, s.weights()}, sums, Element(), dw, mode);
}

/// The same where f(begin, end, sums) writes all weights.
template <class T, class F>
void sum_weight_blocks(const ConvolutionSizes& s, T* dw, Write mode, F f) {
  sum_weight_parts(
      s, dw, mode, 1,
      [&](std::int64_t begin, std::int64_t end, std::int64_t, T* sums) { f(begin, end, sums); });
}

}  // namespace plumb::kernel
