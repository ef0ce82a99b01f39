// A bar chart as an SVG file.
#pragma once

#include <string>
#include <vector>

struct BarChart {
  std::string title, x_label, y_label;
  std::vector<double> values;       ///< The height of each bar: finite, at least 0.
  std::vector<std::string> labels;  ///< Below each bar; "" for none.
};

/// Replaces the file as a whole. Throws plumb::Error with path and errno's text.
void write_svg(const BarChart& chart, const std::string& path);
