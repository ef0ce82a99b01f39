// A bar chart as an SVG file.
#pragma once

#include <string>
#include <vector>

/// A stretch of bars that is shaded and named: [begin, end).
struct ChartSpan {
  std::size_t begin = 0, end = 0;
  std::string name;
};

struct BarChart {
  std::string title, x_label, y_label;
  std::vector<double> values;       ///< The height of each bar: finite, at least 0.
  std::vector<std::string> labels;  ///< Below each bar; "" for none.
  std::vector<ChartSpan> spans = {};
};

/// Replaces the file as a whole. Throws plumb::Error with path and errno's text.
void write_svg(const BarChart& chart, const std::string& path);
