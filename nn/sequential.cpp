#include "sequential.hpp"

#include "../core/error.hpp"

namespace plumb::nn {

Layer& Sequential::operator[](std::int64_t index) const {
  if (index < 0 || index >= size())
    fail("Sequential", "index ", index, " is out of range [0, ", size(), ")");
  return *layers_[static_cast<std::size_t>(index)];
}

Variable Sequential::forward(const Variable& x) {
  Variable y = x;
  for (Layer* layer : layers_) y = (*layer)(y);
  return y;
}

}  // namespace plumb::nn
