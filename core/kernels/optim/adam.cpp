#include "adam.hpp"

#include <cmath>

#include "update_loop.hpp"

namespace plumb::kernel {
namespace {

template <bool decays, bool keeps_highest>
struct AdamElement {
  template <class Rule>
  PLUMB_INLINE static void at(const Rule& s, std::int64_t i) {
    const auto p = s.parameter[i];
    auto g = s.sign * s.gradient[i];
    if (decays) g += s.weight_decay * p;
    const auto m = s.keep_first * s.first[i] + s.take_first * g;
    auto v = s.keep_second * s.second[i] + s.take_second * g * g;
    s.first[i] = m;
    s.second[i] = v;
    if (keeps_highest) {
      v = s.highest[i] >= v ? s.highest[i] : v;  // a NaN in v stays, there and here
      s.highest[i] = v;
    }
    s.parameter[i] = s.shrink * p - s.rate * m / (s.scale * std::sqrt(v) + s.eps);
  }
};

// An AdamPass in its element type.
template <class T>
struct Adam {
  explicit Adam(AdamPass& pass)
      : parameter(pass.parameter.mutable_data<T>()),
        gradient(pass.gradient.data<T>()),
        first(pass.first->mutable_data<T>()),
        second(pass.second->mutable_data<T>()),
        highest(data_or_null<T>(pass.highest)),
        sign(static_cast<T>(pass.sign)),
        weight_decay(static_cast<T>(pass.weight_decay)),
        keep_first(static_cast<T>(pass.keep_first)),
        take_first(static_cast<T>(pass.take_first)),
        keep_second(static_cast<T>(pass.keep_second)),
        take_second(static_cast<T>(pass.take_second)),
        shrink(static_cast<T>(pass.shrink)),
        rate(static_cast<T>(pass.rate)),
        scale(static_cast<T>(pass.scale)),
        eps(static_cast<T>(pass.eps)),
        loop(with_flags([](auto decays, auto highest)
                            -> Loop { return update_loop<AdamElement<decays, highest>, Adam>; },
                        pass.weight_decay != 0, pass.highest != nullptr)) {}

  using Loop = void (*)(const Adam&, std::int64_t begin, std::int64_t end);
  T* parameter;
  const T* gradient;
  T *first, *second, *highest;
  T sign, weight_decay, keep_first, take_first, keep_second, take_second, shrink, rate, scale, eps;
  Loop loop;
};

}  // namespace

void adam(std::vector<AdamPass>& passes) { update<Adam>(passes); }

}  // namespace plumb::kernel
