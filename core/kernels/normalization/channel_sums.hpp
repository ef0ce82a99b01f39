// Sums over the elements of each channel: means, deviations, and what gradients of a normalization
// need.
#pragma once

#include "../../tensor/tensor.hpp"
#include "plane_access.hpp"

namespace plumb::kernel {

// x and g are float32 or float64; what is known of a channel is float64, [channels], so that
// nothing is lost of a deviation that is small beside its mean. Sums are added in an order that
// follows from shapes alone.

/// A tensor as [images, channels, length]: a channel is a run of `length` in every image.
struct ChannelView {
  std::int64_t images, channels, length;

  /// Elements of one channel.
  std::int64_t count() const { return images * length; }
};

/// The mean of each channel and the sum of the squares of the distances from it; 0 for no elements.
struct Moments {
  Tensor mean, squares;
};
Moments channel_moments(const Tensor& x, const ChannelView& view);

/// For each channel the sum of g and that of g (x - mean).
struct GradientSums {
  Tensor gradient, product;
};
GradientSums channel_sums(const Tensor& g, const Tensor& x, const ChannelView& view,
                          const Tensor& mean);
GradientSums channel_sums(const PooledGradient& g, const Tensor& x, const ChannelView& view,
                          const Tensor& mean);

/// For x [rows, size], where each row has a mean and an inverse deviation, the sums of g and of
/// g (x - mean) inverse over the rows: [size] both.
GradientSums row_sums(const Tensor& g, const Tensor& x, std::int64_t size, const Tensor& mean,
                      const Tensor& inverse);

}  // namespace plumb::kernel
