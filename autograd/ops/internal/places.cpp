#include "places.hpp"

#include "../../../core/kernels/pooling/max_pool.hpp"
#include "../../../core/kernels/pooling/read_places.hpp"
#include "linear_map.hpp"

namespace plumb::detail {
namespace {

TensorMap writes(const Shape& shape, const Tensor& places, const kernel::PlaneWindows& windows) {
  return [=](const Tensor& g) {
    return written(shape, g.dtype(), [&](Tensor& dx, Write mode) {
      kernel::max_pool_into(dx, mode, g, places, windows);
    });
  };
}

TensorMap reads(const Tensor& places, const kernel::PlaneWindows& windows) {
  return [=](const Tensor& x) {
    Tensor y = Tensor::empty(places.shape(), x.dtype());
    kernel::read_places(y, x, places, windows);
    return y;
  };
}

}  // namespace

Variable to_places(const char* operation, const Variable& g, const Shape& shape,
                   const Tensor& places, const kernel::PlaneWindows& windows) {
  return linear_map(operation, g, writes(shape, places, windows), reads(places, windows));
}

Variable at_places(const char* operation, const Variable& x, const Tensor& places,
                   const kernel::PlaneWindows& windows) {
  return linear_map(operation, x, reads(places, windows), writes(x.shape(), places, windows));
}

}  // namespace plumb::detail
