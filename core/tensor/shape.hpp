// Shapes: the sizes of a tensor's axes, held inline, and the arithmetic on them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace plumb {

/// The sizes of up to eight axes, outermost first: [n, c, h, w]. Rank 0 is a scalar.
class Shape {
 public:
  static constexpr int max_rank = 8;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> sizes) {
    for (const std::int64_t size : sizes) push_back(size);
  }
  explicit Shape(const std::vector<std::int64_t>& sizes);

  int rank() const { return rank_; }
  std::int64_t operator[](int axis) const& { return sizes_[axis]; }
  std::int64_t& operator[](int axis) & { return sizes_[axis]; }
  const std::int64_t* begin() const& { return sizes_; }
  const std::int64_t* begin() const&& = delete;
  const std::int64_t* end() const& { return sizes_ + rank_; }
  const std::int64_t* end() const&& = delete;
  std::int64_t back() const { return sizes_[rank_ - 1]; }
  /// Adds an axis behind the others. Throws beyond max_rank.
  void push_back(std::int64_t size) {
    if (rank_ == max_rank) refuse_axis();
    sizes_[rank_++] = size;
  }

  /// Product of the sizes. Throws where a size is negative or the product of the non-zero sizes
  /// exceeds 2^63 - 1, whatever their order: [0, 2^62, 4] is refused too.
  std::int64_t numel() const;
  /// Product of the sizes of axes [first, last), which must be valid.
  std::int64_t numel(int first, int last) const {
    std::int64_t product = 1;
    for (int axis = first; axis < last; ++axis) product *= sizes_[axis];
    return product;
  }

  bool operator==(const Shape& other) const {
    if (rank_ != other.rank_) return false;
    for (int axis = 0; axis < rank_; ++axis)
      if (sizes_[axis] != other.sizes_[axis]) return false;
    return true;
  }
  bool operator!=(const Shape& other) const { return !(*this == other); }

 private:
  [[noreturn]] static void refuse_axis();

  int rank_ = 0;
  std::int64_t sizes_[max_rank] = {};
};

/// "[2, 3]".
std::string to_string(const Shape& shape);
void append_text(std::string& out, const Shape& shape);

/// NumPy broadcasting: axes are aligned from the right, a size of 1 stretches.
/// Throws "[operation] shapes do not broadcast: [2, 3] and [4, 5]".
Shape broadcast(std::string_view operation, const Shape& a, const Shape& b);

namespace detail {
[[noreturn]] void refuse_axis(std::string_view operation, int axis, int rank);
}  // namespace detail

/// Turns an axis in [-rank, rank) into one in [0, rank). Throws with the range otherwise.
inline int normalize_axis(std::string_view operation, int axis, int rank) {
  if (axis < -rank || axis >= rank) detail::refuse_axis(operation, axis, rank);
  return axis < 0 ? axis + rank : axis;
}

}  // namespace plumb
