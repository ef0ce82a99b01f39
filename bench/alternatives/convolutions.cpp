// Every algorithm for a convolution and its two gradients beside im2col, one thread. PLUMB_ISA chooses
// the instruction set.
#include <plumb/core/kernels/convolution/direct_convolution.hpp>
#include <plumb/core/kernels/convolution/im2col.hpp>
#include <plumb/core/kernels/convolution/plane_convolution.hpp>
#include <plumb/core/kernels/convolution/plane_weight.hpp>
#include <plumb/core/kernels/convolution/shifted_convolution.hpp>
#include <plumb/core/kernels/convolution/winograd.hpp>
#include <plumb/core/runtime/parallel.hpp>
#include <string>

#include "../plumb/tensors.hpp"
#include "rounds.hpp"

namespace {

using namespace plumb;
using kernel::ConvolutionSizes;
using kernel::Windows;

struct Problem {
  std::string name;
  Shape x, w;
  Windows windows;
};

// stride, padding, dilation, groups
Windows windows(Size2d stride, Size2d padding, Size2d dilation = 1, std::int64_t groups = 1) {
  return {stride, padding, dilation, groups};
}

std::vector<Problem> problems() {
  return {
      {"LeNet 1: 1-6, 5x5, 28x28, batch 64", {64, 1, 28, 28}, {6, 1, 5, 5}, windows(1, 2)},
      {"LeNet 2: 6-16, 5x5, 14x14, batch 1", {1, 6, 14, 14}, {16, 6, 5, 5}, windows(1, 0)},
      {"LeNet 2: 6-16, 5x5, 14x14, batch 64", {64, 6, 14, 14}, {16, 6, 5, 5}, windows(1, 0)},
      {"CNN 1: 1-32, 3x3, 28x28, batch 64", {64, 1, 28, 28}, {32, 1, 3, 3}, windows(1, 0)},
      {"CNN 2: 32-64, 3x3, 26x26, batch 1", {1, 32, 26, 26}, {64, 32, 3, 3}, windows(1, 0)},
      {"CNN 2: 32-64, 3x3, 26x26, batch 16", {16, 32, 26, 26}, {64, 32, 3, 3}, windows(1, 0)},
      {"CNN-BN 2: 32-64, 3x3, 14x14, batch 64", {64, 32, 14, 14}, {64, 32, 3, 3}, windows(1, 1)},
      {"3-16, 3x3, 32x32, batch 16", {16, 3, 32, 32}, {16, 3, 3, 3}, windows(1, 1)},
      {"12-20, 3x3, 20x20, batch 16", {16, 12, 20, 20}, {20, 12, 3, 3}, windows(1, 1)},
      {"64-64, 3x3, 32x32, batch 4", {4, 64, 32, 32}, {64, 64, 3, 3}, windows(1, 1)},
      {"128-128, 3x3, 8x8, batch 16", {16, 128, 8, 8}, {128, 128, 3, 3}, windows(1, 1)},
      {"256-64, 1x1, 14x14, batch 16", {16, 256, 14, 14}, {64, 256, 1, 1}, windows(1, 0)},
      {"16-32, 1x5, 1x128, batch 64", {64, 16, 1, 128}, {32, 16, 1, 5}, windows(1, {0, 2})},
      {"32-32, 3x3, dilation 2, 24x24, batch 16",
       {16, 32, 24, 24},
       {32, 32, 3, 3},
       windows(1, 2, 2)},
      {"64-64, 3x3, 64 groups, 16x16, batch 16",
       {16, 64, 16, 16},
       {64, 1, 3, 3},
       windows(1, 1, 1, 64)},
      {"64-128, 3x3, stride 2, 32x32, batch 4", {4, 64, 32, 32}, {128, 64, 3, 3}, windows(2, 1)},
  };
}

Shape result_shape(const Problem& p) {
  const auto size = [](std::int64_t image, std::int64_t kernel, std::int64_t stride,
                       std::int64_t padding, std::int64_t dilation) {
    return (image + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
  };
  const Windows& s = p.windows;
  return {p.x[0], p.w[0],
          size(p.x[2], p.w[2], s.stride.height, s.padding.height, s.dilation.height),
          size(p.x[3], p.w[3], s.stride.width, s.padding.width, s.dilation.width)};
}

void time_convolution(const Problem& p) {
  Tensor x = bench::values(p.x, 1, 1), w = bench::values(p.w, 2, 1);
  Tensor y = bench::values(result_shape(p), 3, 1);
  const ConvolutionSizes sizes(x.shape(), w.shape(), y.shape(), p.windows);
  const double flops = 2.0 * static_cast<double>(y.numel() * p.w.numel(1, 4));

  // Results that are written over one another: where they are does not matter, only how long it takes.
  const auto forward = [&](auto algorithm) {
    return [&, algorithm] {
      algorithm(sizes, y.mutable_data<float>(), Write::overwrite, x.data<float>(), w.data<float>(),
                nullptr);
    };
  };
  const auto image = [&](auto algorithm) {
    return [&, algorithm] {
      algorithm(sizes, x.mutable_data<float>(), Write::overwrite, y.data<float>(), w.data<float>(),
                nullptr);
    };
  };
  const auto weight = [&](auto algorithm) {
    return [&, algorithm] {
      algorithm(sizes, w.mutable_data<float>(), Write::overwrite, y.data<float>(), x.data<float>());
    };
  };

  using namespace kernel;
  using Ways = std::vector<bench::Way>;
  const auto add = [](Ways& ways, bool served, const char* name, auto run) {
    if (served) ways.push_back({name, run});
  };
  const bool plane = has_plane_convolution(sizes);
  Ways y_ways{{"im2col", forward(im2col_convolution<float>)}};
  add(y_ways, plane, "plane", forward(plane_convolution<float>));
  add(y_ways, has_direct_convolution(sizes), "direct", forward(direct_convolution<float>));
  add(y_ways, has_winograd(sizes), "winograd", forward(winograd_convolution<float>));
  y_ways.push_back(
      {"chosen", [&] { convolution_into(y, Write::overwrite, x, w, Tensor(), p.windows); }});
  bench::compare("convolution", p.name + ", forward", flops, y_ways);

  Ways x_ways{{"im2col", image(im2col_convolution_image<float>)}};
  add(x_ways, has_plane_convolution_image(sizes), "plane", image(plane_convolution_image<float>));
  add(x_ways, plane, "shifted", image(shifted_convolution_image<float>));
  add(x_ways, has_winograd_image(sizes), "winograd", image(winograd_convolution_image<float>));
  x_ways.push_back(
      {"chosen", [&] { convolution_image_into(x, Write::overwrite, y, w, Tensor(), p.windows); }});
  bench::compare("convolution", p.name + ", dX", flops, x_ways);

  Ways w_ways{{"im2col", weight(im2col_convolution_weight<float>)}};
  add(w_ways, plane, "plane_weight", weight(plane_convolution_weight<float>));
  add(w_ways, has_direct_convolution_weight(sizes), "direct",
      weight(direct_convolution_weight<float>));
  add(w_ways, has_winograd(sizes), "winograd", weight(winograd_convolution_weight<float>));
  w_ways.push_back(
      {"chosen", [&] { convolution_weight_into(w, Write::overwrite, y, x, p.windows); }});
  bench::compare("convolution", p.name + ", dW", flops, w_ways);
}

}  // namespace

int main() {
  set_num_threads(1);
  for (const Problem& p : problems()) time_convolution(p);
}
