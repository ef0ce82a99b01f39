#include <doctest/doctest.h>

#include <plumb/data/digits/internal/digit_strokes.hpp>

using namespace plumb;
using data::detail::Pen;

TEST_CASE("digit_styles: every digit has several, of strokes that stay in their box") {
  for (int digit = 0; digit < 10; ++digit) {
    CHECK(data::detail::digit_styles(digit).size() >= 3);
    for (const auto& style : data::detail::digit_styles(digit)) {
      REQUIRE_FALSE(style.empty());
      CHECK(style.front().pen == Pen::start);
      CHECK(style.back().pen == Pen::smooth);
      double top = 100, bottom = 0;
      for (std::size_t i = 0; i < style.size(); ++i) {
        CHECK((style[i].x >= 0 && style[i].x <= 100));
        top = style[i].y < top ? style[i].y : top;
        bottom = style[i].y > bottom ? style[i].y : bottom;
        // A stroke is more than the point it begins with.
        if (style[i].pen == Pen::start) CHECK(style[i + 1].pen != Pen::start);
      }
      CHECK((top >= 0 && top <= 10));
      CHECK((bottom >= 90 && bottom <= 100));
    }
  }
}
