#include "bar_chart.hpp"

#include <algorithm>

#include "files.hpp"
#include "format.hpp"

namespace {

// The picture is so many units wide and high; bars stand in the frame left, right, top, bottom.
constexpr double width = 760, height = 300;
constexpr double left = 60, right = 745, top = 50, bottom = 250;

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string text_at(double x, double y, const std::string& text, const char* more = "") {
  return format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" %s>%s</text>\n", x, y, more,
                escaped(text).c_str());
}

}  // namespace

void write_svg(const BarChart& chart, const std::string& path) {
  const double bars = static_cast<double>(std::max<std::size_t>(1, chart.values.size()));
  const double step = (right - left) / bars;
  double highest = 0;
  for (const double value : chart.values) highest = std::max(highest, value);
  const auto x_of = [&](std::size_t bar) { return left + step * static_cast<double>(bar); };

  std::string svg = format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
      "font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
      width, height);
  for (std::size_t i = 0; i < chart.values.size(); ++i) {
    const double bar = highest > 0 ? (bottom - top) * chart.values[i] / highest : 0;
    svg += format("<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"#27548a\"/>\n",
                  x_of(i) + 0.1 * step, bottom - bar, 0.8 * step, bar);
    if (i < chart.labels.size() && !chart.labels[i].empty())
      svg += text_at(x_of(i) + step / 2, bottom + 16, chart.labels[i]);
  }
  svg += format("<path d=\"M%.1f %.1fV%.1fH%.1f\" fill=\"none\" stroke=\"black\"/>\n", left, top,
                bottom, right);
  svg += text_at(left - 25, top + 5, format("%.3g", highest));
  svg += text_at(left - 25, bottom, "0");
  svg += text_at((left + right) / 2, 18, chart.title, "font-size=\"14\"");
  svg += text_at((left + right) / 2, height - 10, chart.x_label);
  svg +=
      text_at(0, 0, chart.y_label,
              format("transform=\"translate(14 %.0f) rotate(-90)\"", (top + bottom) / 2).c_str());
  write_file(path, svg + "</svg>\n");
}
