#include <doctest/doctest.h>

#include <plumb/core/tensor/hash.hpp>

#include "../../../support/compare.hpp"
#include "../../../support/threads.hpp"
#include "convolution_problems.hpp"

using namespace plumb;
using namespace plumb::test;

namespace {

ConvolutionResults kernels(const ConvolutionProblem& p, const ConvolutionResults& start, Write mode,
                           const Tensor& x, const Tensor& w, const Tensor& g, const Tensor& bias,
                           const Tensor& image_bias) {
  ConvolutionResults r{start.y.clone(), start.dx.clone(), start.dw.clone()};
  kernel::convolution_into(r.y, mode, x, w, bias, p.windows);
  kernel::convolution_image_into(r.dx, mode, g, w, image_bias, p.windows);
  kernel::convolution_weight_into(r.dw, mode, g, x, p.windows);
  return r;
}

}  // namespace

TEST_CASE("convolution: results and both gradients are what xtensor's views and products give") {
  for (const ConvolutionProblem& p : problems()) {
    CAPTURE(to_string(p.x));
    CAPTURE(to_string(p.w));
    const Tensor x = random(p.x, 1), w = random(p.w, 2), g = random(p.y(), 3);
    const Tensor bias = random({p.w[0]}, 4), image_bias = random({p.x[1]}, 5);
    const ConvolutionResults start{random(p.y(), 6), random(p.x, 7), random(p.w, 8)};
    const ConvolutionResults sums = convolution_oracle(p, x, w, g);
    const Tensor none;

    ConvolutionResults r = kernels(p, start, Write::overwrite, x, w, g, none, none);
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
  std::vector<ConvolutionProblem> all = problems();
  all.push_back(
      {{1, 32, 40, 40}, {64, 32, 3, 3}, {1, 1, 1, 1}});  // large enough to share a product
  all.push_back({{9, 16, 12, 12}, {32, 16, 3, 3}, {}});
  for (const ConvolutionProblem& p : all) {
    CAPTURE(to_string(p.x));
    CAPTURE(to_string(p.w));
    const auto value = [](const Shape& shape, std::uint64_t seed) {
      return random(shape, seed).to(DType::float32);
    };
    const Tensor x = value(p.x, 1), w = value(p.w, 2), g = value(p.y(), 3);
    const Tensor bias = value({p.w[0]}, 4);
    const ConvolutionResults start{value(p.y(), 6), value(p.x, 7), value(p.w, 8)};
    std::uint64_t expected = 0;
    for (const int threads : test::thread_counts()) {
      const test::Threads scope(threads);
      const ConvolutionResults r = kernels(p, start, Write::accumulate, x, w, g, bias, Tensor());
      const std::uint64_t bits = hash(r.dw, hash(r.dx, hash(r.y)));
      if (threads == 1) expected = bits;
      CHECK(bits == expected);
    }
  }
}

TEST_CASE("convolution: the weight gradient of a large batch keeps its digits in float32") {
  // All terms are positive: one chain of roundings over the batch errs by 3e-6.
  for (const std::int64_t images : {32, 60000}) {
    const ConvolutionProblem p{{images, 1, 4, 4}, {2, 1, 3, 3}, {}};
    const Tensor x = random(p.x, 1, 0), g = random(p.y(), 2, 0);
    const Tensor x32 = x.to(DType::float32), g32 = g.to(DType::float32);
    const Tensor exact = convolution_oracle(p, x32, Tensor::zeros(p.w), g32).dw;
    Tensor dw = Tensor::empty(p.w);
    kernel::convolution_weight_into(dw, Write::overwrite, g32, x32, p.windows);
    CHECK(test::deviation(dw, exact) < 4e-7);
  }
}

TEST_CASE("convolution: a batch of 0 leaves no sum and no channel only the bias") {
  const ConvolutionProblem none{{0, 2, 5, 5}, {3, 2, 3, 3}, {}};
  Tensor dw = Tensor::ones(none.w);
  const Tensor x = Tensor::empty(none.x), g = Tensor::empty(none.y());
  kernel::convolution_weight_into(dw, Write::accumulate, g, x, none.windows);
  CHECK(dw.to_vector<float>() == std::vector<float>(54, 1));
  kernel::convolution_weight_into(dw, Write::overwrite, g, x, none.windows);
  CHECK(dw.to_vector<float>() == std::vector<float>(54, 0));

  const ConvolutionProblem no_channel{{1, 0, 2, 2}, {2, 0, 2, 1}, {}};
  Tensor y = Tensor::empty(no_channel.y());
  kernel::convolution_into(y, Write::overwrite, Tensor::empty(no_channel.x),
                           Tensor::empty(no_channel.w), Tensor::from({3.f, 4.f}), {});
  CHECK(y.to_vector<float>() == std::vector<float>{3, 3, 4, 4});
}
