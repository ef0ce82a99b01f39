// A small grey canvas and a round pen with soft edges.
#pragma once

#include <array>
#include <cstdint>

namespace plumb::data::detail {

struct Point {
  double x, y;
};

// A square of pixels that remembers, for each, how far it lies from the nearest ink. Lines may
// overlap without becoming darker where they do, as with ink.
class Canvas {
 public:
  static constexpr int side = 28;
  static constexpr int pixels = side * side;

  Canvas() { distance_.fill(far); }

  // A line from a to b, in pixels (pixel (i, j) has its centre at x = j, y = i), with round ends.
  void line(Point a, Point b, double radius);

  // Ink at every pixel, 0 to 1: half at the line's edge, falling off over `softness` pixels.
  std::array<double, pixels> ink(double softness) const;

 private:
  static constexpr double far = 4;  // pixels beyond any edge

  std::array<double, pixels> distance_;  // to the edge of the nearest line, negative within
};

}  // namespace plumb::data::detail
