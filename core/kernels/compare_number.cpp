// Relations of a tensor to a number.
#include <cmath>
#include <type_traits>

#include "../simd/loops.hpp"
#include "arithmetic.hpp"

namespace plumb::kernel {
namespace {

// y = f(a, b), where f is a relation as a generic lambda. For integers f(a, b) = f(a, whole): n < 0.5
// holds where n < 1 does, n > 0.5 where n > 0 does.
template <class F>
Tensor compare(const Tensor& a, double b, double whole, F f) {
  Tensor y = Tensor::empty(a.shape(), DType::uint8);
  std::uint8_t* to = y.mutable_data<std::uint8_t>();
  const auto run = [&](const auto* from, auto number) {
    parallel_for(y.numel(), grain, [=](std::int64_t begin, std::int64_t end) {
      on_best_isa([=]() PLUMB_INLINE {
#pragma omp simd
        for (std::int64_t i = begin; i < end; ++i)
          to[i] = static_cast<std::uint8_t>(f(from[i], number));
      });
    });
  };
  dispatch_all(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_floating_point_v<T>) {
      run(a.data<T>(), static_cast<T>(b));
    } else if (std::isnan(b)) {
      y.fill(f(0., b));
    } else if (whole >= 0x1p63) {
      y.fill(f(0., 1.));
    } else if (whole < -0x1p63) {
      y.fill(f(1., 0.));
    } else {
      run(a.data<T>(), static_cast<std::int64_t>(whole));
    }
  });
  return y;
}

// No integer is equal to a number between two.
double whole_or_infinite(double b) { return b == std::floor(b) ? b : HUGE_VAL; }

}  // namespace

Tensor equal(const Tensor& a, double b) {
  return compare(a, b, whole_or_infinite(b), [](auto p, auto q) PLUMB_INLINE { return p == q; });
}

Tensor not_equal(const Tensor& a, double b) {
  return compare(a, b, whole_or_infinite(b), [](auto p, auto q) PLUMB_INLINE { return p != q; });
}

Tensor less(const Tensor& a, double b) {
  return compare(a, b, std::ceil(b), [](auto p, auto q) PLUMB_INLINE { return p < q; });
}

Tensor less_equal(const Tensor& a, double b) {
  return compare(a, b, std::floor(b), [](auto p, auto q) PLUMB_INLINE { return p <= q; });
}

Tensor greater(const Tensor& a, double b) {
  return compare(a, b, std::floor(b), [](auto p, auto q) PLUMB_INLINE { return p > q; });
}

Tensor greater_equal(const Tensor& a, double b) {
  return compare(a, b, std::ceil(b), [](auto p, auto q) PLUMB_INLINE { return p >= q; });
}

}  // namespace plumb::kernel
