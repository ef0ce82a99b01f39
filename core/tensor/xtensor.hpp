// xtensor and plumb: a Tensor seen as an xtensor expression, a Tensor made from one. Opt-in: no
// other public header includes xtensor, and it compiles as C++17 only (xtensor 0.24's limit).
#pragma once

#include <array>
#include <vector>

#include "../runtime/error.hpp"
#include "tensor.hpp"
#include "xtensor_include.hpp"

namespace plumb {

/// The elements of x as an xtensor of rank N, without a copy; x must live as long as it is used, and
/// so a temporary is refused.
/// Static rank is what runs at the speed of a hand-written loop. Throws when the rank or T differs.
template <class T, std::size_t N>
auto as_xtensor(const Tensor& x) {
  if (x.rank() != static_cast<int>(N))
    errors::fail("as_xtensor", "expected rank ", static_cast<int>(N), ", got shape ", x.shape());
  std::array<std::size_t, N> shape;
  for (std::size_t axis = 0; axis < N; ++axis)
    shape[axis] = static_cast<std::size_t>(x.shape()[static_cast<int>(axis)]);
  return xt::adapt(x.data<T>(), static_cast<std::size_t>(x.numel()), xt::no_ownership(), shape);
}
template <class T, std::size_t N>
void as_xtensor(const Tensor&& x) = delete;
/// The same, to be written: assign with xt::noalias(view) = expression of the same shape. xtensor
/// does not check shapes there.
template <class T, std::size_t N>
auto as_mutable_xtensor(Tensor& x) {
  if (x.rank() != static_cast<int>(N))
    errors::fail("as_mutable_xtensor", "expected rank ", static_cast<int>(N), ", got shape ",
                 x.shape());
  std::array<std::size_t, N> shape;
  for (std::size_t axis = 0; axis < N; ++axis)
    shape[axis] = static_cast<std::size_t>(x.shape()[static_cast<int>(axis)]);
  return xt::adapt(x.mutable_data<T>(), static_cast<std::size_t>(x.numel()), xt::no_ownership(),
                   shape);
}

/// The elements of x as an xtensor of run-time rank, without a copy. Slower where it matters.
template <class T>
auto as_xarray(const Tensor& x) {
  const std::vector<std::size_t> shape(x.shape().begin(), x.shape().end());
  return xt::adapt(x.data<T>(), static_cast<std::size_t>(x.numel()), xt::no_ownership(), shape);
}
template <class T>
void as_xarray(const Tensor&& x) = delete;

/// A new tensor with the elements of any xtensor expression of float, double, std::int64_t or
/// std::uint8_t.
template <class E>
Tensor from_xtensor(const xt::xexpression<E>& expression) {
  using T = typename E::value_type;
  const E& e = expression.derived_cast();
  Shape shape;
  for (const auto size : e.shape()) shape.push_back(static_cast<std::int64_t>(size));
  Tensor x = Tensor::empty(shape, dtype_of<T>);
  const std::vector<std::size_t> sizes(shape.begin(), shape.end());
  auto view = xt::adapt(x.mutable_data<T>(), static_cast<std::size_t>(x.numel()),
                        xt::no_ownership(), sizes);
  xt::noalias(view) = e;
  return x;
}

}  // namespace plumb
