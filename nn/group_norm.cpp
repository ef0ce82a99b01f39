#include "group_norm.hpp"

#include <cmath>

#include "../autograd/ops/normalization.hpp"
#include "../core/runtime/error.hpp"

namespace plumb::nn {

GroupNorm::GroupNorm(std::int64_t groups, std::int64_t channels, const GroupNormOptions& options)
    : groups_(groups), channels_(channels), options_(options) {
  if (channels < 0)
    fail("GroupNorm", "the number of channels must not be negative, got ", channels);
  if (groups < 1 || channels % groups != 0)
    fail("GroupNorm", groups, " groups do not divide ", channels, " channels");
  if (!(options.eps >= 0 && std::isfinite(options.eps)))
    fail("GroupNorm", "eps must be in [0, inf), got ", options.eps);
  if (options.affine == Affine::no) return;
  weight_ = add_parameter("weight", Tensor::ones({channels}));
  bias_ = add_parameter("bias", Tensor::zeros({channels}));
}

Variable GroupNorm::forward(const Variable& x) {
  if (x.rank() < 2 || x.dim(1) != channels_)
    fail("GroupNorm", "expected input [n, ", channels_, ", ...], got ", x.shape());
  return group_norm(x, groups_, weight_, bias_, options_.eps);
}

}  // namespace plumb::nn
