#include "linear.hpp"

#include <cmath>

#include "../autograd/internal/mistakes.hpp"
#include "../autograd/ops/matmul.hpp"
#include "../core/runtime/checks.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "activation.hpp"
#include "init.hpp"

namespace plumb::nn {

Linear::Linear(std::int64_t in, std::int64_t out, Generator& generator, Bias bias) {
  if (in < 0 || out < 0)
    fail("Linear", "the numbers of features must not be negative, got in = ", in, ", out = ", out);
  const double bound = in > 0 ? 1 / std::sqrt(static_cast<double>(in)) : 0;
  Tensor weight = Tensor::empty({out, in});
  init::uniform(weight, generator, -bound, bound);
  weight_ = add_parameter("weight", weight);
  if (bias == Bias::no) return;
  Tensor values = Tensor::empty({out});
  init::uniform(values, generator, -bound, bound);
  bias_ = add_parameter("bias", values);
}

Linear::Linear(Variable weight, Variable bias)
    : weight_(add_parameter("weight", std::move(weight))) {
  if (weight_.rank() != 2) fail("Linear", "expected a weight [out, in], got ", weight_.shape());
  if (!bias.defined()) return;
  if (bias.shape() != Shape{weight_.dim(0)})
    fail("Linear", "expected a bias ", Shape{weight_.dim(0)}, ", got ", bias.shape());
  bias_ = add_parameter("bias", std::move(bias));
}

Variable Linear::forward(const Variable& x) {
  check_input(x);
  return linear(x, weight_, bias_);
}

Variable Linear::forward_relu(const Variable& x) {
  check_input(x);
  return linear_relu(x, weight_, bias_);
}

Fused Linear::fuse_with(Layer& next) {
  return fused<ReLU>(
      *this, next, [](Linear& linear, ReLU&, const Variable& x) { return linear.forward_relu(x); });
}

void Linear::check_input(const Variable& x) const {
  const std::int64_t in = weight_.dim(1);
  if (x.rank() == 0 || x.dim(-1) != in)
    fail("Linear", "expected input [..., ", in, "], got ", x.shape());
  if (checks()) plumb::detail::check_input_scale("Linear", x, weight_);
}

}  // namespace plumb::nn
