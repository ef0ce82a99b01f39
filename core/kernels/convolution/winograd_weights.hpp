// The weights of a 3x3 convolution as Winograd's products take them, and the way back for their gradient.
#pragma once

#include <cstdint>

#include "../../tensor/tensor.hpp"
#include "convolution_sizes.hpp"

namespace plumb::kernel {

// Maps are those of winograd_transforms.hpp; T is float or double.

/// Which convolution they are for: the one of these sizes, or the one that leads back to its image.
enum class Leading : std::uint8_t { forward, back };

/// G w G^T [16, c, o] of w [outputs, channels, 3, 3]. Where it leads back, c are the outputs and o the channels.
template <class T>
Tensor winograd_weights(const ConvolutionSizes& s, const T* w, Leading leading);

/// dw [outputs, channels, 3, 3] = G^T u G of u [16, channels, outputs].
template <class T>
void winograd_weights_back(const ConvolutionSizes& s, const T* u, T* dw);

}  // namespace plumb::kernel
