#include <doctest/doctest.h>

#include <plumb/data/digits/internal/canvas.hpp>

using namespace plumb;
using data::detail::Canvas;

TEST_CASE("Canvas: a line is dark within, half at its edge, nothing beyond") {
  Canvas canvas;
  canvas.line({5, 10}, {20, 10}, 2);
  const auto ink = canvas.ink(1);
  const auto at = [&](int x, int y) { return ink[y * Canvas::side + x]; };
  CHECK(at(12, 10) == 1);
  CHECK(at(12, 11) == 1);
  CHECK(at(12, 12) == 0.5);
  CHECK(at(12, 8) == 0.5);
  CHECK(at(12, 13) == 0);
  CHECK(at(3, 10) == 0.5);  // the ends are round
  CHECK(at(22, 10) == 0.5);
  CHECK(at(3, 12) == 0);
}

TEST_CASE("Canvas: lines that overlap are no darker, a line of no length is a dot") {
  Canvas once, twice;
  once.line({5, 5}, {9, 9}, 1.2);
  for (int i = 0; i < 2; ++i) twice.line({5, 5}, {9, 9}, 1.2);
  CHECK(once.ink(1.6) == twice.ink(1.6));
  Canvas dot;
  dot.line({7, 7}, {7, 7}, 1);
  CHECK(dot.ink(1)[7 * Canvas::side + 7] == 1);
  CHECK(dot.ink(1)[7 * Canvas::side + 8] == 0.5);
  CHECK(dot.ink(1)[7 * Canvas::side + 9] == 0);
}

TEST_CASE("Canvas: what lies outside leaves no ink, what crosses the edge is cut") {
  Canvas canvas;
  canvas.line({-100, -50}, {-90, 300}, 3);
  canvas.line({1e6, 1e6}, {2e6, 1e6}, 3);
  for (const double ink : canvas.ink(1)) CHECK(ink == 0);
  canvas.line({-10, 4}, {100, 4}, 1);
  for (int x = 0; x < Canvas::side; ++x) CHECK(canvas.ink(1)[4 * Canvas::side + x] == 1);
}
