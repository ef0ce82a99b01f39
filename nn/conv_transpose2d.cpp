#include "conv_transpose2d.hpp"

#include "../core/runtime/error.hpp"
#include "internal/convolution_start.hpp"

namespace plumb::nn {

ConvTranspose2d::ConvTranspose2d(std::int64_t in, std::int64_t out, Size2d kernel,
                                 Generator& generator, const ConvTranspose2dOptions& options,
                                 Bias bias)
    : options_(options) {
  options.check("ConvTranspose2d");
  detail::check_channels("ConvTranspose2d", in, out, options.groups);
  detail::check_kernel("ConvTranspose2d", kernel);
  const Shape shape = {in, out / options.groups, kernel.height, kernel.width};
  weight_ = add_parameter("weight", detail::uniform_by_fan(shape, shape, generator));
  if (bias == Bias::yes)
    bias_ = add_parameter("bias", detail::uniform_by_fan({out}, shape, generator));
}

ConvTranspose2d::ConvTranspose2d(Variable weight, Variable bias,
                                 const ConvTranspose2dOptions& options)
    : options_(options), weight_(add_parameter("weight", std::move(weight))) {
  options.check("ConvTranspose2d");
  if (weight_.rank() != 4)
    fail("ConvTranspose2d", "expected a weight [in, out / groups, kh, kw], got ", weight_.shape());
  if (weight_.dim(0) % options.groups != 0)
    fail("ConvTranspose2d", "groups must divide the inputs of the weight ", weight_.shape(),
         ", got ", options.groups);
  detail::check_bias("ConvTranspose2d", bias, weight_.dim(1) * options.groups);
  if (bias.defined()) bias_ = add_parameter("bias", std::move(bias));
}

Variable ConvTranspose2d::forward(const Variable& x) {
  const std::int64_t in = weight_.dim(0);
  if (x.rank() != 4 || x.dim(1) != in)
    fail("ConvTranspose2d", "expected input [n, ", in, ", h, w], got ", x.shape());
  return conv_transpose2d(x, weight_, bias_, options_);
}

}  // namespace plumb::nn
