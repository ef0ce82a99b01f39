#include "clip.hpp"

#include <cmath>

#include "../../simd/loops.hpp"
#include "../ordered_sum.hpp"

namespace plumb::kernel {
namespace {

// Largest magnitudes, with the += of a sum, so that ordered_sum gathers them. NaN wins.
struct Largest {
  double value = 0;
  Largest& operator+=(const Largest& other) {
    if (!(other.value <= value) && value == value) value = other.value;
    return *this;
  }
};

template <class T>
double squares(const T* x, std::int64_t begin, std::int64_t end) {
  double sum = 0;
  on_best_isa([x, begin, end, &sum]() PLUMB_INLINE {
    double lanes = 0;
#pragma omp simd reduction(+ : lanes)
    for (std::int64_t i = begin; i < end; ++i) {
      const auto wide = static_cast<double>(x[i]);
      lanes += wide * wide;
    }
    sum = lanes;
  });
  return sum;
}

template <class T>
Largest largest(const T* x, std::int64_t begin, std::int64_t end) {
  T high = 0;
  bool ordered = true;
  on_best_isa([x, begin, end, &high, &ordered]() PLUMB_INLINE {
    T lanes = 0;
    int unordered = 0;
#pragma omp simd reduction(max : lanes) reduction(+ : unordered)
    for (std::int64_t i = begin; i < end; ++i) {
      const T magnitude = std::abs(x[i]);
      lanes = magnitude > lanes ? magnitude : lanes;
      unordered += x[i] != x[i];
    }
    high = lanes;
    ordered = unordered == 0;
  });
  return {ordered ? static_cast<double>(high) : std::nan("")};
}

}  // namespace

double sum_of_squares(const Tensor& x) {
  return dispatch_floating("sum_of_squares", x.dtype(), [&](auto tag) {
    const auto* data = x.data<typename decltype(tag)::type>();
    return ordered_sum<double>(x.numel(), grain, [&](std::int64_t begin, std::int64_t end) {
      return squares(data, begin, end);
    });
  });
}

double largest_magnitude(const Tensor& x) {
  return dispatch_floating("largest_magnitude", x.dtype(), [&](auto tag) {
    const auto* data = x.data<typename decltype(tag)::type>();
    return ordered_sum<Largest>(
               x.numel(), grain,
               [&](std::int64_t begin, std::int64_t end) { return largest(data, begin, end); })
        .value;
  });
}

void scale(Tensor& x, double factor) {
  map_into(
      x, Write::overwrite, [=](auto x) { return decltype(x)(factor) * x; }, x);
}

void clamp_magnitude(Tensor& x, double limit) {
  map_into(
      x, Write::overwrite,
      [=](auto x) {
        const auto high = decltype(x)(limit);
        return x > high ? high : x < -high ? -high : x;
      },
      x);
}

}  // namespace plumb::kernel
