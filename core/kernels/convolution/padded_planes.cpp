#include "padded_planes.hpp"

namespace plumb::kernel {

Tensor offsets_of(const ConvolutionSizes& s, const PaddedPlanes& planes) {
  Tensor offsets = Tensor::empty({s.group_column()}, DType::int64);
  std::int64_t* at = offsets.mutable_data<std::int64_t>();
  for (std::int64_t c = 0; c < s.channels / s.windows.groups; ++c)
    for (std::int64_t i = 0; i < s.kernel.height; ++i)
      for (std::int64_t j = 0; j < s.kernel.width; ++j)
        *at++ = c * planes.size + i * s.windows.dilation.height * planes.stride +
                j * s.windows.dilation.width;
  return offsets;
}

}  // namespace plumb::kernel
