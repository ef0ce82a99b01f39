#include <doctest/doctest.h>

#include <algorithm>
#include <plumb/core/kernels/layout.hpp>
#include <plumb/core/runtime/error.hpp>

#include "../../support/threads.hpp"

using namespace plumb;

namespace {

Tensor counting(const Shape& shape, DType dtype = DType::float32) {
  return Tensor::arange(shape.numel(), dtype).reshape(shape);
}

// Row-major index in `shape` of the element with these coordinates.
std::int64_t flat(const std::vector<std::int64_t>& at, const Shape& shape) {
  std::int64_t index = 0;
  for (int axis = 0; axis < shape.rank(); ++axis)
    index = index * shape[axis] + at[static_cast<std::size_t>(axis)];
  return index;
}

// Calls f(coordinates) for each element in row-major order.
template <class F>
void for_each(const Shape& shape, F f) {
  std::vector<std::int64_t> at(static_cast<std::size_t>(shape.rank()));
  for (std::int64_t i = 0; i < shape.numel(); ++i) {
    std::int64_t rest = i;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      at[static_cast<std::size_t>(axis)] = rest % shape[axis];
      rest /= shape[axis];
    }
    f(at);
  }
}

// Whether element `at` of the result is element at[back] of x, whose elements count up from 0.
bool permutes(const Tensor& x, const Axes& order) {
  const Tensor y = kernel::permuted(x, order).to(DType::float64);
  bool right = true;
  std::vector<std::int64_t> source(static_cast<std::size_t>(x.rank()));
  const double* value = y.data<double>();
  for_each(y.shape(), [&](const std::vector<std::int64_t>& at) {
    for (int i = 0; i < order.size(); ++i)
      source[static_cast<std::size_t>(order[i])] = at[static_cast<std::size_t>(i)];
    right = right && *value++ == static_cast<double>(flat(source, x.shape()));
  });
  return right;
}

}  // namespace

TEST_CASE("permuted: every order of four axes") {
  std::vector<int> order = {0, 1, 2, 3};
  do {
    INFO(errors::text(Axes(order)));
    CHECK(permutes(counting({3, 2, 5, 4}), Axes(order)));
    CHECK(permutes(counting({3, 1, 17, 2}), Axes(order)));
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("permuted: tiles with remainders, every element type, on several threads") {
  CHECK(permutes(counting({130, 47}, DType::float64), {1, 0}));
  CHECK(permutes(counting({9, 13}, DType::uint8), {1, 0}));
  CHECK(permutes(counting({31, 33}, DType::int64), {1, 0}));
  for (const int threads : {1, 3}) {
    const test::Threads scope(threads);
    CHECK(permutes(counting({7, 150, 190}), {0, 2, 1}));
    CHECK(permutes(counting({70, 50, 40}), {1, 0, 2}));
  }
}

TEST_CASE("permuted: scalars, single and missing elements; never a view") {
  CHECK(kernel::permuted(Tensor::scalar(3), {}).item() == 3);
  CHECK(kernel::permuted(Tensor::zeros({2, 0, 3}), {2, 1, 0}).shape() == Shape{3, 0, 2});
  const Tensor row = counting({1, 4});
  const Tensor column = kernel::permuted(row, {1, 0});
  CHECK(column.shape() == Shape{4, 1});
  CHECK(column.to_vector<float>() == row.to_vector<float>());
  CHECK(column.raw() != row.raw());
}

TEST_CASE("slice: ranges and steps along each axis") {
  const Tensor x = counting({3, 5, 4});
  for (int axis = 0; axis < 3; ++axis) {
    for (const std::int64_t step : {1, 2, 3}) {
      const Tensor y = kernel::slice(x, axis, 1, (x.shape()[axis] - 2) / step + 1, step);
      const float* value = y.data<float>();
      for_each(y.shape(), [&](std::vector<std::int64_t> at) {
        auto& along = at[static_cast<std::size_t>(axis)];
        along = 1 + along * step;
        CHECK(*value++ == static_cast<float>(flat(at, x.shape())));
      });
    }
  }
  CHECK(kernel::slice(x, 1, 5, 0, 1).shape() == Shape{3, 0, 4});
}

TEST_CASE("slice_into: zeroes the rest when it overwrites, leaves it when it adds") {
  const Tensor g = Tensor::from({1.f, 2.f, 3.f, 4.f}, {2, 2});
  Tensor dx = Tensor::full({2, 4}, 9);
  kernel::slice_into(dx, Write::accumulate, g, 1, 1, 2);
  CHECK(dx.to_vector<float>() == std::vector<float>{9, 10, 9, 11, 9, 12, 9, 13});
  kernel::slice_into(dx, Write::overwrite, g, 1, 2, 1);
  CHECK(dx.to_vector<float>() == std::vector<float>{0, 0, 1, 2, 0, 0, 3, 4});
  kernel::slice_into(dx, Write::overwrite, Tensor::zeros({2, 0}), 1, 4, 1);
  CHECK(dx.to_vector<float>() == std::vector<float>(8, 0.f));
}

TEST_CASE("slice, slice_into: long stretches are shared among threads") {
  const Tensor x = counting({2, 100000});
  const test::Threads scope(3);
  const Tensor y = kernel::slice(x, 1, 10, 99980, 1);
  CHECK(y.at({0, 0}) == 10);
  CHECK(y.at({1, 99979}) == 199989);
  Tensor dx = Tensor::zeros({2, 100000});
  kernel::slice_into(dx, Write::accumulate, y, 1, 10, 1);
  CHECK(dx.at({0, 9}) == 0);
  bool copied = true;
  for (std::int64_t i = 0; i < 2; ++i)
    for (std::int64_t j = 10; j < 99990; ++j) copied = copied && dx.at({i, j}) == x.at({i, j});
  CHECK(copied);
}

TEST_CASE("concat: joins what slice takes apart, of any element type") {
  for (const DType dtype : {DType::float32, DType::float64, DType::int64, DType::uint8}) {
    const Tensor x = counting({3, 5, 4}, dtype);
    for (int axis = 0; axis < 3; ++axis) {
      const std::int64_t size = x.shape()[axis];
      const Tensor y =
          kernel::concat({kernel::slice(x, axis, 0, 1, 1), kernel::slice(x, axis, 1, 0, 1),
                          kernel::slice(x, axis, 1, size - 1, 1)},
                         axis);
      CHECK(y.shape() == x.shape());
      CHECK(y.to(DType::float64).to_vector<double>() == x.to(DType::float64).to_vector<double>());
    }
  }
}

TEST_CASE("expanded, expand_into: repeat along axes of size 1 and new ones") {
  const Tensor x = Tensor::from({1.f, 2.f}, {2, 1});
  CHECK(kernel::expanded(x, {2, 2, 3}).to_vector<float>() ==
        std::vector<float>{1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2});
  CHECK(kernel::expanded(Tensor::ones({1, 3}), {0, 3}).shape() == Shape{0, 3});
  Tensor dx = Tensor::full({2, 2}, 10);
  kernel::expand_into(dx, Write::accumulate, x, 0.5);
  CHECK(dx.to_vector<float>() == std::vector<float>{12, 12, 14, 14});
  kernel::expand_into(dx, Write::overwrite, x);
  CHECK(dx.to_vector<float>() == std::vector<float>{1, 1, 2, 2});
}

TEST_CASE("concat: sizes that overflow are refused") {
  const Tensor x = Tensor::zeros({0, std::int64_t{1} << 62});
  CHECK_THROWS_WITH_AS(kernel::concat({x, x}, 1),
                       "[concat] the sizes along axis 1 add up to more than 2^63 - 1", Error);
}
