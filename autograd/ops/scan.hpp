// Running sums along one axis.
#pragma once

#include "../variable.hpp"

namespace plumb {

/// y[k] = x[0] + ... + x[k] along `axis`, which may count from the last; of x's shape. float32 is
/// summed in double. uint8 sums to int64; integers wrap around. Throws "[cumsum] ..." for an axis out
/// of range.
Variable cumsum(const Variable& x, int axis);

}  // namespace plumb
