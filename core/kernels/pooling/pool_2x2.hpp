// Pooling by windows of 2 x 2 side by side, the commonest ones: several windows in each step.
#pragma once

#include <cstdint>

#include "planes.hpp"

namespace plumb::kernel {

// All work through `planes` planes on the calling thread, with T float or double. Gradients
// overwrite.

/// Whether the windows are of 2 x 2, 2 apart, without padding and within the input, as all functions
/// below take them.
bool is_2x2(const PlaneWindows& windows);

/// y = the largest element of each window, and its place 2 row + column.
template <class T>
void max_pool_2x2(std::int64_t planes, const PlaneWindows& windows, const T* x, T* y,
                  std::uint8_t* places);

/// dx = g where the largest elements are, 0 elsewhere.
template <class T>
void max_pool_2x2_into(std::int64_t planes, const PlaneWindows& windows, const T* g,
                       const std::uint8_t* places, T* dx);

/// y = the mean of each window, summed in double.
template <class T>
void avg_pool_2x2(std::int64_t planes, const PlaneWindows& windows, const T* x, T* y);

/// dx = g / 4 in each window, 0 elsewhere.
template <class T>
void avg_pool_2x2_into(std::int64_t planes, const PlaneWindows& windows, const T* g, T* dx);

}  // namespace plumb::kernel
