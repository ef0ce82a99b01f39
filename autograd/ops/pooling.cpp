#include "pooling.hpp"

#include <algorithm>

#include "../../core/kernels/indexing.hpp"
#include "../../core/kernels/pooling/adaptive_max_pool.hpp"
#include "../../core/kernels/pooling/avg_pool.hpp"
#include "../../core/kernels/pooling/max_pool.hpp"
#include "../../core/runtime/internal/fail.hpp"
#include "../../core/tensor/internal/defined.hpp"
#include "internal/linear_map.hpp"
#include "internal/places.hpp"

namespace plumb {
namespace {

// Signals are pooled as images of one row, which a window of one row moves along.
constexpr SlidingWindow one_row;

void check_input(const char* operation, const Variable& x, int spatial_axes) {
  detail::check_defined(operation, x);
  if (x.rank() != 2 + spatial_axes)
    fail(operation, "expected input ", spatial_axes == 1 ? "[n, c, l]" : "[n, c, h, w]", ", got ",
         x.shape());
  if (!is_floating(x.dtype())) fail(operation, "expected float32 or float64, got ", x.dtype());
}

kernel::PlaneWindows on_signal(const char* operation, const Variable& x,
                               const SlidingWindow& window, CeilMode ceil_mode) {
  check_input(operation, x, 1);
  check_window(operation, "l", window);
  const std::int64_t out = window_positions(operation, "l", window, x.shape(), 2, ceil_mode);
  return {1, x.dim(2), 1, out, one_row, window};
}

kernel::PlaneWindows on_image(const char* operation, const Variable& x, const SlidingWindow& rows,
                              const SlidingWindow& columns, CeilMode ceil_mode) {
  check_input(operation, x, 2);
  check_window(operation, "h", rows);
  check_window(operation, "w", columns);
  const std::int64_t out_height = window_positions(operation, "h", rows, x.shape(), 2, ceil_mode);
  const std::int64_t out_width = window_positions(operation, "w", columns, x.shape(), 3, ceil_mode);
  return {x.dim(2), x.dim(3), out_height, out_width, rows, columns};
}

// [n, c, out] or [n, c, out_h, out_w], as x has it.
Tensor output_for(const Variable& x, std::int64_t out_height, std::int64_t out_width, DType dtype) {
  Shape shape = {x.dim(0), x.dim(1)};
  if (x.rank() == 4) shape.push_back(out_height);
  shape.push_back(out_width);
  return Tensor::empty(shape, dtype);
}

// --- gradients as operations, whose own gradients they are of -------------------------------------

Variable avg_pool_gradient(const char* operation, const Variable& g, const Shape& shape,
                           const kernel::PlaneBins& bins) {
  const auto back = [=](const Tensor& g) {
    return detail::written(shape, g.dtype(), [&](Tensor& dx, Write mode) {
      kernel::avg_pool_into(dx, mode, g, bins);
    });
  };
  const auto means = [size = g.shape(), bins](const Tensor& h) {
    Tensor y = Tensor::empty(size, h.dtype());
    kernel::avg_pool(y, h, bins);
    return y;
  };
  return detail::linear_map(operation, g, back, means);
}

Variable adaptive_max_pool_gradient(const char* operation, const Variable& g, const Shape& shape,
                                    const Tensor& places, std::int64_t plane) {
  const auto back = [=](const Tensor& g) {
    return detail::written(shape, g.dtype(), [&](Tensor& dx, Write mode) {
      kernel::adaptive_max_pool_into(dx, mode, g, places, plane);
    });
  };
  const auto read = [=](const Tensor& h) {
    const std::int64_t planes = h.numel() / plane;
    const Tensor index = places.reshape({planes, planes == 0 ? 0 : places.numel() / planes});
    return kernel::gather(h.reshape({planes, plane}), 1, index).reshape(places.shape());
  };
  return detail::linear_map(operation, g, back, read);
}

// --- the operations ------------------------------------------------------------------------------

// y = max x over each window;  dx = g at the first of the largest
Variable max_pool(const char* operation, const Variable& x, const kernel::PlaneWindows& windows) {
  const Profiled profiled(operation);
  Tensor y = output_for(x, windows.out_height, windows.out_width, x.dtype());
  Tensor places =
      output_for(x, windows.out_height, windows.out_width, kernel::argmax_dtype(windows));
  kernel::max_pool(y, places, x.value(), windows);
  return record(
      operation, std::move(y), {x}, [operation, places, windows](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& dx, Write mode) { kernel::max_pool_into(dx, mode, g, places, windows); },
            [&](const Variable& g) {
              return detail::to_places(operation, g, to.shape(0), places, windows);
            });
      });
}

// y = sum x / count over each rectangle;  dx = sum over the rectangles around x of g / count
Variable avg_pool(const char* operation, const Variable& x, Tensor y, kernel::PlaneBins bins) {
  const Profiled profiled(operation);
  kernel::avg_pool(y, x.value(), bins);
  return record(
      operation, std::move(y), {x},
      [operation, bins = std::move(bins)](const Tensor& g, Gradients& to) {
        to.write(
            0, [&](Tensor& dx, Write mode) { kernel::avg_pool_into(dx, mode, g, bins); },
            [&](const Variable& g) { return avg_pool_gradient(operation, g, to.shape(0), bins); });
      });
}

std::vector<kernel::Bin> sliding_bins(const SlidingWindow& window, std::int64_t size,
                                      std::int64_t positions, CountPadding count_padding) {
  std::vector<kernel::Bin> bins;
  for (std::int64_t i = 0; i < positions; ++i) {
    const std::int64_t start = i * window.stride - window.padding;
    const std::int64_t begin = std::max<std::int64_t>(start, 0);
    const std::int64_t end = std::min(start + window.kernel, size);
    const std::int64_t padded = std::min(start + window.kernel, size + window.padding) - start;
    bins.push_back({begin, end, count_padding == CountPadding::yes ? padded : end - begin});
  }
  return bins;
}

Variable avg_pool_windows(const char* operation, const Variable& x,
                          const kernel::PlaneWindows& windows, CountPadding count_padding) {
  Tensor y = output_for(x, windows.out_height, windows.out_width, x.dtype());
  if (y.numel() == 0) return avg_pool(operation, x, std::move(y), {});
  return avg_pool(operation, x, std::move(y),
                  {windows.height, windows.width,
                   sliding_bins(windows.rows, windows.height, windows.out_height, count_padding),
                   sliding_bins(windows.columns, windows.width, windows.out_width, count_padding)});
}

std::vector<kernel::Bin> adaptive_bins(std::int64_t size, std::int64_t output) {
  std::vector<kernel::Bin> bins;
  for (std::int64_t i = 0; i < output; ++i) {
    const std::int64_t begin = i * size / output;
    const std::int64_t end = ((i + 1) * size + output - 1) / output;
    bins.push_back({begin, end, end - begin});
  }
  return bins;
}

void check_adaptive(const char* operation, const char* axis, const Variable& x, int axis_index,
                    std::int64_t output) {
  if (output < 1) fail(operation, "the output along ", axis, " must be at least 1, got ", output);
  if (x.dim(axis_index) < 1)
    fail(operation, "the input has no elements along ", axis, ": ", x.shape());
}

Variable adaptive_avg_pool(const char* operation, const Variable& x, std::int64_t height,
                           std::int64_t width, const Size2d& output) {
  Tensor y = output_for(x, output.height, output.width, x.dtype());
  if (y.numel() == 0) return avg_pool(operation, x, std::move(y), {});
  return avg_pool(
      operation, x, std::move(y),
      {height, width, adaptive_bins(height, output.height), adaptive_bins(width, output.width)});
}

// y = max x over each rectangle;  dx = sum over the rectangles of whose largest x is the first of g
Variable adaptive_max_pool(const char* operation, const Variable& x, std::int64_t height,
                           std::int64_t width, const Size2d& output) {
  const Profiled profiled(operation);
  Tensor y = output_for(x, output.height, output.width, x.dtype());
  Tensor places = output_for(x, output.height, output.width, DType::int64);
  if (y.numel() > 0)
    kernel::adaptive_max_pool(
        y, places, x.value(),
        {height, width, adaptive_bins(height, output.height), adaptive_bins(width, output.width)});
  return record(operation, std::move(y), {x},
                [operation, places, plane = height * width](const Tensor& g, Gradients& to) {
                  to.write(
                      0,
                      [&](Tensor& dx, Write mode) {
                        kernel::adaptive_max_pool_into(dx, mode, g, places, plane);
                      },
                      [&](const Variable& g) {
                        return adaptive_max_pool_gradient(operation, g, to.shape(0), places, plane);
                      });
                });
}

}  // namespace

Variable max_pool1d(const Variable& x, std::int64_t kernel, const MaxPool1dOptions& options) {
  return max_pool(
      "max_pool1d", x,
      on_signal("max_pool1d", x,
                {kernel, options.stride.value_or(kernel), options.padding, options.dilation},
                options.ceil_mode));
}

Variable max_pool2d(const Variable& x, Size2d kernel, const MaxPool2dOptions& options) {
  const Size2d stride = options.stride.value_or(kernel);
  const Size2d &padding = options.padding, &dilation = options.dilation;
  return max_pool(
      "max_pool2d", x,
      on_image("max_pool2d", x, {kernel.height, stride.height, padding.height, dilation.height},
               {kernel.width, stride.width, padding.width, dilation.width}, options.ceil_mode));
}

Variable avg_pool1d(const Variable& x, std::int64_t kernel, const AvgPool1dOptions& options) {
  return avg_pool_windows(
      "avg_pool1d", x,
      on_signal("avg_pool1d", x, {kernel, options.stride.value_or(kernel), options.padding, 1},
                options.ceil_mode),
      options.count_padding);
}

Variable avg_pool2d(const Variable& x, Size2d kernel, const AvgPool2dOptions& options) {
  const Size2d stride = options.stride.value_or(kernel);
  const Size2d& padding = options.padding;
  return avg_pool_windows(
      "avg_pool2d", x,
      on_image("avg_pool2d", x, {kernel.height, stride.height, padding.height, 1},
               {kernel.width, stride.width, padding.width, 1}, options.ceil_mode),
      options.count_padding);
}

Variable adaptive_avg_pool1d(const Variable& x, std::int64_t output) {
  check_input("adaptive_avg_pool1d", x, 1);
  check_adaptive("adaptive_avg_pool1d", "l", x, 2, output);
  return adaptive_avg_pool("adaptive_avg_pool1d", x, 1, x.dim(2), {1, output});
}

Variable adaptive_avg_pool2d(const Variable& x, Size2d output) {
  check_input("adaptive_avg_pool2d", x, 2);
  check_adaptive("adaptive_avg_pool2d", "h", x, 2, output.height);
  check_adaptive("adaptive_avg_pool2d", "w", x, 3, output.width);
  return adaptive_avg_pool("adaptive_avg_pool2d", x, x.dim(2), x.dim(3), output);
}

Variable adaptive_max_pool1d(const Variable& x, std::int64_t output) {
  check_input("adaptive_max_pool1d", x, 1);
  check_adaptive("adaptive_max_pool1d", "l", x, 2, output);
  return adaptive_max_pool("adaptive_max_pool1d", x, 1, x.dim(2), {1, output});
}

Variable adaptive_max_pool2d(const Variable& x, Size2d output) {
  check_input("adaptive_max_pool2d", x, 2);
  check_adaptive("adaptive_max_pool2d", "h", x, 2, output.height);
  check_adaptive("adaptive_max_pool2d", "w", x, 3, output.width);
  return adaptive_max_pool("adaptive_max_pool2d", x, x.dim(2), x.dim(3), output);
}

}  // namespace plumb
