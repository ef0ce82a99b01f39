#include "canvas.hpp"

#include <algorithm>
#include <cmath>

namespace plumb::data::detail {
namespace {

// The pixels of one axis whose distance from [low, high] is at most `reach`.
struct Range {
  int begin, end;
};

Range reach(double low, double high, double reach) {
  const double begin = std::max(std::ceil(low - reach), 0.0);
  const double end = std::min(std::floor(high + reach) + 1, static_cast<double>(Canvas::side));
  return {static_cast<int>(begin), static_cast<int>(std::max(begin, end))};
}

}  // namespace

void Canvas::line(Point a, Point b, double radius) {
  constexpr double margin = 1;  // the edge may be as soft as this on either side
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double length_squared = dx * dx + dy * dy;
  const double inverse = length_squared > 0 ? 1 / length_squared : 0;
  const Range rows = reach(std::min(a.y, b.y), std::max(a.y, b.y), radius + margin);
  const Range columns = reach(std::min(a.x, b.x), std::max(a.x, b.x), radius + margin);
  for (int i = rows.begin; i < rows.end; ++i) {
    for (int j = columns.begin; j < columns.end; ++j) {
      const double px = j - a.x, py = i - a.y;
      const double along = std::clamp((px * dx + py * dy) * inverse, 0.0, 1.0);
      const double ex = px - along * dx, ey = py - along * dy;
      double& distance = distance_[i * side + j];
      distance = std::min(distance, std::sqrt(ex * ex + ey * ey) - radius);
    }
  }
}

std::array<double, Canvas::pixels> Canvas::ink(double softness) const {
  std::array<double, pixels> ink;
  for (int p = 0; p < pixels; ++p) ink[p] = std::clamp(0.5 - distance_[p] / softness, 0.0, 1.0);
  return ink;
}

}  // namespace plumb::data::detail
