#include "moving_average.hpp"

#include "../../simd/loops.hpp"

namespace plumb::kernel {

void blend_into(Tensor& average, double keep, double take, const Tensor& x) {
  map_into(
      average, Write::overwrite,
      [=](auto a, auto x) { return decltype(a)(keep) * a + decltype(a)(take) * x; }, average, x);
}

void mean_into(Tensor& mean, double count, const Tensor& x) {
  map_into(
      mean, Write::overwrite, [=](auto m, auto x) { return m + (x - m) / decltype(m)(count); },
      mean, x);
}

}  // namespace plumb::kernel
