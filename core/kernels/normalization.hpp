// Normalization: means and deviations of channels or rows, (x - mean) factor + shift, gradients.
#pragma once

#include "../tensor.hpp"
#include "../write.hpp"

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

/// y = (x - mean) factor + shift, channel by channel.
void scale_channels(Tensor& y, const Tensor& x, const ChannelView& view, const Tensor& mean,
                    const Tensor& factor, const Tensor& shift);

/// For each channel the sum of g and that of g (x - mean).
struct GradientSums {
  Tensor gradient, product;
};
GradientSums channel_sums(const Tensor& g, const Tensor& x, const ChannelView& view,
                          const Tensor& mean);

/// dx = or += a g + b (x - mean) + c, channel by channel.
void combine_channels(Tensor& dx, Write mode, const Tensor& g, const Tensor& x,
                      const ChannelView& view, const Tensor& mean, const Tensor& a, const Tensor& b,
                      const Tensor& c);

/// dx = or += a g.
void multiply_channels(Tensor& dx, Write mode, const Tensor& g, const ChannelView& view,
                       const Tensor& a);

// Layer norm, on [rows, size], where each row has a mean and a deviation, and weight and bias are
// [size] of the dtype of x, or undefined for 1 and 0.

/// y = (x - mean) inverse weight + bias.
void scale_rows(Tensor& y, const Tensor& x, const Tensor& mean, const Tensor& inverse,
                const Tensor& weight, const Tensor& bias);

/// dx = or += inverse (h - mean of h - x^ times the mean of h x^) for each row, with h = g weight
/// and x^ = (x - mean) inverse.
void layer_norm_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& mean,
                     const Tensor& inverse, const Tensor& weight);

/// The sums of g and of g (x - mean) inverse over the rows, [size] both.
GradientSums row_sums(const Tensor& g, const Tensor& x, std::int64_t size, const Tensor& mean,
                      const Tensor& inverse);

}  // namespace plumb::kernel
