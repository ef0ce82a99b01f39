#include "shape.hpp"

#include <algorithm>

#include "../runtime/internal/fail.hpp"
#include "internal/broadcasts.hpp"

namespace plumb {

Shape::Shape(const std::vector<std::int64_t>& sizes) {
  for (const std::int64_t size : sizes) push_back(size);
}

void Shape::refuse_axis() { fail("Shape", "a tensor has at most ", max_rank, " axes"); }

std::int64_t Shape::numel() const {
  std::int64_t non_zero = 1;
  bool empty = false;
  for (const std::int64_t size : *this) {
    if (size < 0) fail("Shape", "negative size in ", *this);
    empty = empty || size == 0;
    if (size != 0 && __builtin_mul_overflow(non_zero, size, &non_zero))
      fail("Shape", "the number of elements of ", *this, " does not fit in 63 bits");
  }
  return empty ? 0 : non_zero;
}

std::string to_string(const Shape& shape) {
  std::string out;
  append_text(out, shape);
  return out;
}

void append_text(std::string& out, const Shape& shape) {
  out += '[';
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axis > 0) out += ", ";
    out += std::to_string(shape[axis]);
  }
  out += ']';
}

Shape broadcast(std::string_view operation, const Shape& a, const Shape& b) {
  if (a == b) return a;
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  const int offset = longer.rank() - shorter.rank();
  Shape result = longer;
  for (int axis = 0; axis < shorter.rank(); ++axis) {
    const std::int64_t size = shorter[axis];
    std::int64_t& out = result[axis + offset];
    if (out == 1) {
      out = size;
    } else if (size != 1 && size != out) {
      fail(operation, "shapes do not broadcast: ", a, " and ", b);
    }
  }
  return result;
}

bool detail::broadcasts(const Shape& a, const Shape& b) {
  for (int axis = 1; axis <= std::min(a.rank(), b.rank()); ++axis) {
    const std::int64_t p = a[a.rank() - axis], q = b[b.rank() - axis];
    if (p != q && p != 1 && q != 1) return false;
  }
  return true;
}

void detail::refuse_axis(std::string_view operation, int axis, int rank) {
  fail(operation, "axis ", axis, " is out of range [", -rank, ", ", rank, ")");
}

}  // namespace plumb
