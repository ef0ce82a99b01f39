#include "layer_norm.hpp"

#include <algorithm>
#include <cmath>

#include "../autograd/ops/normalization.hpp"
#include "../core/runtime/error.hpp"

namespace plumb::nn {

LayerNorm::LayerNorm(const Shape& shape, const LayerNormOptions& options)
    : shape_(shape), options_(options) {
  if (shape.rank() == 0) fail("LayerNorm", "no axis is to be normalized");
  if (*std::min_element(shape.begin(), shape.end()) < 0)
    fail("LayerNorm", "sizes must not be negative, got ", shape);
  if (!(options.eps >= 0 && std::isfinite(options.eps)))
    fail("LayerNorm", "eps must be in [0, inf), got ", options.eps);
  if (options.affine == Affine::no) return;
  weight_ = add_parameter("weight", Tensor::ones(shape));
  bias_ = add_parameter("bias", Tensor::zeros(shape));
}

LayerNorm::LayerNorm(std::int64_t size, const LayerNormOptions& options)
    : LayerNorm(Shape{size}, options) {}

Variable LayerNorm::forward(const Variable& x) {
  const int leading = x.rank() - shape_.rank();
  if (leading < 0 || !std::equal(shape_.begin(), shape_.end(), x.shape().begin() + leading))
    fail("LayerNorm", "expected an input that ends in ", shape_, ", got ", x.shape());
  return layer_norm(x, shape_, weight_, bias_, options_.eps);
}

}  // namespace plumb::nn
