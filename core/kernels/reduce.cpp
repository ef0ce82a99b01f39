#include "reduce.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "../simd/vector_math.hpp"
#include "broadcast.hpp"
#include "reduce_loops.hpp"

namespace plumb::kernel {
namespace {

// Reduces the marked axes one group after the other, from the last, and thus never moves x.
template <class Op, class T>
void reduce_groups(AxisGroups groups, const T* x, T* out, Write mode) {
  if (groups.reduced_count == 0)
    return loop(
        groups.count == 0 ? 1 : groups.sizes[0], out, mode,
        [](T value) PLUMB_INLINE { return value; }, x);
  Tensor intermediate;
  for (int i = groups.count - 1; i >= 0; --i) {
    if (!groups.reduced[i]) continue;
    const ReducedSizes sizes = ReducedSizes::around(groups, i);
    if (--groups.reduced_count == 0) return reduce<Op>(sizes, x, Element(), out, mode);
    Tensor next = Tensor::empty({sizes.outer * sizes.inner}, dtype_of<T>);
    reduce<Op>(sizes, x, Element(), next.mutable_data<T>());
    groups.sizes[i] = 1;
    intermediate = std::move(next);
    x = intermediate.data<T>();
  }
}

template <class Op>
Tensor reduce_axes(std::string_view operation, const Tensor& x, const Axes& axes, KeepDims keep) {
  if (!is_floating(x.dtype()) && x.dtype() != DType::int64)
    return reduce_axes<Op>(operation, x.to(DType::int64), axes, keep);
  const ReducedAxes reduced(operation, axes, x.rank());
  Tensor y = Tensor::empty(reduced_shape(operation, x.shape(), axes, keep), x.dtype());
  dispatch_all(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    reduce_groups<Op>(AxisGroups(x.shape(), reduced.axis), x.data<T>(), y.mutable_data<T>(),
                      Write::overwrite);
  });
  return y;
}

// How many elements each result of a reduction to y takes in; where there is no result, any.
std::int64_t elements_each(const Tensor& x, const Tensor& y) {
  return y.numel() == 0 ? 1 : x.numel() / y.numel();
}

template <class T>
void divide_by(Tensor& y, double divisor) {
  const T number = static_cast<T>(divisor);
  loop(
      y.numel(), y.mutable_data<T>(), Write::overwrite,
      [number](T v) PLUMB_INLINE { return v / number; }, y.data<T>());
}

Tensor mean_of(std::string_view operation, const Tensor& x, const Axes& axes, KeepDims keep) {
  return dispatch_floating(operation, x.dtype(), [&](auto tag) {
    Tensor y = reduce_axes<Plus>(operation, x, axes, keep);
    divide_by<typename decltype(tag)::type>(y, static_cast<double>(elements_each(x, y)));
    return y;
  });
}

}  // namespace

void sum_to(const Tensor& from, Tensor& to, Write mode) {
  const Shape& full = from.shape();
  bool reduced[Shape::max_rank] = {};
  const int offset = full.rank() - to.rank();
  for (int axis = 0; axis < full.rank(); ++axis)
    reduced[axis] = axis < offset || to.shape()[axis - offset] != full[axis];
  dispatch_floating("sum_to", to.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    reduce_groups<Plus>(AxisGroups(full, reduced), from.data<T>(), to.mutable_data<T>(), mode);
  });
}

Tensor sum(const Tensor& x, const Axes& axes, KeepDims keep) {
  return reduce_axes<Plus>("sum", x, axes, keep);
}

Tensor product(const Tensor& x, const Axes& axes, KeepDims keep) {
  return reduce_axes<Times>("prod", x, axes, keep);
}

Tensor mean(const Tensor& x, const Axes& axes, KeepDims keep) {
  return mean_of("mean", x, axes, keep);
}

Tensor variance(const Tensor& x, const Axes& axes, KeepDims keep, std::int64_t correction,
                Tensor& mean) {
  mean = mean_of("var", x, axes, KeepDims::yes);
  return dispatch_floating("var", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor y = Tensor::empty(reduced_shape("var", x.shape(), axes, keep), x.dtype());
    const Arranged arranged(x, ReducedAxes("var", axes, x.rank()));
    const T* middle = mean.data<T>();
    reduce<Plus>(
        arranged.sizes, arranged.x.data<T>(),
        [middle](T value, std::int64_t at) PLUMB_INLINE {
          const T difference = value - middle[at];
          return difference * difference;
        },
        y.mutable_data<T>());
    divide_by<T>(y,
                 static_cast<double>(std::max<std::int64_t>(0, elements_each(x, y) - correction)));
    return y;
  });
}

LogSumExp logsumexp(const Tensor& x, const Axes& axes, KeepDims keep) {
  return dispatch_floating("logsumexp", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Shape shape = reduced_shape("logsumexp", x.shape(), axes, keep);
    LogSumExp result{Tensor::empty(shape, x.dtype()), Tensor::empty(shape, x.dtype()),
                     Tensor::empty(shape, x.dtype())};
    const Arranged arranged(x, ReducedAxes("logsumexp", axes, x.rank()));
    const T* from = arranged.x.data<T>();
    T* shift = result.shift.mutable_data<T>();
    reduce<Larger>(arranged.sizes, from, Element(), shift);
    // An infinite one is not subtracted: inf - inf would be NaN.
    constexpr T infinity = std::numeric_limits<T>::infinity();
    loop(
        shape.numel(), shift, Write::overwrite,
        [](T v) PLUMB_INLINE { return v == infinity || v == -infinity ? T(0) : v; }, shift);
    T* log_sum = result.log_sum.mutable_data<T>();
    reduce<Plus>(
        arranged.sizes, from,
        [shift](T value, std::int64_t at)
            PLUMB_INLINE { return vector_math::exp(value - shift[at]); },
        log_sum);
    loop(
        shape.numel(), log_sum, Write::overwrite,
        [](T sum) PLUMB_INLINE { return vector_math::log(sum); }, log_sum);
    loop(
        shape.numel(), result.y.mutable_data<T>(), Write::overwrite,
        [](T shift, T log_sum) PLUMB_INLINE { return shift + log_sum; }, shift, log_sum);
    return result;
  });
}

void variance_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& mean,
                   double factor) {
  zip_into(
      dx, mode,
      [factor](auto x, auto mean, auto g)
          PLUMB_INLINE { return decltype(x)(factor) * g * (x - mean); },
      x, mean, g);
}

void logsumexp_into(Tensor& dx, Write mode, const Tensor& g, const Tensor& x, const Tensor& shift,
                    const Tensor& log_sum) {
  zip_into(
      dx, mode,
      [](auto x, auto shift, auto log_sum, auto g)
          PLUMB_INLINE { return g * vector_math::exp(x - shift - log_sum); },
      x, shift, log_sum, g);
}

}  // namespace plumb::kernel
