#include "axes.hpp"

#include "../runtime/internal/fail.hpp"

namespace plumb {

Axes::Axes(int axis) { push_back(axis); }

Axes::Axes(std::initializer_list<int> axes) {
  for (const int axis : axes) push_back(axis);
}

Axes::Axes(const std::vector<int>& axes) {
  for (const int axis : axes) push_back(axis);
}

void Axes::push_back(int axis) {
  if (size_ == Shape::max_rank) fail("Axes", "a tensor has at most ", Shape::max_rank, " axes");
  axes_[size_++] = axis;
}

void append_text(std::string& out, const Axes& axes) {
  out += '{';
  for (int i = 0; i < axes.size(); ++i) {
    if (i > 0) out += ", ";
    out += std::to_string(axes[i]);
  }
  out += '}';
}

Axes normalize_axes(std::string_view operation, const Axes& axes, int rank) {
  Axes result = axes;
  bool seen[Shape::max_rank] = {};
  for (int i = 0; i < axes.size(); ++i) {
    result[i] = normalize_axis(operation, axes[i], rank);
    if (seen[result[i]]) fail(operation, "axis ", result[i], " appears twice in ", axes);
    seen[result[i]] = true;
  }
  return result;
}

Shape reduced_shape(std::string_view operation, const Shape& shape, const Axes& axes,
                    KeepDims keep) {
  bool reduced[Shape::max_rank] = {};
  for (const int axis : normalize_axes(operation, axes, shape.rank())) reduced[axis] = true;
  Shape result;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axes.size() > 0 && !reduced[axis]) {
      result.push_back(shape[axis]);
    } else if (keep == KeepDims::yes) {
      result.push_back(1);
    }
  }
  return result;
}

}  // namespace plumb
