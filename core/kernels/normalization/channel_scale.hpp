// (x - mean) factor + shift channel by channel, and the gradients of that.
#pragma once

#include "../../tensor/tensor.hpp"
#include "../../tensor/write.hpp"
#include "channel_sums.hpp"
#include "plane_access.hpp"

namespace plumb::kernel {

// x, y, g and dx are float32 or float64, of one shape; constants of the channels are float64,
// [channels].

/// y = (x - mean) factor + shift.
void scale_channels(Tensor& y, const Tensor& x, const ChannelView& view, const Tensor& mean,
                    const Tensor& factor, const Tensor& shift);
/// The same, of which the largest element of each window of 2 x 2 is stored, and its place, as max_pool_2x2 does.
/// A channel's run of x is a plane.
void scale_channels_max_pool(Tensor& y, Tensor& places, const PlaneWindows& windows,
                             const Tensor& x, const ChannelView& view, const Tensor& mean,
                             const Tensor& factor, const Tensor& shift);

/// dx = or += a g + b x^ + c for x^ = (x - mean) inverse. `steep` is b inverse, which underflows or
/// overflows long before b does: it is used where it fits the dtype of x in every channel.
void combine_channels(Tensor& dx, Write mode, const Tensor& g, const Tensor& x,
                      const ChannelView& view, const Tensor& mean, const Tensor& inverse,
                      const Tensor& a, const Tensor& b, const Tensor& steep, const Tensor& c);
void combine_channels(Tensor& dx, Write mode, const PooledGradient& g, const Tensor& x,
                      const ChannelView& view, const Tensor& mean, const Tensor& inverse,
                      const Tensor& a, const Tensor& b, const Tensor& steep, const Tensor& c);

/// dx = or += a g.
void multiply_channels(Tensor& dx, Write mode, const Tensor& g, const ChannelView& view,
                       const Tensor& a);
void multiply_channels(Tensor& dx, Write mode, const PooledGradient& g, const ChannelView& view,
                       const Tensor& a);

}  // namespace plumb::kernel
