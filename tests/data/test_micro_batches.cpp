#include <doctest/doctest.h>

#include <plumb/data/micro_batches.hpp>

#include "../support/errors.hpp"

using namespace plumb;

TEST_CASE("micro_batches: parts hold all samples in their order, with targets and lengths") {
  const Tensor x = Tensor::arange(14).reshape({7, 2});
  const Tensor y = Tensor::arange(7);
  const std::vector<data::Batch> parts = data::micro_batches({x, y, y}, 3);
  REQUIRE(parts.size() == 3);
  CHECK(parts[0].x.shape() == Shape{3, 2});
  CHECK(parts[2].x.shape() == Shape{1, 2});
  CHECK(parts[1].x.data<std::int64_t>()[0] == 6);
  CHECK(parts[2].y.data<std::int64_t>()[0] == 6);
  CHECK(parts[2].lengths.data<std::int64_t>()[0] == 6);
  CHECK(parts[0].x.data<std::int64_t>() == x.data<std::int64_t>());
}

TEST_CASE("micro_batches: a large size gives one part, an empty batch none") {
  const std::vector<data::Batch> one = data::micro_batches({Tensor::arange(4)}, 100);
  REQUIRE(one.size() == 1);
  CHECK(one[0].x.shape() == Shape{4});
  CHECK_FALSE(one[0].y.defined());
  CHECK(data::micro_batches({Tensor::zeros({0, 3})}, 2).empty());
  CHECK(test::error_of([] { data::micro_batches({Tensor::arange(4)}, 0); }) ==
        "[micro_batches] size must be at least 1, got 0");
}
