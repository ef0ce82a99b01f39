#include <doctest/doctest.h>

#include <limits>
#include <plumb/autograd/gradcheck.hpp>
#include <plumb/autograd/ops/arithmetic.hpp>
#include <plumb/autograd/ops/batch_norm.hpp>
#include <plumb/autograd/ops/pooling.hpp>
#include <plumb/autograd/ops/reduction.hpp>
#include <plumb/core/tensor/hash.hpp>
#include <plumb/core/tensor/operators.hpp>
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

enum class Way : std::uint8_t { apart, together };

struct Case {
  Shape shape;
  DType dtype;
  NormalizeBy by;
  bool affine;
  bool reads_x_again;  // beside the pooling: then its gradient is accumulated
};

Variable apply(Way way, RunningStatistics& running, const Variable& x, const Variable& weight,
               const Variable& bias, NormalizeBy by) {
  return way == Way::together ? batch_norm_max_pool2d(running, x, weight, bias, by)
                              : max_pool2d(batch_norm(running, x, weight, bias, by), 2);
}

RunningStatistics statistics(std::int64_t channels, DType dtype) {
  return {normal({channels}, dtype, 3),
          normal({channels}, dtype, 4) * normal({channels}, dtype, 4) + 0.5};
}

// Hashes of the result, the running statistics and all gradients.
std::vector<std::uint64_t> bits(Way way, const Case& c, const Tensor& values) {
  const std::int64_t channels = c.shape[1];
  RunningStatistics running = statistics(channels, c.dtype);
  const Variable x = Variable::leaf(values);
  Variable weight, bias;
  if (c.affine) {
    weight = Variable::leaf(normal({channels}, c.dtype, 5));
    bias = Variable::leaf(normal({channels}, c.dtype, 6));
  }
  const Variable y = apply(way, running, x, weight, bias, c.by);
  Variable loss = sum(y * normal(y.shape(), c.dtype, 8));
  if (c.reads_x_again) loss = loss + sum(x * 0.5);
  loss.backward();
  std::vector<std::uint64_t> all = {hash(y.value()), hash(running.mean), hash(running.var),
                                    hash(x.grad())};
  if (c.affine) {
    all.push_back(hash(weight.grad()));
    all.push_back(hash(bias.grad()));
  }
  return all;
}

}  // namespace

TEST_CASE("batch_norm_max_pool2d: the bits of one operation after the other") {
  for (const Shape& shape : {Shape{3, 4, 6, 8}, Shape{1, 1, 2, 2}, Shape{2, 3, 7, 5},
                             Shape{5, 2, 3, 33}, Shape{9, 20, 28, 28}, Shape{2, 1, 130, 71}})
    for (const DType dtype : {DType::float32, DType::float64})
      for (const NormalizeBy by : {NormalizeBy::batch, NormalizeBy::running})
        for (const bool affine : {false, true})
          for (const bool again : {false, true}) {
            if (sweep() == Sweep::brief && again != affine) continue;
            CAPTURE(shape);
            CAPTURE(affine);
            CAPTURE(again);
            const Case c{shape, dtype, by, affine, again};
            const Tensor x = normal(shape, dtype, 1);
            const std::vector<std::uint64_t> expected = bits(Way::apart, c, x);
            for (const int threads : {1, 3}) {
              const Threads set(threads);
              CHECK(bits(Way::together, c, x) == expected);
            }
          }
}

TEST_CASE("batch_norm_max_pool2d: the same bits for equal, infinite, tiny and missing numbers") {
  Tensor x = normal({4, 3, 10, 9}, DType::float32, 1);
  float* data = x.mutable_data<float>();
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const std::int64_t channel = i / 90 % 3;
    if (channel == 0) data[i] = static_cast<float>(i % 3);  // equal ones in every window
    if (channel == 1) data[i] *= 1e-30F;
  }
  for (const bool special : {false, true}) {
    if (special) {
      data[200] = std::numeric_limits<float>::quiet_NaN();
      data[3] = std::numeric_limits<float>::infinity();
    }
    for (const NormalizeBy by : {NormalizeBy::batch, NormalizeBy::running}) {
      const Case c{x.shape(), DType::float32, by, true, false};
      CHECK(bits(Way::together, c, x) == bits(Way::apart, c, x));
    }
  }
}

TEST_CASE("batch_norm_max_pool2d: first and second gradients") {
  const RunningStatistics running = statistics(2, DType::float64);
  const Tensor x = normal({2, 2, 4, 5}), weight = normal({2}, DType::float64, 5),
               bias = normal({2}, DType::float64, 6);
  for (const NormalizeBy by : {NormalizeBy::batch, NormalizeBy::running}) {
    const auto of_all = [&](const std::vector<Variable>& in) {
      RunningStatistics own{running.mean.clone(), running.var.clone()};
      return batch_norm_max_pool2d(own, in[0], in[1], in[2], by);
    };
    gradcheck(of_all, {x, weight, bias});
    gradgradcheck(of_all, {x, weight, bias});
    const auto of_x = [&](const std::vector<Variable>& in) {
      RunningStatistics own{running.mean.clone(), running.var.clone()};
      return batch_norm_max_pool2d(own, in[0], weight, {}, by);
    };
    gradcheck(of_x, {x});
    gradgradcheck(of_x, {x});
  }
}

TEST_CASE("batch_norm_max_pool2d: what no window fits on gets what the two operations say") {
  for (const Shape& shape : {Shape{2, 3, 1, 5}, Shape{2, 3, 5, 1}, Shape{2, 3, 4}, Shape{2, 3},
                             Shape{2, 3, 0, 4}, Shape{1, 3, 1, 1}}) {
    CAPTURE(shape);
    const auto refusal = [&](Way way) {
      RunningStatistics running = statistics(3, DType::float32);
      return error_of(
          [&] { apply(way, running, normal(shape, DType::float32), {}, {}, NormalizeBy::batch); });
    };
    CHECK(refusal(Way::together) == refusal(Way::apart));
    CHECK_FALSE(refusal(Way::apart).empty());
  }
  RunningStatistics none;
  const Variable y =
      batch_norm_max_pool2d(none, Tensor::zeros({0, 3, 4, 4}), {}, {}, NormalizeBy::batch);
  CHECK(y.shape() == Shape{0, 3, 2, 2});
}
