#include "conv1d.hpp"

#include "../core/runtime/error.hpp"
#include "internal/convolution_start.hpp"

namespace plumb::nn {

Conv1d::Conv1d(std::int64_t in, std::int64_t out, std::int64_t kernel, Generator& generator,
               const Conv1dOptions& options, Bias bias)
    : options_(options) {
  options.check("Conv1d");
  detail::check_channels("Conv1d", in, out, options.groups);
  detail::check_kernel("Conv1d", kernel);
  const Shape shape = {out, in / options.groups, kernel};
  weight_ = add_parameter("weight", detail::uniform_by_fan(shape, shape, generator));
  if (bias == Bias::yes)
    bias_ = add_parameter("bias", detail::uniform_by_fan({out}, shape, generator));
}

Conv1d::Conv1d(Variable weight, Variable bias, const Conv1dOptions& options)
    : options_(options), weight_(add_parameter("weight", std::move(weight))) {
  options.check("Conv1d");
  if (weight_.rank() != 3)
    fail("Conv1d", "expected a weight [out, in / groups, k], got ", weight_.shape());
  if (weight_.dim(0) % options.groups != 0)
    fail("Conv1d", "groups must divide the outputs of the weight ", weight_.shape(), ", got ",
         options.groups);
  detail::check_bias("Conv1d", bias, weight_.dim(0));
  if (bias.defined()) bias_ = add_parameter("bias", std::move(bias));
}

Variable Conv1d::forward(const Variable& x) {
  const std::int64_t in = weight_.dim(1) * options_.groups;
  if (x.rank() != 3 || x.dim(1) != in)
    fail("Conv1d", "expected input [n, ", in, ", l], got ", x.shape());
  return conv1d(x, weight_, bias_, options_);
}

}  // namespace plumb::nn
