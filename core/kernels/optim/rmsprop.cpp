#include "rmsprop.hpp"

#include <cmath>

#include "update_loop.hpp"

namespace plumb::kernel {
namespace {

template <bool decays, bool centered, bool averages>
struct RmspropElement {
  template <class Rule>
  PLUMB_INLINE static void at(const Rule& s, std::int64_t i) {
    auto g = s.sign * s.gradient[i];
    if (decays) g += s.weight_decay * s.parameter[i];
    auto v = s.keep * s.squares[i] + s.take * g * g;
    s.squares[i] = v;
    if (centered) {
      const auto m = s.keep * s.mean[i] + s.take * g;
      s.mean[i] = m;
      v -= m * m;
      v = v < 0 ? 0 : v;
    }
    auto d = g / (std::sqrt(v) + s.eps);
    if (averages) {
      d += s.momentum * s.average[i];
      s.average[i] = d;
    }
    s.parameter[i] -= s.rate * d;
  }
};

// An RmspropPass in its element type.
template <class T>
struct Rmsprop {
  explicit Rmsprop(RmspropPass& pass)
      : parameter(pass.parameter.mutable_data<T>()),
        gradient(pass.gradient.data<T>()),
        squares(pass.squares->mutable_data<T>()),
        mean(data_or_null<T>(pass.mean)),
        average(data_or_null<T>(pass.average)),
        sign(static_cast<T>(pass.sign)),
        weight_decay(static_cast<T>(pass.weight_decay)),
        keep(static_cast<T>(pass.keep)),
        take(static_cast<T>(pass.take)),
        momentum(static_cast<T>(pass.momentum)),
        rate(static_cast<T>(pass.rate)),
        eps(static_cast<T>(pass.eps)),
        loop(with_flags(
            [](auto decays, auto centered, auto averages) -> Loop {
              return update_loop<RmspropElement<decays, centered, averages>, Rmsprop>;
            },
            pass.weight_decay != 0, pass.mean != nullptr, pass.average != nullptr)) {}

  using Loop = void (*)(const Rmsprop&, std::int64_t begin, std::int64_t end);
  T* parameter;
  const T* gradient;
  T *squares, *mean, *average;
  T sign, weight_decay, keep, take, momentum, rate, eps;
  Loop loop;
};

}  // namespace

void rmsprop(std::vector<RmspropPass>& passes) { update<Rmsprop>(passes); }

}  // namespace plumb::kernel
