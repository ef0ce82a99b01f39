// Whether two shapes broadcast.
#pragma once

#include "../shape.hpp"

namespace plumb::detail {

/// Whether broadcast() would have a shape for both.
bool broadcasts(const Shape& a, const Shape& b);

}  // namespace plumb::detail
