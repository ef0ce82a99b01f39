#include <doctest/doctest.h>

#include <plumb/core/runtime/error.hpp>
#include <plumb/core/tensor/axes.hpp>

using namespace plumb;

TEST_CASE("Axes: one axis and a list convert, a ninth is refused") {
  const Axes one = -1;
  CHECK(errors::text(one) == "{-1}");
  CHECK(errors::text(Axes{0, 2}) == "{0, 2}");
  CHECK(errors::text(Axes(std::vector<int>{3, 1})) == "{3, 1}");
  CHECK(errors::text(Axes()) == "{}");
  CHECK_THROWS_WITH_AS((Axes{0, 1, 2, 3, 4, 5, 6, 7, 8}), "[Axes] a tensor has at most 8 axes",
                       Error);
}

TEST_CASE("normalize_axes: negative axes count from the last, duplicates are refused") {
  CHECK(errors::text(normalize_axes("sum", {-1, 0}, 3)) == "{2, 0}");
  CHECK_THROWS_WITH_AS(normalize_axes("sum", {0, -2}, 2), "[sum] axis 0 appears twice in {0, -2}",
                       Error);
  CHECK_THROWS_WITH_AS(normalize_axes("sum", 2, 2), "[sum] axis 2 is out of range [-2, 2)", Error);
}

TEST_CASE("reduced_shape: reduced axes go or stay as 1; none named means all") {
  const Shape shape{2, 3, 4};
  CHECK(reduced_shape("sum", shape, {0, -1}, KeepDims::no) == Shape{3});
  CHECK(reduced_shape("sum", shape, {0, -1}, KeepDims::yes) == Shape{1, 3, 1});
  CHECK(reduced_shape("sum", shape, {}, KeepDims::no) == Shape{});
  CHECK(reduced_shape("sum", shape, {}, KeepDims::yes) == Shape{1, 1, 1});
  CHECK(reduced_shape("sum", {}, {}, KeepDims::yes) == Shape{});
}
