#include "adaptive_avg_pool.hpp"

#include "../core/runtime/error.hpp"

namespace plumb::nn {
namespace {

void check_output(const char* layer, const char* axis, std::int64_t output) {
  if (output < 1) fail(layer, "the output along ", axis, " must be at least 1, got ", output);
}

}  // namespace

AdaptiveAvgPool1d::AdaptiveAvgPool1d(std::int64_t output) : output_(output) {
  check_output("AdaptiveAvgPool1d", "l", output);
}

Variable AdaptiveAvgPool1d::forward(const Variable& x) { return adaptive_avg_pool1d(x, output_); }

AdaptiveAvgPool2d::AdaptiveAvgPool2d(Size2d output) : output_(output) {
  check_output("AdaptiveAvgPool2d", "h", output.height);
  check_output("AdaptiveAvgPool2d", "w", output.width);
}

Variable AdaptiveAvgPool2d::forward(const Variable& x) { return adaptive_avg_pool2d(x, output_); }

}  // namespace plumb::nn
