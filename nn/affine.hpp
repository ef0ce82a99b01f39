// Affine: whether a normalization has parameters.
#pragma once

#include <cstdint>

namespace plumb::nn {

/// Whether a normalization is followed by a learnt weight, which starts as 1, and bias, as 0.
enum class Affine : std::uint8_t { no, yes };

}  // namespace plumb::nn
