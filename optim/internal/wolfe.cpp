#include "wolfe.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace plumb::optim {
namespace {

constexpr double enough = 1e-4;  // of the fall that the first slope promises
constexpr double flat = 0.9;     // of the first slope
constexpr int most_points = 25;

// Where the cubic through both points, with their slopes, is lowest, within [low, high]; the middle
// where there is no such place.
double lowest_of_cubic(const LinePoint& a, const LinePoint& b, double low, double high) {
  const LinePoint &x1 = a.t <= b.t ? a : b, &x2 = a.t <= b.t ? b : a;
  const double d1 = x1.slope + x2.slope - 3 * (x1.loss - x2.loss) / (x1.t - x2.t);
  const double squared = d1 * d1 - x1.slope * x2.slope;
  if (!(squared >= 0)) return (low + high) / 2;
  const double d2 = std::sqrt(squared);
  const double t = x2.t - (x2.t - x1.t) * ((x2.slope + d2 - d1) / (x2.slope - x1.slope + 2 * d2));
  return std::isnan(t) ? (low + high) / 2 : std::min(std::max(t, low), high);
}

bool falls_enough(const LinePoint& point, const LinePoint& from) {
  return point.loss <= from.loss + enough * point.t * from.slope;  // NaN does not
}

bool is_flat(const LinePoint& point, const LinePoint& from) {
  return std::abs(point.slope) <= -flat * from.slope;
}

// Keeps t away from the ends of the bracket, where that is due.
struct Progress {
  bool was_short = false;

  double check(double t, double low, double high) {
    const double margin = 0.1 * (high - low);
    if (std::min(high - t, t - low) >= margin) {
      was_short = false;
      return t;
    }
    if (!was_short && t < high && t > low) {
      was_short = true;
      return t;
    }
    was_short = false;
    return std::abs(t - high) < std::abs(t - low) ? high - margin : low + margin;
  }
};

// `points` is how many were tried before; best is the lower end of the bracket.
LinePoint zoom(const std::function<LinePoint(double t)>& at, const LinePoint& from, LinePoint best,
               LinePoint other, int points, double size, double tolerance) {
  if (other.loss < best.loss) std::swap(best, other);  // NaN is not
  for (Progress progress; points < most_points; ++points) {
    const double low = std::min(best.t, other.t), high = std::max(best.t, other.t);
    if ((high - low) * size < tolerance) break;
    const LinePoint point = at(progress.check(lowest_of_cubic(best, other, low, high), low, high));
    if (!falls_enough(point, from) || point.loss >= best.loss) {
      other = point;
      if (other.loss < best.loss) std::swap(best, other);  // NaN is not
      continue;
    }
    if (is_flat(point, from)) return point;
    if (point.slope * (other.t - best.t) >= 0) other = best;
    best = point;
  }
  return best;
}

}  // namespace

LinePoint strong_wolfe(const std::function<LinePoint(double t)>& at, const LinePoint& from,
                       double first, double size, double tolerance) {
  LinePoint before = from, point = at(first);
  int points = 0;  // beyond the first
  for (; points < most_points; ++points) {
    if (!falls_enough(point, from) || (points > 1 && point.loss >= before.loss)) break;
    if (is_flat(point, from)) return point;
    if (point.slope >= 0) break;
    const double next =
        lowest_of_cubic(before, point, point.t + 0.01 * (point.t - before.t), 10 * point.t);
    before = std::exchange(point, at(next));
  }
  if (points == most_points) before = from;
  return zoom(at, from, before, point, points, size, tolerance);
}

}  // namespace plumb::optim
