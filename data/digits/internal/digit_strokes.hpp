// The ten digits as a pen writes them: strokes through a few points, in several styles each.
#pragma once

#include <cstdint>
#include <vector>

namespace plumb::data::detail {

// How the pen meets a point: it is set down there, goes through smoothly, or turns sharply.
enum class Pen : std::uint8_t { start, smooth, corner };

// A point of a digit that is 100 high and at most 100 wide; y points down.
struct StrokePoint {
  double x, y;
  Pen pen = Pen::smooth;
};

// One way to write a digit. The first point of each stroke is marked `start`.
using DigitStyle = std::vector<StrokePoint>;

// The styles of a digit in 0 ... 9, equally likely.
const std::vector<DigitStyle>& digit_styles(int digit);

}  // namespace plumb::data::detail
