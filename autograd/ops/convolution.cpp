#include "convolution.hpp"

#include <algorithm>
#include <utility>

#include "../../core/kernels/convolution/convolution.hpp"
#include "../../core/kernels/pooling/max_pool.hpp"
#include "../../core/kernels/reduce.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/runtime/parallel.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "../../core/tensor/sliding_window.hpp"
#include "../record.hpp"
#include "internal/places.hpp"
#include "pooling.hpp"
#include "reduction.hpp"

namespace plumb {
namespace {

using V = const Variable&;

// With sides and options below it no size of a result overflows.
constexpr std::int64_t limit = std::int64_t{1} << 31;

// --- checks -------------------------------------------------------------------------------------

bool within(std::int64_t value, std::int64_t least) { return value >= least && value < limit; }

bool within(const Size2d& value, std::int64_t least) {
  return within(value.height, least) && within(value.width, least);
}

template <class Value>
void check_option(std::string_view operation, const char* name, const Value& value,
                  std::int64_t least) {
  if (!within(value, least)) fail(operation, name, " must be in [", least, ", 2^31), got ", value);
}

template <class Options>
void check_common(std::string_view operation, const Options& options) {
  check_option(operation, "stride", options.stride, 1);
  check_option(operation, "padding", options.padding, 0);
  check_option(operation, "dilation", options.dilation, 1);
  check_option(operation, "groups", options.groups, 1);
}

bool fits_step(std::int64_t output_padding, std::int64_t stride, std::int64_t dilation) {
  return output_padding >= 0 && output_padding < std::max(stride, dilation);
}

template <class Options>
void check_output_padding(std::string_view operation, const Options& options, bool fits) {
  if (!fits)
    fail(operation, "output_padding must be in [0, max(stride, dilation)), got ",
         options.output_padding, " with stride ", options.stride, " and dilation ",
         options.dilation);
}

void check_sides(const char* operation, const Variable& x, int first) {
  for (int axis = first; axis < x.rank(); ++axis)
    if (x.shape()[axis] >= limit) fail(operation, "a side of ", x.shape(), " is not below 2^31");
}

const char* axis_name(int axis, int rank) { return rank == 3 ? "l" : axis == rank - 1 ? "w" : "h"; }

// Types, ranks, and whether there is anything to convolve.
void check_operands(const char* operation, const Variable& x, const char* x_shape,
                    const Variable& w, const char* w_shape, int rank) {
  detail::check_defined(operation, x, w);
  if (x.rank() != rank || w.rank() != rank)
    fail(operation, "expected x ", x_shape, " and w ", w_shape, ", got ", x.shape(), " and ",
         w.shape());
  if (!is_floating(x.dtype())) fail(operation, "expected float32 or float64, got ", x.dtype());
  detail::check_same_dtype(operation, x.dtype(), w.dtype());
  check_sides(operation, x, 1);
  check_sides(operation, w, 0);
  for (int axis = 2; axis < rank; ++axis) {
    if (x.shape()[axis] == 0)
      fail(operation, "x ", x.shape(), " is empty along ", axis_name(axis, rank));
    if (w.shape()[axis] == 0) fail(operation, "the kernel of w ", w.shape(), " is empty");
  }
}

void check_bias(const char* operation, const Variable& x, const Variable& bias,
                std::int64_t outputs) {
  if (!bias.defined()) return;
  if (bias.shape() != Shape{outputs})
    fail(operation, "expected a bias of ", Shape{outputs}, ", got ", bias.shape());
  detail::check_same_dtype(operation, x.dtype(), bias.dtype());
}

[[noreturn]] void refuse_channels(const char* operation, const Shape& x, const Shape& w,
                                  std::int64_t groups) {
  fail(operation, "the channels do not fit: x ", x, " and w ", w, " in ", groups,
       groups == 1 ? " group" : " groups");
}

// The number for an axis. The only side of a signal is its width.
std::int64_t along(int axis, int rank, const Size2d& size) {
  return axis == rank - 1 ? size.width : size.height;
}

// The shape of a convolution of x with w.
Shape convolved_shape(const char* operation, const Shape& x, const Shape& w,
                      const kernel::Windows& windows) {
  if (x[1] % windows.groups != 0 || x[1] / windows.groups != w[1] || w[0] % windows.groups != 0)
    refuse_channels(operation, x, w, windows.groups);
  Shape y = {x[0], w[0]};
  for (int axis = 2; axis < x.rank(); ++axis) {
    const auto of = [&](const Size2d& size) { return along(axis, x.rank(), size); };
    // A padding beyond half of the kernel is fine here: below 2^31 nothing overflows.
    const SlidingWindow window{w[axis], of(windows.stride), of(windows.padding),
                               of(windows.dilation)};
    y.push_back(window_positions(operation, axis_name(axis, x.rank()), window, x, axis));
  }
  return y;
}

// The shape that a convolution with w turns into that of x.
Shape transposed_shape(const char* operation, const Shape& x, const Shape& w,
                       const kernel::Windows& windows, const Size2d& output_padding) {
  if (x[1] != w[0] || w[0] % windows.groups != 0) refuse_channels(operation, x, w, windows.groups);
  Shape y = {x[0], w[1] * windows.groups};
  for (int axis = 2; axis < x.rank(); ++axis) {
    const auto of = [&](const Size2d& size) { return along(axis, x.rank(), size); };
    const std::int64_t window = of(windows.dilation) * (w[axis] - 1) + 1;
    const std::int64_t size =
        (x[axis] - 1) * of(windows.stride) - 2 * of(windows.padding) + window + of(output_padding);
    if (size < 1)
      fail(operation, "the result would have ", size, " elements along ", axis_name(axis, x.rank()),
           ": x ", x, ", w ", w, ", padding ", of(windows.padding));
    y.push_back(size);
  }
  return y;
}

// --- shapes -------------------------------------------------------------------------------------

// Signals are images of height 1.
Tensor as_images(const Tensor& x) {
  if (x.rank() != 3) return x;
  return x.reshape({x.shape()[0], x.shape()[1], 1, x.shape()[2]});
}

// g [n, c, h, w] summed to a bias [c].
void bias_into(Tensor& dbias, Write mode, const Tensor& g) {
  Tensor channels = dbias.reshape({dbias.numel(), 1, 1});
  kernel::sum_to(g, channels, mode);
}

Tensor value_or_none(const Variable& x) { return x.defined() ? x.value() : Tensor(); }

template <class Rule>
Variable record_biased(const char* operation, const Tensor& y, const Variable& x, const Variable& w,
                       const Variable& bias, Rule rule) {
  if (bias.defined()) return record(operation, y, {x, w, bias}, std::move(rule));
  return record(operation, y, {x, w}, std::move(rule));
}

// --- gradients as operations ---------------------------------------------------------------------

// The sum over all windows of x w g is linear in each of the three: x [n, c, h, w] the image, w the
// weight, and g of the shape of the result. Its gradient with respect to one of them is an operation of
// the other two, and the gradients of that are of the same kind.
enum class Part : std::uint8_t { image, weight, result };

void contract(Part part, Tensor& to, Write mode, const Tensor& a, const Tensor& b,
              const kernel::Windows& windows) {
  Tensor images = as_images(to);
  const Tensor first = as_images(a), second = as_images(b);
  if (part == Part::image)
    kernel::convolution_image_into(images, mode, first, second, Tensor(), windows);
  else if (part == Part::weight)
    kernel::convolution_weight_into(images, mode, first, second, windows);
  else
    kernel::convolution_into(images, mode, first, second, Tensor(), windows);
}

// The gradient of one part, of `shape`, from the other two: of the image from g and w, of the weight
// from g and x, of the result from x and w.
Variable gradient_of(Part part, const Shape& shape, const Variable& a, const Variable& b,
                     const kernel::Windows& windows) {
  Tensor y = Tensor::empty(shape, a.dtype());
  contract(part, y, Write::overwrite, a.value(), b.value(), windows);
  return record(
      "gradient of a convolution", std::move(y), {a, b},
      [part, windows, a = saved_for(b, a), b = saved_for(a, b)](const Variable& g, Gradients& to) {
        const auto give = [&](std::size_t i, Part of, const Variable& first,
                              const Variable& second) {
          to.give(i, gradient_of(of, to.shape(i), first, second, windows));
        };
        switch (part) {
          case Part::image:  // of g and w
            if (to.needs(0)) give(0, Part::result, g, to.input(1, b));
            if (to.needs(1)) give(1, Part::weight, to.input(0, a), g);
            break;
          case Part::weight:  // of g and x
            if (to.needs(0)) give(0, Part::result, to.input(1, b), g);
            if (to.needs(1)) give(1, Part::image, to.input(0, a), g);
            break;
          case Part::result:  // of x and w
            if (to.needs(0)) give(0, Part::image, g, to.input(1, b));
            if (to.needs(1)) give(1, Part::weight, g, to.input(0, a));
            break;
        }
      });
}

// g [n, c, ...] summed to a bias [c].
Variable gradient_of_bias(const Variable& g) {
  return g.rank() == 3 ? sum(g, {0, 2}) : sum(g, {0, 2, 3});
}

// The gradients of y = x * w + bias, where * slides w over x:  dx = conv_transpose(g, w), dw = x * g with g as the
// window, dbias = the sum of g over all axes but the channels
struct ConvolutionRule {
  ConvolutionRule(V x, V w, V bias, const kernel::Windows& windows)
      : x(saved_for(w, x)), w(saved_for(x, w)), biased(bias.defined()), windows(windows) {}

  void operator()(const Tensor& g, Gradients& to) const {
    if (to.recorded()) return give(to.gradient(g), to);
    to.write(0, [&](Tensor& dx, Write mode) { contract(Part::image, dx, mode, g, w, windows); });
    to.write(1, [&](Tensor& dw, Write mode) { contract(Part::weight, dw, mode, g, x, windows); });
    if (biased) to.write(2, [&](Tensor& db, Write mode) { bias_into(db, mode, as_images(g)); });
  }

  // The same from operations on variables.
  void give(V g, Gradients& to) const {
    if (to.needs(0)) to.give(0, gradient_of(Part::image, to.shape(0), g, to.input(1, w), windows));
    if (to.needs(1)) to.give(1, gradient_of(Part::weight, to.shape(1), g, to.input(0, x), windows));
    if (biased && to.needs(2)) to.give(2, gradient_of_bias(g));
  }

  const Saved x, w;
  const bool biased;
  const kernel::Windows windows;
};

// --- the operations -----------------------------------------------------------------------------

// y = x * w + bias
Variable convolution(const char* operation, V x, V w, V bias, const kernel::Windows& windows) {
  const Profiled profiled(operation);
  Tensor y = Tensor::empty(convolved_shape(operation, x.shape(), w.shape(), windows), x.dtype());
  check_bias(operation, x, bias, w.shape()[0]);
  Tensor images = as_images(y);
  kernel::convolution_into(images, Write::overwrite, as_images(x.value()), as_images(w.value()),
                           value_or_none(bias), windows);
  return record_biased(operation, y, x, w, bias, ConvolutionRule(x, w, bias, windows));
}

// The sum over images and positions of g, plane by plane and then over the images, as bias_into has it.
void pooled_bias_into(Tensor& dbias, Write mode, const kernel::PooledGradient& pooled) {
  const kernel::PlaneWindows& windows = pooled.windows;
  const std::int64_t images = pooled.g.dim(0), channels = pooled.g.dim(1);
  const Tensor sums = Tensor::empty({images, channels, 1, 1}, dbias.dtype());
  parallel_for(images, 1, [&](std::int64_t begin, std::int64_t end) {
    Tensor g = Tensor::empty({1, channels, windows.height, windows.width}, dbias.dtype());
    for (std::int64_t n = begin; n < end; ++n) {
      Tensor own = sums.rows(n, n + 1);
      kernel::max_pool_into(g, Write::overwrite, pooled.g.rows(n, n + 1),
                            pooled.places.rows(n, n + 1), windows);
      kernel::sum_to(g, own, Write::overwrite);
    }
  });
  bias_into(dbias, mode, sums);
}

// y = the largest of each window of x * w + bias;  the gradients as ConvolutionRule's, with a g that is 0 but
// at these
Variable pooled_convolution(const char* operation, const Variable& x, const Variable& w,
                            const Variable& bias, const kernel::Windows& windows,
                            const kernel::PlaneWindows& pool) {
  const Profiled profiled(operation);
  Tensor y = Tensor::empty({x.dim(0), w.dim(0), pool.out_height, pool.out_width}, x.dtype());
  Tensor places = Tensor::empty(y.shape(), DType::uint8);
  kernel::convolution_max_pool(y, places, x.value(), w.value(), value_or_none(bias), windows, pool);
  return record_biased(
      operation, y, x, w, bias,
      [operation, rule = ConvolutionRule(x, w, bias, windows), pool, places](const Tensor& g,
                                                                             Gradients& to) {
        if (to.recorded()) {
          const Shape whole = {g.dim(0), g.dim(1), pool.height, pool.width};
          return rule.give(detail::to_places(operation, to.gradient(g), whole, places, pool), to);
        }
        const kernel::PooledGradient pooled{g, places, pool};
        to.write(0, [&](Tensor& dx, Write mode) {
          kernel::convolution_image_into(dx, mode, pooled, rule.w, rule.windows);
        });
        to.write(1, [&](Tensor& dw, Write mode) {
          kernel::convolution_weight_into(dw, mode, pooled, rule.x, rule.windows);
        });
        if (rule.biased)
          to.write(2, [&](Tensor& db, Write mode) { pooled_bias_into(db, mode, pooled); });
      });
}

// y = the dx that a convolution has for g = x, + bias;  dx = g * w, dw = g * x with x as the window,
// dbias = the sum of g over all axes but the channels
Variable transposed_convolution(const char* operation, const Variable& x, const Variable& w,
                                const Variable& bias, const kernel::Windows& windows,
                                const Size2d& output_padding) {
  const Profiled profiled(operation);
  Tensor y = Tensor::empty(
      transposed_shape(operation, x.shape(), w.shape(), windows, output_padding), x.dtype());
  check_bias(operation, x, bias, y.shape()[1]);
  Tensor images = as_images(y);
  kernel::convolution_image_into(images, Write::overwrite, as_images(x.value()),
                                 as_images(w.value()), value_or_none(bias), windows);
  return record_biased(
      operation, y, x, w, bias,
      [x = saved_for(w, x), w = saved_for(x, w), biased = bias.defined(), windows](const Tensor& g,
                                                                                   Gradients& to) {
        to.write(
            0, [&](Tensor& dx, Write mode) { contract(Part::result, dx, mode, g, w, windows); },
            [&](V g) {
              return gradient_of(Part::result, to.shape(0), g, to.input(1, w), windows);
            });
        to.write(
            1, [&](Tensor& dw, Write mode) { contract(Part::weight, dw, mode, x, g, windows); },
            [&](V g) {
              return gradient_of(Part::weight, to.shape(1), to.input(0, x), g, windows);
            });
        if (biased)
          to.write(
              2, [&](Tensor& db, Write mode) { bias_into(db, mode, as_images(g)); },
              gradient_of_bias);
      });
}

}  // namespace

void Conv1dOptions::check(std::string_view operation) const { check_common(operation, *this); }

void Conv2dOptions::check(std::string_view operation) const { check_common(operation, *this); }

void ConvTranspose1dOptions::check(std::string_view operation) const {
  check_common(operation, *this);
  check_output_padding(operation, *this, fits_step(output_padding, stride, dilation));
}

void ConvTranspose2dOptions::check(std::string_view operation) const {
  check_common(operation, *this);
  check_output_padding(operation, *this,
                       fits_step(output_padding.height, stride.height, dilation.height) &&
                           fits_step(output_padding.width, stride.width, dilation.width));
}

Variable conv1d(const Variable& x, const Variable& w, const Variable& bias,
                const Conv1dOptions& options) {
  options.check("conv1d");
  check_operands("conv1d", x, "[n, in, l]", w, "[out, in / groups, k]", 3);
  return convolution(
      "conv1d", x, w, bias,
      {{1, options.stride}, {0, options.padding}, {1, options.dilation}, options.groups});
}

Variable conv2d(const Variable& x, const Variable& w, const Variable& bias,
                const Conv2dOptions& options) {
  options.check("conv2d");
  check_operands("conv2d", x, "[n, in, h, w]", w, "[out, in / groups, kh, kw]", 4);
  return convolution("conv2d", x, w, bias,
                     {options.stride, options.padding, options.dilation, options.groups});
}

Variable conv2d_max_pool2d(const Variable& x, const Variable& w, const Variable& bias,
                           const Conv2dOptions& options) {
  options.check("conv2d");
  check_operands("conv2d", x, "[n, in, h, w]", w, "[out, in / groups, kh, kw]", 4);
  const kernel::Windows windows{options.stride, options.padding, options.dilation, options.groups};
  const Shape result = convolved_shape("conv2d", x.shape(), w.shape(), windows);
  check_bias("conv2d", x, bias, w.dim(0));
  if (result.numel() == 0 || !kernel::pools_convolution(x.shape(), w.shape(), result, windows))
    return max_pool2d(conv2d(x, w, bias, options), 2);
  const SlidingWindow half{2, 2, 0, 1};
  return pooled_convolution("conv2d_max_pool2d", x, w, bias, windows,
                            {result[2], result[3], result[2] / 2, result[3] / 2, half, half});
}

Variable conv_transpose1d(const Variable& x, const Variable& w, const Variable& bias,
                          const ConvTranspose1dOptions& options) {
  options.check("conv_transpose1d");
  check_operands("conv_transpose1d", x, "[n, in, l]", w, "[in, out / groups, k]", 3);
  return transposed_convolution(
      "conv_transpose1d", x, w, bias,
      {{1, options.stride}, {0, options.padding}, {1, options.dilation}, options.groups},
      {0, options.output_padding});
}

Variable conv_transpose2d(const Variable& x, const Variable& w, const Variable& bias,
                          const ConvTranspose2dOptions& options) {
  options.check("conv_transpose2d");
  check_operands("conv_transpose2d", x, "[n, in, h, w]", w, "[in, out / groups, kh, kw]", 4);
  return transposed_convolution("conv_transpose2d", x, w, bias,
                                {options.stride, options.padding, options.dilation, options.groups},
                                options.output_padding);
}

}  // namespace plumb
