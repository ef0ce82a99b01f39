// Axes named by a caller: which ones a reduction takes, in which order a permutation puts them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "shape.hpp"

namespace plumb {

/// A list of up to eight axes, held inline; negative ones count from the last. Made from one axis
/// or a braced list: sum(x, 0), sum(x, {0, -1}). An empty list means all axes to a reduction.
class Axes {
 public:
  Axes() = default;
  Axes(int axis);  // NOLINT: one axis is a list of one
  Axes(std::initializer_list<int> axes);
  explicit Axes(const std::vector<int>& axes);

  int size() const { return size_; }
  int operator[](int i) const& { return axes_[i]; }
  int& operator[](int i) & { return axes_[i]; }
  const int* begin() const& { return axes_; }
  const int* begin() const&& = delete;
  const int* end() const& { return axes_ + size_; }
  const int* end() const&& = delete;
  /// Adds an axis behind the others. Throws beyond Shape::max_rank.
  void push_back(int axis);

 private:
  int size_ = 0;
  int axes_[Shape::max_rank] = {};
};

/// Whether a reduced axis stays, with size 1, or goes.
enum class KeepDims : std::uint8_t { no, yes };

/// "{0, -1}".
void append_text(std::string& out, const Axes& axes);

/// The axes as ones in [0, rank). Throws when one is out of range or appears twice.
Axes normalize_axes(std::string_view operation, const Axes& axes, int rank);

/// The shape after a reduction over `axes`, or over all where none is named.
Shape reduced_shape(std::string_view operation, const Shape& shape, const Axes& axes,
                    KeepDims keep);

}  // namespace plumb
