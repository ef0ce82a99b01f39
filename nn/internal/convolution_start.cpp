#include "convolution_start.hpp"

#include <cmath>

#include "../../core/runtime/error.hpp"
#include "../init.hpp"

namespace plumb::nn {

void detail::check_channels(const char* layer, std::int64_t in, std::int64_t out,
                            std::int64_t groups) {
  if (in < 0 || out < 0)
    fail(layer, "the numbers of channels must not be negative, got in = ", in, ", out = ", out);
  if (in % groups != 0 || out % groups != 0)
    fail(layer, "groups must divide the numbers of channels, got in = ", in, ", out = ", out,
         ", groups = ", groups);
}

void detail::check_kernel(const char* layer, std::int64_t kernel) {
  if (kernel < 1) fail(layer, "the kernel must be at least 1, got ", kernel);
}

void detail::check_kernel(const char* layer, const Size2d& kernel) {
  if (kernel.height < 1 || kernel.width < 1)
    fail(layer, "the kernel must be at least 1, got ", kernel);
}

void detail::check_bias(const char* layer, const Variable& bias, std::int64_t outputs) {
  if (bias.defined() && bias.shape() != Shape{outputs})
    fail(layer, "expected a bias ", Shape{outputs}, ", got ", bias.shape());
}

Tensor detail::uniform_by_fan(const Shape& shape, const Shape& weight, Generator& generator) {
  const std::int64_t fan = init::fans(weight).in;
  const double bound = fan > 0 ? 1 / std::sqrt(static_cast<double>(fan)) : 0;
  Tensor x = Tensor::empty(shape);
  init::uniform(x, generator, -bound, bound);
  return x;
}

}  // namespace plumb::nn
