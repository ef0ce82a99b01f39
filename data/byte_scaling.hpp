// How features that are stored as bytes become floating-point numbers.
#pragma once

#include "../core/tensor/dtype.hpp"

namespace plumb::data {

/// x = (byte / 255 - mean) / deviation, rounded once. With the defaults x lies in [0, 1]; MNIST is
/// standardized by mean 0.1307 and deviation 0.3081.
struct ByteScaling {
  DType dtype = DType::float32;  ///< Or float64; or uint8, which leaves the bytes as they are.
  double mean = 0;               ///< Of byte / 255; finite.
  double deviation = 1;          ///< Finite and > 0.

  /// Throws Error("[operation] ...") for an option out of its range, and for a mean or deviation of
  /// bytes that stay bytes.
  void check(const char* operation) const;
};

}  // namespace plumb::data
