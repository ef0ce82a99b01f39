// Sums over the elements of a parameter: what rules with norms add to the loop over the elements.
#pragma once

#include "../../core/kernels/ordered_sum.hpp"
#include "../../core/simd/loops.hpp"

namespace plumb::optim {

/// The sum of term(i) for i in [0, n), in double, added in an order that n alone decides: the same
/// bits for any number of threads. `term` is a lambda of pointers and numbers that reads at i alone,
/// marked PLUMB_INLINE.
template <class Term>
double sum_of(std::int64_t n, const Term& term) {
  return kernel::ordered_sum<double>(n, kernel::grain, [&](std::int64_t begin, std::int64_t end) {
    double sum = 0;
    kernel::on_best_isa([term, begin, end, &sum]() PLUMB_INLINE {
      const auto local = term;  // in registers, as in UpdateLoop::add
      double lanes = 0;
#pragma omp simd reduction(+ : lanes)
      for (std::int64_t i = begin; i < end; ++i) lanes += local(i);
      sum = lanes;
    });
    return sum;
  });
}

/// The sum of the squares of n elements.
template <class T>
double sum_of_squares(std::int64_t n, const T* x) {
  return sum_of(n, [x](std::int64_t i) PLUMB_INLINE {
    const auto wide = static_cast<double>(x[i]);
    return wide * wide;
  });
}

/// The same of a floating tensor.
inline double sum_of_squares(const Tensor& x) {
  return dispatch_floating("sum_of_squares", x.dtype(), [&](auto tag) {
    return sum_of_squares(x.numel(), x.data<typename decltype(tag)::type>());
  });
}

}  // namespace plumb::optim
