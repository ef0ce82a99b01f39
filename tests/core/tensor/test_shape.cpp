#include <doctest/doctest.h>

#include <plumb/core/runtime/error.hpp>
#include <plumb/core/tensor/internal/broadcasts.hpp>
#include <plumb/core/tensor/shape.hpp>

using namespace plumb;

TEST_CASE("shape: rank, sizes and text") {
  const Shape shape{2, 3, 4};
  CHECK(shape.rank() == 3);
  CHECK(shape.numel() == 24);
  CHECK(shape.numel(1, 3) == 12);
  CHECK(shape.back() == 4);
  CHECK(to_string(shape) == "[2, 3, 4]");
  CHECK(to_string(Shape{}) == "[]");
  CHECK(Shape{}.numel() == 1);
  CHECK(shape != Shape{2, 3});
}

TEST_CASE("shape: counts that overflow are refused in any order of the axes") {
  const std::int64_t big = std::int64_t{1} << 62;
  CHECK_THROWS_WITH_AS((Shape{big, 4}.numel()),
                       "[Shape] the number of elements of [4611686018427387904, 4] does not fit in "
                       "63 bits",
                       Error);
  CHECK_THROWS_AS((Shape{0, big, 4}.numel()), Error);
  CHECK_THROWS_AS((Shape{big, 4, 0}.numel()), Error);
  CHECK_THROWS_WITH_AS((Shape{2, -1}.numel()), "[Shape] negative size in [2, -1]", Error);
  CHECK_THROWS_WITH_AS((Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}), "[Shape] a tensor has at most 8 axes",
                       Error);
}

TEST_CASE("shape: broadcasting aligns from the right and stretches ones") {
  CHECK(broadcast("add", {2, 3}, {3}) == Shape{2, 3});
  CHECK(broadcast("add", {4, 1, 3}, {5, 1}) == Shape{4, 5, 3});
  CHECK(broadcast("add", {}, {2, 0}) == Shape{2, 0});
  CHECK(broadcast("add", {1}, {0}) == Shape{0});
  CHECK_THROWS_WITH_AS(broadcast("add", {2, 3}, {4, 5}),
                       "[add] shapes do not broadcast: [2, 3] and [4, 5]", Error);
}

TEST_CASE("shape: whether two broadcast is whether they have a shape together") {
  const Shape shapes[] = {{}, {0}, {1}, {2}, {3}, {2, 1}, {1, 3}, {2, 3}, {0, 3}, {4, 1, 3}};
  int refused = 0;
  for (const Shape& a : shapes)
    for (const Shape& b : shapes) {
      CAPTURE(a);
      CAPTURE(b);
      bool thrown = false;
      try {
        broadcast("add", a, b);
      } catch (const Error&) {
        thrown = true;
      }
      CHECK(detail::broadcasts(a, b) == !thrown);
      refused += thrown;
    }
  CHECK(refused > 10);
}

TEST_CASE("shape: axes count from either end") {
  CHECK(normalize_axis("sum", -1, 3) == 2);
  CHECK(normalize_axis("sum", 0, 3) == 0);
  CHECK_THROWS_WITH_AS(normalize_axis("sum", 3, 3), "[sum] axis 3 is out of range [-3, 3)", Error);
  CHECK_THROWS_AS(normalize_axis("sum", 0, 0), Error);
}
