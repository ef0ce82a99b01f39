#include <doctest/doctest.h>

#include <plumb/core/kernels/indexing.hpp>
#include <plumb/core/runtime/error.hpp>
#include <plumb/core/runtime/random.hpp>

#include "../../support/threads.hpp"

using namespace plumb;

namespace {

Tensor indices(const std::vector<std::int64_t>& values) { return Tensor::from(values); }
Tensor indices(const std::vector<std::int64_t>& values, const Shape& shape) {
  return Tensor::from(values, shape);
}

}  // namespace

TEST_CASE("check_indices: names the first that is out of range, and the range") {
  CHECK_NOTHROW(kernel::check_indices("gather", indices({0, 2, 1}), 3));
  CHECK_NOTHROW(kernel::check_indices("gather", Tensor::zeros({0}, DType::int64), 0));
  CHECK_THROWS_WITH_AS(kernel::check_indices("gather", indices({0, 3, -1}), 3),
                       "[gather] index 3 at element 1 is out of range [0, 3)", Error);
  CHECK_THROWS_WITH_AS(kernel::check_indices("gather", indices({-1}), 3),
                       "[gather] index -1 at element 0 is out of range [0, 3)", Error);
  CHECK_THROWS_WITH_AS(kernel::check_indices("gather", Tensor::zeros({2}), 3),
                       "[gather] the index must be int64, got float32", Error);
  Tensor many = Tensor::zeros({200000}, DType::int64);
  many.mutable_data<std::int64_t>()[150000] = 7;
  many.mutable_data<std::int64_t>()[199999] = 8;
  CHECK_THROWS_WITH_AS(kernel::check_indices("gather", many, 3),
                       "[gather] index 7 at element 150000 is out of range [0, 3)", Error);
}

TEST_CASE("gather: along the first, a middle and the last axis") {
  const Tensor x = Tensor::arange(24, DType::float32).reshape({2, 3, 4});
  CHECK(kernel::gather(x, 2, indices({3, 0, 1, 1, 2, 2}, {2, 3, 1})).to_vector<float>() ==
        std::vector<float>{3, 4, 9, 13, 18, 22});
  CHECK(kernel::gather(x, 0, indices({1, 0, 1}, {1, 1, 3})).to_vector<float>() ==
        std::vector<float>{12, 1, 14});
  // Smaller than x in both other axes.
  CHECK(kernel::gather(x, 1, indices({2, 0, 1, 1}, {1, 2, 2})).to_vector<float>() ==
        std::vector<float>{8, 1, 4, 5});
  CHECK(kernel::gather(x, 0, indices({0, 1, 1, 0}, {1, 2, 2})).to_vector<float>() ==
        std::vector<float>{0, 13, 16, 5});
  CHECK(kernel::gather(x, 2, Tensor::zeros({2, 0, 1}, DType::int64)).shape() == Shape{2, 0, 1});
}

TEST_CASE("gather_into: adds where an index repeats; the rest is zeroed or left") {
  const Tensor index = indices({0, 2, 0, 0}, {2, 2});
  const Tensor g = Tensor::from({1.f, 2.f, 3.f, 4.f}, {2, 2});
  Tensor dx = Tensor::full({2, 3}, 10);
  kernel::gather_into(dx, Write::accumulate, g, 1, index);
  CHECK(dx.to_vector<float>() == std::vector<float>{11, 10, 12, 17, 10, 10});
  kernel::gather_into(dx, Write::overwrite, g, 0, indices({1, 1, 1, 0}, {2, 2}));
  CHECK(dx.to_vector<float>() == std::vector<float>{0, 4, 0, 4, 2, 0});
  Tensor wide = Tensor::zeros({2, 2, 3});
  kernel::gather_into(wide, Write::overwrite, Tensor::from({5.f, 6.f}, {1, 2, 1}), 1,
                      indices({1, 1}, {1, 2, 1}));
  CHECK(wide.to_vector<float>() == std::vector<float>{0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("index_select: along each axis, repeated and in any order") {
  const Tensor x = Tensor::arange(12, DType::int64).reshape({2, 3, 2});
  CHECK(kernel::index_select(x, 1, indices({2, 0, 2})).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{4, 5, 0, 1, 4, 5, 10, 11, 6, 7, 10, 11});
  CHECK(kernel::index_select(x, 2, indices({1})).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{1, 3, 5, 7, 9, 11});
  CHECK(kernel::index_select(x, 0, indices({})).shape() == Shape{0, 3, 2});
}

TEST_CASE("index_select_into: adds where an index repeats; the rest is zeroed or left") {
  const Tensor g = Tensor::from({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {3, 2});
  Tensor dx = Tensor::full({3, 2}, 10);
  kernel::index_select_into(dx, Write::accumulate, g, 0, indices({2, 0, 2}));
  CHECK(dx.to_vector<float>() == std::vector<float>{13, 14, 10, 10, 16, 18});
  kernel::index_select_into(dx, Write::overwrite, g, 1, indices({0, 0}));
  CHECK(dx.to_vector<float>() == std::vector<float>{3, 0, 7, 0, 11, 0});
}

TEST_CASE("gather_into, index_select_into: the same bits for any number of threads") {
  const std::int64_t n = 7, m = 3000, inner = 200;
  const auto random = [](const Shape& shape, double low, double high) {
    Tensor x = Tensor::empty(shape);
    Generator(1).fill_uniform(x, low, high);
    return x;
  };
  const Tensor rows = random({m}, 0, n).to(DType::int64);
  const Tensor each = random({m, inner}, 0, n).to(DType::int64);
  const Tensor g = random({m, inner}, -1, 1);
  std::vector<float> first_rows, first_each;
  for (const int threads : test::thread_counts()) {
    const test::Threads scope(threads);
    Tensor dx = Tensor::empty({n, inner});
    kernel::index_select_into(dx, Write::overwrite, g, 0, rows);
    Tensor dy = Tensor::empty({n, inner});
    kernel::gather_into(dy, Write::overwrite, g, 0, each);
    if (threads == 1) {
      first_rows = dx.to_vector<float>();
      first_each = dy.to_vector<float>();
    }
    CHECK(dx.to_vector<float>() == first_rows);
    CHECK(dy.to_vector<float>() == first_each);
  }
}

TEST_CASE(
    "index_select: results beyond the caches, of rows that can be written past them and others, "
    "threads") {
  Generator generator(1);
  for (const std::int64_t columns : {64, 63}) {
    CAPTURE(columns);
    const std::int64_t each = 70'000, outer = 2;  // 36 MB in all
    const Tensor x =
        Tensor::arange(outer * 5 * columns, DType::float32).reshape({outer, 5, columns});
    Tensor index = Tensor::empty({each}, DType::int64);
    for (std::int64_t k = 0; k < each; ++k)
      index.mutable_data<std::int64_t>()[k] = generator.below(5);
    const std::int64_t* at = index.data<std::int64_t>();
    for (const int count : {1, 3}) {
      const test::Threads threads(count);
      const Tensor y = kernel::index_select(x, 1, index);
      const float* row = y.data<float>();
      bool right = y.shape() == Shape{outer, each, columns};
      for (std::int64_t o = 0; o < outer; ++o)
        for (std::int64_t k = 0; k < each; ++k, row += columns)
          right = right && row[0] == static_cast<float>((o * 5 + at[k]) * columns) &&
                  row[columns - 1] == row[0] + static_cast<float>(columns - 1);
      CHECK(right);
    }
  }
}
