#include "pooling.hpp"

#include "../core/runtime/internal/fail.hpp"
#include "../core/tensor/sliding_window.hpp"

namespace plumb::nn {
namespace {

template <class Size>
Size dilation_of(const MaxPoolOptions<Size>& options) {
  return options.dilation;
}

template <class Size>
Size dilation_of(const AvgPoolOptions<Size>&) {
  return 1;
}

template <class Options>
void check(const char* layer, std::int64_t kernel, const Options& options) {
  const std::int64_t stride = options.stride.value_or(kernel);
  check_window(layer, "l", {kernel, stride, options.padding, dilation_of(options)});
}

template <class Options>
void check(const char* layer, const Size2d& kernel, const Options& options) {
  const Size2d stride = options.stride.value_or(kernel);
  const Size2d padding = options.padding, dilation = dilation_of(options);
  check_window(layer, "h", {kernel.height, stride.height, padding.height, dilation.height});
  check_window(layer, "w", {kernel.width, stride.width, padding.width, dilation.width});
}

void check_output(const char* layer, const char* axis, std::int64_t output) {
  if (output < 1) fail(layer, "the output along ", axis, " must be at least 1, got ", output);
}

void check_output(const char* layer, std::int64_t output) { check_output(layer, "l", output); }

void check_output(const char* layer, const Size2d& output) {
  check_output(layer, "h", output.height);
  check_output(layer, "w", output.width);
}

}  // namespace

template <class Size, class Options, Variable (*operation)(const Variable&, Size, const Options&)>
PoolLayer<Size, Options, operation>::PoolLayer(const char* layer, Size kernel,
                                               const Options& options)
    : kernel_(kernel), options_(options) {
  check(layer, kernel, options);
}

MaxPool1d::MaxPool1d(std::int64_t kernel, const MaxPool1dOptions& options)
    : PoolLayer("MaxPool1d", kernel, options) {}

MaxPool2d::MaxPool2d(Size2d kernel, const MaxPool2dOptions& options)
    : PoolLayer("MaxPool2d", kernel, options) {}

bool MaxPool2d::halves() const {
  const MaxPool2dOptions& o = options();
  return kernel() == 2 && o.stride.value_or(2) == 2 && o.padding == 0 && o.dilation == 1 &&
         o.ceil_mode == CeilMode::no;
}

AvgPool1d::AvgPool1d(std::int64_t kernel, const AvgPool1dOptions& options)
    : PoolLayer("AvgPool1d", kernel, options) {}

AvgPool2d::AvgPool2d(Size2d kernel, const AvgPool2dOptions& options)
    : PoolLayer("AvgPool2d", kernel, options) {}

template <class Size, Variable (*operation)(const Variable&, Size)>
AdaptivePoolLayer<Size, operation>::AdaptivePoolLayer(const char* layer, Size output)
    : output_(output) {
  check_output(layer, output);
}

AdaptiveAvgPool1d::AdaptiveAvgPool1d(std::int64_t output)
    : AdaptivePoolLayer("AdaptiveAvgPool1d", output) {}

AdaptiveAvgPool2d::AdaptiveAvgPool2d(Size2d output)
    : AdaptivePoolLayer("AdaptiveAvgPool2d", output) {}

AdaptiveMaxPool1d::AdaptiveMaxPool1d(std::int64_t output)
    : AdaptivePoolLayer("AdaptiveMaxPool1d", output) {}

AdaptiveMaxPool2d::AdaptiveMaxPool2d(Size2d output)
    : AdaptivePoolLayer("AdaptiveMaxPool2d", output) {}

}  // namespace plumb::nn
