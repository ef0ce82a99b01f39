#include "convolution_oracle.hpp"

#include <plumb/core/runtime/error.hpp>
#include <xtensor-blas/xlinalg.hpp>

#include "arrays.hpp"

namespace plumb::test {
namespace {

std::int64_t that_fit(std::int64_t size, std::int64_t kernel, std::int64_t stride,
                      std::int64_t padding, std::int64_t dilation) {
  return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

// `count` channels of a group. A range that has a name xtensor's views do not take.
auto channels_of(std::int64_t group, std::int64_t count) {
  return xt::range(group * count, (group + 1) * count);
}

// What an element of the kernel sees along one axis.
auto seen(std::int64_t at, std::int64_t stride, std::int64_t positions) {
  return xt::range(at, at + (positions - 1) * stride + 1, stride);
}

}  // namespace

ConvolutionProblem::ConvolutionProblem(const Shape& x, const Shape& w,
                                       const kernel::Windows& windows)
    : ConvolutionProblem(x, w,
                         {that_fit(x[2], w[2], windows.stride.height, windows.padding.height,
                                   windows.dilation.height),
                          that_fit(x[3], w[3], windows.stride.width, windows.padding.width,
                                   windows.dilation.width)},
                         windows) {}

std::string ConvolutionProblem::text() const {
  return plumb::errors::text("x ", x, " w ", w, " positions ", positions, " stride ",
                             windows.stride, " padding ", windows.padding, " dilation ",
                             windows.dilation, " groups ", windows.groups);
}

ConvolutionResults convolution_oracle(const ConvolutionProblem& p, const Tensor& x, const Tensor& w,
                                      const Tensor& g) {
  const kernel::Windows& o = p.windows;
  const Fixed<4> weights = wide<4>(w), seeds = wide<4>(g);
  const auto inside = [&](auto& padded) {
    return xt::view(padded, xt::all(), xt::all(),
                    xt::range(o.padding.height, o.padding.height + p.x[2]),
                    xt::range(o.padding.width, o.padding.width + p.x[3]));
  };
  Fixed<4> padded = xt::zeros<double>(
      {p.x[0], p.x[1], p.x[2] + 2 * o.padding.height, p.x[3] + 2 * o.padding.width});
  inside(padded) = wide<4>(x);
  Fixed<4> y = xt::zeros<double>(seeds.shape()), dw = xt::zeros<double>(weights.shape()),
           dpadded = xt::zeros<double>(padded.shape());
  const std::int64_t inputs = p.w[1], outputs = p.w[0] / o.groups;
  for (std::int64_t group = 0; group < o.groups; ++group) {
    const Fixed<4> own_seeds =
        xt::view(seeds, xt::all(), channels_of(group, outputs), xt::all(), xt::all());
    for (std::int64_t i = 0; i < p.w[2]; ++i)
      for (std::int64_t j = 0; j < p.w[3]; ++j) {
        const auto look = [&](auto& image) {
          return xt::view(image, xt::all(), channels_of(group, inputs),
                          seen(i * o.dilation.height, o.stride.height, p.positions.height),
                          seen(j * o.dilation.width, o.stride.width, p.positions.width));
        };
        const Fixed<4> patch = look(padded);  // [n, c, oh, ow]
        const Fixed<2> weight =
            xt::view(weights, channels_of(group, outputs), xt::all(), i, j);     // [o, c]
        const Fixed<4> result = xt::linalg::tensordot(weight, patch, {1}, {1});  // [o, n, oh, ow]
        xt::view(y, xt::all(), channels_of(group, outputs), xt::all(), xt::all()) +=
            xt::transpose(result, {1, 0, 2, 3});
        xt::view(dw, channels_of(group, outputs), xt::all(), i, j) =
            xt::linalg::tensordot(own_seeds, patch, {0, 2, 3}, {0, 2, 3});
        const Fixed<4> back = xt::linalg::tensordot(weight, own_seeds, {0}, {1});
        look(dpadded) += xt::transpose(back, {1, 0, 2, 3});
      }
  }
  const Fixed<4> dx = inside(dpadded);
  return {from_xtensor(y), from_xtensor(dx), from_xtensor(dw)};
}

}  // namespace plumb::test
