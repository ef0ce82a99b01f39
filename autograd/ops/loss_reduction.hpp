// What a loss makes of the losses of its elements.
#pragma once

#include <cstdint>

namespace plumb {

/// Their mean, their sum, or all of them. The mean of none is NaN, the sum of none 0. `batchmean`
/// is the sum over the size of the leading axis; only kl_div takes it. Sums are gathered in double,
/// in an order that does not depend on the number of threads.
enum class Reduction : std::uint8_t { mean, sum, none, batchmean };

}  // namespace plumb
