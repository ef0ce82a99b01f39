// Tensors as xtensor's arrays of double, in which the oracles are written.
#pragma once

#include <plumb/core/tensor/xtensor.hpp>
#include <xtensor/xbuilder.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xsort.hpp>
#include <xtensor/xview.hpp>

#include "../support/compare.hpp"
#include "../support/sweep.hpp"
#include "draw.hpp"

namespace plumb::test {

using Array = xt::xarray<double>;
template <std::size_t rank>
using Fixed = xt::xtensor<double, rank>;

/// A copy in double.
inline Array wide(const Tensor& x) {
  const Tensor copy = x.to(DType::float64);
  return as_xarray<double>(copy);
}
/// The same with a rank known to the compiler, which makes expressions several times as fast.
template <std::size_t rank>
Fixed<rank> wide(const Tensor& x) {
  const Tensor copy = x.to(DType::float64);
  return as_xtensor<double, rank>(copy);
}

/// How far a tensor is from an expression, as deviation() of two tensors; but in units of `size` if
/// the expression is smaller: of the terms whose sum it is, which may have cancelled each other.
template <class E>
double distance(const Tensor& actual, const xt::xexpression<E>& expected, double size = 0) {
  const xt::xarray<double> values = expected.derived_cast();
  const double found = deviation(actual, from_xtensor(values));
  if (values.size() == 0) return found;
  const double largest = xt::amax(xt::abs(values))();
  return largest > 0 && largest < size ? found * (largest / size) : found;
}

}  // namespace plumb::test
