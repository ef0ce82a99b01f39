// Size2d: two numbers for the two axes of an image.
#pragma once

#include <cstdint>
#include <string>

namespace plumb {

/// A size, step or margin along height and width. One number stands for both: a kernel of 3 is
/// {3, 3}.
struct Size2d {
  Size2d(std::int64_t both) : height(both), width(both) {}  // NOLINT: reads like a number
  Size2d(std::int64_t h, std::int64_t w) : height(h), width(w) {}

  bool operator==(const Size2d& other) const {
    return height == other.height && width == other.width;
  }
  bool operator!=(const Size2d& other) const { return !(*this == other); }

  std::int64_t height;
  std::int64_t width;
};

/// "[3, 5]".
void append_text(std::string& out, const Size2d& size);

}  // namespace plumb
