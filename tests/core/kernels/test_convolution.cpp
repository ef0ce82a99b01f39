#include <doctest/doctest.h>

#include <functional>
#include <plumb/core/hash.hpp>
#include <plumb/core/kernels/convolution.hpp>
#include <plumb/core/random.hpp>

#include "../../support/compare.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using kernel::Windows;

namespace {

Tensor random(const Shape& shape, std::uint64_t seed, double low = -1) {
  Tensor x = Tensor::empty(shape, DType::float64);
  Generator(seed).fill_uniform(x, low, 1);
  return x;
}

struct Problem {
  Shape x, w;
  Windows windows;

  Shape y() const {
    const auto size = [](std::int64_t size, std::int64_t kernel, std::int64_t stride,
                         std::int64_t padding, std::int64_t dilation) {
      return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
    };
    return {
        x[0], w[0],
        size(x[2], w[2], windows.stride.height, windows.padding.height, windows.dilation.height),
        size(x[3], w[3], windows.stride.width, windows.padding.width, windows.dilation.width)};
  }
};

// Calls f(index in x, index in w, index in y) for every product of a convolution.
void for_each_product(const Problem& p,
                      const std::function<void(std::int64_t, std::int64_t, std::int64_t)>& f) {
  const Shape& x = p.x;
  const Shape& w = p.w;
  const Shape y = p.y();
  const Windows& o = p.windows;
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

// y, dx and dw of the kernels and of sums over for_each_product.
struct Results {
  Tensor y, dx, dw;
};

Results kernels(const Problem& p, const Results& start, Write mode, const Tensor& x,
                const Tensor& w, const Tensor& g, const Tensor& bias, const Tensor& image_bias) {
  Results r{start.y.clone(), start.dx.clone(), start.dw.clone()};
  kernel::convolution_into(r.y, mode, x, w, bias, p.windows);
  kernel::convolution_image_into(r.dx, mode, g, w, image_bias, p.windows);
  kernel::convolution_weight_into(r.dw, mode, g, x, p.windows);
  return r;
}

// In float64.
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
  };
  return list;
}

}  // namespace

TEST_CASE("convolution: results and both gradients are the sums of their definition") {
  for (const Problem& p : problems()) {
    CAPTURE(to_string(p.x));
    CAPTURE(to_string(p.w));
    const Tensor x = random(p.x, 1), w = random(p.w, 2), g = random(p.y(), 3);
    const Tensor bias = random({p.w[0]}, 4), image_bias = random({p.x[1]}, 5);
    const Results start{random(p.y(), 6), random(p.x, 7), random(p.w, 8)};
    const Results sums = plain_sums(p, x, w, g);
    const Tensor none;

    Results r = kernels(p, start, Write::overwrite, x, w, g, none, none);
    CHECK(test::deviation(r.y, sums.y) < 1e-13);
    CHECK(test::deviation(r.dx, sums.dx) < 1e-13);
    CHECK(test::deviation(r.dw, sums.dw) < 1e-13);

    r = kernels(p, start, Write::accumulate, x, w, g, none, none);
    CHECK(test::deviation(r.y, sum(start.y, sums.y)) < 1e-13);
    CHECK(test::deviation(r.dx, sum(start.dx, sums.dx)) < 1e-13);
    CHECK(test::deviation(r.dw, sum(start.dw, sums.dw)) < 1e-13);

    r = kernels(p, start, Write::overwrite, x, w, g, bias, image_bias);
    CHECK(test::deviation(r.y, to_all_channels(sums.y, bias)) < 1e-13);
    CHECK(test::deviation(r.dx, to_all_channels(sums.dx, image_bias)) < 1e-13);

    r = kernels(p, start, Write::accumulate, x, w, g, bias, image_bias);
    CHECK(test::deviation(r.y, to_all_channels(sum(start.y, sums.y), bias)) < 1e-13);
    CHECK(test::deviation(r.dx, to_all_channels(sum(start.dx, sums.dx), image_bias)) < 1e-13);
  }
}

TEST_CASE("convolution: the same bits for any number of threads") {
  std::vector<Problem> all = problems();
  all.push_back(
      {{1, 32, 40, 40}, {64, 32, 3, 3}, {1, 1, 1, 1}});  // large enough to share a product
  all.push_back({{9, 16, 12, 12}, {32, 16, 3, 3}, {}});
  for (const Problem& p : all) {
    CAPTURE(to_string(p.x));
    CAPTURE(to_string(p.w));
    const auto value = [](const Shape& shape, std::uint64_t seed) {
      return random(shape, seed).to(DType::float32);
    };
    const Tensor x = value(p.x, 1), w = value(p.w, 2), g = value(p.y(), 3);
    const Tensor bias = value({p.w[0]}, 4);
    const Results start{value(p.y(), 6), value(p.x, 7), value(p.w, 8)};
    std::uint64_t expected = 0;
    for (const int threads : {1, 2, 3, 4}) {
      const test::Threads scope(threads);
      const Results r = kernels(p, start, Write::accumulate, x, w, g, bias, Tensor());
      const std::uint64_t bits = hash(r.dw, hash(r.dx, hash(r.y)));
      if (threads == 1) expected = bits;
      CHECK(bits == expected);
    }
  }
}

TEST_CASE("convolution: the weight gradient of a large batch keeps its digits in float32") {
  // All terms are positive: one chain of roundings over the batch errs by 3e-6.
  for (const std::int64_t images : {32, 60000}) {
    const Problem p{{images, 1, 4, 4}, {2, 1, 3, 3}, {}};
    const Tensor x = random(p.x, 1, 0), g = random(p.y(), 2, 0);
    const Tensor x32 = x.to(DType::float32), g32 = g.to(DType::float32);
    Tensor exact = Tensor::empty(p.w, DType::float64), dw = Tensor::empty(p.w);
    kernel::convolution_weight_into(exact, Write::overwrite, g32.to(DType::float64),
                                    x32.to(DType::float64), p.windows);
    kernel::convolution_weight_into(dw, Write::overwrite, g32, x32, p.windows);
    CHECK(test::deviation(dw, exact) < 4e-7);
  }
}

TEST_CASE("convolution: a batch of 0 leaves no sum and no channel only the bias") {
  const Problem none{{0, 2, 5, 5}, {3, 2, 3, 3}, {}};
  Tensor dw = Tensor::ones(none.w);
  const Tensor x = Tensor::empty(none.x), g = Tensor::empty(none.y());
  kernel::convolution_weight_into(dw, Write::accumulate, g, x, none.windows);
  CHECK(dw.to_vector<float>() == std::vector<float>(54, 1));
  kernel::convolution_weight_into(dw, Write::overwrite, g, x, none.windows);
  CHECK(dw.to_vector<float>() == std::vector<float>(54, 0));

  const Problem no_channel{{1, 0, 2, 2}, {2, 0, 2, 1}, {}};
  Tensor y = Tensor::empty(no_channel.y());
  kernel::convolution_into(y, Write::overwrite, Tensor::empty(no_channel.x),
                           Tensor::empty(no_channel.w), Tensor::from({3.f, 4.f}), {});
  CHECK(y.to_vector<float>() == std::vector<float>{3, 3, 4, 4});
}
