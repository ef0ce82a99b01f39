// The gradient of a convolution's weights, summed over blocks of images on several threads.
#pragma once

#include <algorithm>

#include "../../runtime/parallel.hpp"
#include "../../tensor/tensor.hpp"
#include "../reduce_loops.hpp"
#include "convolution_sizes.hpp"

namespace plumb::kernel {

/// dw = or += the sum of what f(begin, end, sums) writes to `sums` for each block of images.
template <class T, class F>
void sum_weight_blocks(const ConvolutionSizes& s, T* dw, Write mode, F f) {
  const std::int64_t block = s.images_in_block();
  const std::int64_t blocks = ceil_divide(s.images, block);
  Tensor memory = Tensor::empty({blocks, s.weights()}, dtype_of<T>);
  T* sums = memory.mutable_data<T>();
  parallel_for(blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b)
      f(b * block, std::min((b + 1) * block, s.images), sums + b * s.weights());
  });
  reduce<Plus>({1, blocks, s.weights()}, sums, Element(), dw, mode);
}

}  // namespace plumb::kernel
