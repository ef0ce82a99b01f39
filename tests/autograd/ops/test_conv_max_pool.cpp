#include <doctest/doctest.h>

#include <limits>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/ops/convolution.hpp>
#include <plumb/autograd/ops/pooling.hpp>
#include <plumb/autograd/ops/reduction.hpp>
#include <plumb/core/kernels/convolution/convolution.hpp>
#include <plumb/core/simd/isa.hpp>
#include <plumb/core/tensor/hash.hpp>
#include <vector>

#include "../../support/errors.hpp"
#include "../../support/random.hpp"
#include "../../support/sweep.hpp"
#include "../../support/threads.hpp"

using namespace plumb;
using plumb::test::error_of;
using plumb::test::normal;
using plumb::test::sweep;
using plumb::test::Sweep;
using plumb::test::Threads;

namespace {

enum class Operations : std::uint8_t { apart, together };

struct PooledConvolution {
  Shape x, w;
  Size2d padding;
  bool biased;
  bool reads_again;  // x and w, beside the pooling: then their gradients are accumulated
};

Variable applied(Operations way, const Variable& x, const Variable& w, const Variable& bias,
                 const Conv2dOptions& options) {
  return way == Operations::together ? conv2d_max_pool2d(x, w, bias, options)
                                     : max_pool2d(conv2d(x, w, bias, options), 2);
}

// Hashes of the result and all gradients.
std::vector<std::uint64_t> bits_of(Operations way, const PooledConvolution& c,
                                   const Tensor& values) {
  const DType dtype = values.dtype();
  const Variable x = Variable::leaf(values), w = Variable::leaf(normal(c.w, dtype, 2));
  Variable bias;
  if (c.biased) bias = Variable::leaf(normal({c.w[0]}, dtype, 3));
  const Variable y = applied(way, x, w, bias, {1, c.padding});
  Variable loss = sum(y * normal(y.shape(), dtype, 4));
  if (c.reads_again) loss = loss + sum(x * 0.5) + sum(w * 0.25);
  loss.backward();
  std::vector<std::uint64_t> all = {hash(y.value()), hash(x.grad()), hash(w.grad())};
  if (c.biased) all.push_back(hash(bias.grad()));
  return all;
}

bool fits_pooling(const PooledConvolution& c) {
  const auto side = [&](int axis, std::int64_t padding) {
    return c.x[axis] + 2 * padding - c.w[axis] + 1;
  };
  return kernel::pools_convolution(
      c.x, c.w, {c.x[0], c.w[0], side(2, c.padding.height), side(3, c.padding.width)},
      {1, c.padding});
}

}  // namespace

TEST_CASE("conv2d_max_pool2d: the bits of one operation after the other") {
  const bool wide = kernel::isa() != kernel::Isa::base;
  // Even and odd sides, one image and several, chunks of one row of tiles and of more.
  for (const Shape& x : {Shape{2, 16, 10, 10}, Shape{1, 16, 11, 12}, Shape{3, 16, 12, 9},
                         Shape{5, 32, 26, 26}, Shape{1, 16, 4, 70}, Shape{2, 48, 15, 37}})
    for (const std::int64_t outputs : {16, 64})
      for (const Size2d& padding : {Size2d(0), Size2d(1), Size2d(2, 1), Size2d(0, 2)})
        for (const DType dtype : {DType::float32, DType::float64})
          for (const bool again : {false, true}) {
            const PooledConvolution c{x, {outputs, x[1], 3, 3}, padding, !again, again};
            // A brief sweep has every image and padding, with one of the rest.
            if (sweep() == Sweep::brief && (again != (padding == 1) || outputs != 16 ||
                                            (dtype == DType::float64) != (x[0] % 2 == 1)))
              continue;
            CAPTURE(to_string(x));
            CAPTURE(outputs);
            CAPTURE(to_string(Shape{padding.height, padding.width}));
            const Tensor values = normal(x, dtype, 1);
            const std::vector<std::uint64_t> expected = bits_of(Operations::apart, c, values);
            for (const int threads : test::thread_counts()) {
              const Threads set(threads);
              CHECK(bits_of(Operations::together, c, values) == expected);
            }
          }
  CHECK(fits_pooling({{5, 32, 26, 26}, {64, 32, 3, 3}, 0, true, false}) == wide);
}

TEST_CASE("conv2d_max_pool2d: the same bits for equal, infinite and missing numbers") {
  for (const DType dtype : {DType::float32, DType::float64})
    for (const bool special : {false, true}) {
      Tensor x = Tensor::zeros({2, 16, 13, 13}, dtype);  // equal ones in every window
      if (special) {
        Tensor numbers = normal(x.shape(), DType::float64, 1);
        double* data = numbers.mutable_data<double>();
        data[200] = std::numeric_limits<double>::quiet_NaN();
        data[3000] = std::numeric_limits<double>::infinity();
        data[4000] = -std::numeric_limits<double>::infinity();
        x = numbers.to(dtype);
      }
      for (const bool biased : {false, true}) {
        const PooledConvolution c{x.shape(), {32, 16, 3, 3}, 1, biased, false};
        CHECK(bits_of(Operations::together, c, x) == bits_of(Operations::apart, c, x));
      }
    }
}

TEST_CASE("conv2d_max_pool2d: first and second gradients") {
  const auto of_all = [](const std::vector<Variable>& in) {
    return conv2d_max_pool2d(in[0], in[1], in[2]);
  };
  const Tensor x = normal({1, 16, 10, 11}, DType::float64, 1),
               w = normal({16, 16, 3, 3}, DType::float64, 2),
               bias = normal({16}, DType::float64, 3);
  const auto some = [&](const std::vector<Variable>& in) {
    return of_all({in[0], Variable(w), in[1]});
  };
  gradcheck(some, {x, bias});
  gradgradcheck(
      [&](const std::vector<Variable>& in) {
        return of_all({Variable(x) * in[0], Variable(w) * in[1], in[2]});
      },
      {normal({1, 16, 1, 1}, DType::float64, 5), normal({1, 1, 3, 3}, DType::float64, 6), bias});
}

TEST_CASE("conv2d_max_pool2d: what is not pooled with it, and what is refused") {
  // A stride, a dilation, groups, few channels: one operation after the other.
  const Tensor x = normal({2, 16, 12, 12}, DType::float32, 1);
  for (const Conv2dOptions& options :
       {Conv2dOptions{2}, Conv2dOptions{1, 0, 2}, Conv2dOptions{1, 1, 1, 2}}) {
    const Tensor w = normal({16, 16 / options.groups, 3, 3}, DType::float32, 2);
    CHECK(hash(conv2d_max_pool2d(x, w, {}, options).value()) ==
          hash(max_pool2d(conv2d(x, w, {}, options), 2).value()));
  }
  const Tensor few = normal({3, 16, 3, 3}, DType::float32, 2);
  CHECK(hash(conv2d_max_pool2d(x, few).value()) == hash(max_pool2d(conv2d(x, few), 2).value()));
  CHECK(conv2d_max_pool2d(Tensor::empty({0, 16, 12, 12}), normal({16, 16, 3, 3}, DType::float32))
            .shape() == Shape{0, 16, 5, 5});
  CHECK(error_of([&] {
          conv2d_max_pool2d(x, normal({16, 8, 3, 3}, DType::float32));
        }) == error_of([&] {
          conv2d(x, normal({16, 8, 3, 3}, DType::float32));
        }));
  CHECK(error_of([&] {
          conv2d_max_pool2d(x, normal({16, 16, 12, 12}, DType::float32));
        }) == error_of([&] {
          max_pool2d(conv2d(x, normal({16, 16, 12, 12}, DType::float32)), 2);
        }));
}
