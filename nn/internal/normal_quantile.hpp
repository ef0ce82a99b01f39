// The inverse of the normal distribution function, for init::truncated_normal.
#pragma once

namespace plumb::nn::detail {

/// z with P(Z < z) = p for a standard normal Z, to about 16 digits; +-infinity at 0 and 1.
double normal_quantile(double p);

}  // namespace plumb::nn::detail
