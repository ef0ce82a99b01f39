#include "convolution.hpp"

#include "../core/runtime/error.hpp"
#include "internal/convolution_start.hpp"

namespace plumb::nn {

Conv2d::Conv2d(std::int64_t in, std::int64_t out, Size2d kernel, Generator& generator,
               const Conv2dOptions& options, Bias bias)
    : options_(options) {
  options.check("Conv2d");
  detail::check_channels("Conv2d", in, out, options.groups);
  detail::check_kernel("Conv2d", kernel);
  const Shape shape = {out, in / options.groups, kernel.height, kernel.width};
  weight_ = add_parameter("weight", detail::uniform_by_fan(shape, shape, generator));
  if (bias == Bias::yes)
    bias_ = add_parameter("bias", detail::uniform_by_fan({out}, shape, generator));
}

Conv2d::Conv2d(Variable weight, Variable bias, const Conv2dOptions& options)
    : options_(options), weight_(add_parameter("weight", std::move(weight))) {
  options.check("Conv2d");
  if (weight_.rank() != 4)
    fail("Conv2d", "expected a weight [out, in / groups, kh, kw], got ", weight_.shape());
  if (weight_.dim(0) % options.groups != 0)
    fail("Conv2d", "groups must divide the outputs of the weight ", weight_.shape(), ", got ",
         options.groups);
  detail::check_bias("Conv2d", bias, weight_.dim(0));
  if (bias.defined()) bias_ = add_parameter("bias", std::move(bias));
}

Variable Conv2d::forward(const Variable& x) {
  const std::int64_t in = weight_.dim(1) * options_.groups;
  if (x.rank() != 4 || x.dim(1) != in)
    fail("Conv2d", "expected input [n, ", in, ", h, w], got ", x.shape());
  return conv2d(x, weight_, bias_, options_);
}

}  // namespace plumb::nn
