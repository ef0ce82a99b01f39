#include "convolution_problems.hpp"

#include <functional>
#include <plumb/core/runtime/random.hpp>

namespace plumb::test {

Tensor random(const Shape& shape, std::uint64_t seed, double low) {
  Tensor x = Tensor::empty(shape, DType::float64);
  Generator(seed).fill_uniform(x, low, 1);
  return x;
}

Shape Problem::y() const {
  const auto size = [](std::int64_t size, std::int64_t kernel, std::int64_t stride,
                       std::int64_t padding, std::int64_t dilation) {
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
  };
  return {x[0], w[0],
          size(x[2], w[2], windows.stride.height, windows.padding.height, windows.dilation.height),
          size(x[3], w[3], windows.stride.width, windows.padding.width, windows.dilation.width)};
}

namespace {

// Calls f(index in x, index in w, index in y) for every product of a convolution.
void for_each_product(const Problem& p,
                      const std::function<void(std::int64_t, std::int64_t, std::int64_t)>& f) {
  const Shape& x = p.x;
  const Shape& w = p.w;
  const Shape y = p.y();
  const kernel::Windows& o = p.windows;
  std::int64_t at_y = 0;
  for (std::int64_t n = 0; n < x[0]; ++n)
    for (std::int64_t out = 0; out < y[1]; ++out)
      for (std::int64_t r = 0; r < y[2]; ++r)
        for (std::int64_t q = 0; q < y[3]; ++q, ++at_y)
          for (std::int64_t c = 0; c < w[1]; ++c)
            for (std::int64_t i = 0; i < w[2]; ++i)
              for (std::int64_t j = 0; j < w[3]; ++j) {
                const std::int64_t channel = out / (y[1] / o.groups) * w[1] + c;
                const std::int64_t h =
                    r * o.stride.height - o.padding.height + i * o.dilation.height;
                const std::int64_t v = q * o.stride.width - o.padding.width + j * o.dilation.width;
                if (h < 0 || h >= x[2] || v < 0 || v >= x[3]) continue;
                f(((n * x[1] + channel) * x[2] + h) * x[3] + v,
                  ((out * w[1] + c) * w[2] + i) * w[3] + j, at_y);
              }
}

}  // namespace

Results plain_sums(const Problem& p, const Tensor& x, const Tensor& w, const Tensor& g) {
  Results r{Tensor::zeros(p.y(), DType::float64), Tensor::zeros(p.x, DType::float64),
            Tensor::zeros(p.w, DType::float64)};
  const double *in = x.data<double>(), *weight = w.data<double>(), *seed = g.data<double>();
  double* y = r.y.mutable_data<double>();
  double* dx = r.dx.mutable_data<double>();
  double* dw = r.dw.mutable_data<double>();
  for_each_product(p, [=](std::int64_t at_x, std::int64_t at_w, std::int64_t at_y) {
    y[at_y] += in[at_x] * weight[at_w];
    dx[at_x] += seed[at_y] * weight[at_w];
    dw[at_w] += seed[at_y] * in[at_x];
  });
  return r;
}

Tensor to_all_channels(const Tensor& x, const Tensor& bias) {
  Tensor y = x.clone();
  const std::int64_t plane = x.dim(2) * x.dim(3);
  for (std::int64_t i = 0; i < y.numel(); ++i)
    y.mutable_data<double>()[i] += bias.data<double>()[i / plane % bias.numel()];
  return y;
}

Tensor sum(const Tensor& a, const Tensor& b) {
  Tensor c = a.clone();
  for (std::int64_t i = 0; i < c.numel(); ++i) c.mutable_data<double>()[i] += b.data<double>()[i];
  return c;
}

// Where one tile of columns is not enough, by rows and within a row; a batch of one, of several
// blocks, and of blocks of more than eight images; every option by itself and together.
const std::vector<Problem>& problems() {
  static const std::vector<Problem> list = {
      {{2, 3, 6, 7}, {4, 3, 3, 3}, {}},
      {{1, 1, 3, 4}, {1, 1, 3, 4}, {}},
      {{2, 3, 8, 9}, {4, 3, 3, 2}, {{2, 3}, {1, 0}, {1, 2}, 1}},
      {{2, 4, 9, 5}, {6, 2, 2, 3}, {{1, 2}, {3, 2}, {3, 1}, 2}},
      {{3, 6, 5, 5}, {6, 1, 3, 3}, {1, 1, 1, 6}},
      {{2, 3, 4, 5}, {5, 3, 1, 1}, {}},
      {{2, 4, 4, 5}, {6, 2, 1, 1}, {1, 0, 1, 2}},
      {{2, 3, 4, 5}, {5, 3, 1, 1}, {2, 0, 1, 1}},
      {{2, 3, 4, 5}, {5, 3, 1, 1}, {1, {0, 1}, 1, 1}},
      {{1, 64, 20, 23}, {3, 64, 5, 5}, {1, 2, 1, 1}},
      {{2, 128, 1, 600}, {2, 128, 1, 9}, {1, {0, 4}, 1, 1}},
      {{2, 128, 2, 700}, {2, 64, 1, 9}, {{1, 2}, {0, 4}, {1, 2}, 2}},
      {{70, 2, 5, 5}, {3, 2, 3, 3}, {1, 1, 1, 1}},
      {{601, 1, 4, 3}, {2, 1, 2, 2}, {}},
      // Channels in sixteens: 3x3 with odd sides and every padding, 5x5, wide rows.
      {{3, 16, 9, 11}, {32, 16, 3, 3}, {}},
      {{2, 32, 13, 8}, {16, 32, 3, 3}, {1, 1, 1, 1}},
      {{9, 16, 8, 9}, {48, 16, 3, 3}, {1, {2, 1}, 1, 1}},
      {{1, 16, 8, 8}, {16, 16, 3, 3}, {1, 3, 1, 1}},
      {{1, 16, 20, 33}, {16, 16, 3, 3}, {1, {0, 2}, 1, 1}},
      {{2, 16, 9, 9}, {16, 16, 3, 3}, {1, 2, 2, 1}},
      {{9, 6, 14, 14}, {16, 6, 5, 5}, {}},
      {{2, 3, 12, 37}, {48, 3, 5, 3}, {1, {2, 1}, 1, 1}},
      {{2, 5, 9, 9}, {16, 5, 4, 4}, {1, 0, {2, 1}, 1}},
      {{2, 18, 7, 19}, {21, 6, 3, 2}, {1, {1, 0}, {1, 3}, 3}},
      {{17, 1, 28, 28}, {6, 1, 5, 5}, {1, 2, 1, 1}},
  };
  return list;
}

}  // namespace plumb::test
