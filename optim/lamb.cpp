#include "lamb.hpp"

#include <cmath>

#include "internal/element_sums.hpp"
#include "internal/moments.hpp"
#include "internal/update_loop.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { first, second };

// What becomes of one element.
template <class T>
struct Next {
  T average, square, direction;
};

double trust_ratio(double squares_of_value, double squares_of_step) {
  const bool both = squares_of_value > 0 && squares_of_step > 0;
  return both ? std::sqrt(squares_of_value / squares_of_step) : 1;
}

}  // namespace

const Fields<LAMBOptions>& LAMBOptions::fields() {
  static const auto all = adam_fields<LAMBOptions>("LAMB", {{"adapt", &LAMBOptions::adapt}});
  return all;
}

StateNames LAMBOptions::state() { return moment_state(); }

// The norms need the whole step before its first element changes: it is computed twice, which costs
// less than a tensor to keep it in.
void LAMB::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    const MomentWeights weights = weights_with_step(u.state.numbers, o);
    loop.add(u, [&](auto x) {
      using T = typename decltype(x)::Element;
      T* p = x.value();
      const T* gradient = x.gradient();
      T *m = x.state(first), *v = x.state(second);
      const T beta1 = T(o.beta1), rest1 = T(1 - o.beta1), beta2 = T(o.beta2),
              rest2 = T(1 - o.beta2), of_average = T(1 / weights.first),
              scale = T(1 / std::sqrt(weights.second)), eps = T(o.eps),
              weight_decay = T(o.weight_decay);
      const auto next = [=](std::int64_t i) PLUMB_INLINE {
        const T before = p[i], g = gradient[i];
        const T average = beta1 * m[i] + rest1 * g, square = beta2 * v[i] + rest2 * g * g;
        const T step = of_average * average / (scale * std::sqrt(square) + eps);
        return Next<T>{average, square, step + weight_decay * before};
      };
      double ratio = 1;
      if (o.adapt) {
        const double squares = sum_of(u.value.numel(), [next](std::int64_t i) PLUMB_INLINE {
          const auto d = static_cast<double>(next(i).direction);
          return d * d;
        });
        ratio = trust_ratio(sum_of_squares<T>(u.value.numel(), p), squares);
      }
      const T rate = T(o.lr * ratio);
      return [=](std::int64_t i) PLUMB_INLINE {
        const T before = p[i];
        const Next<T> now = next(i);
        m[i] = now.average;
        v[i] = now.square;
        p[i] = before - rate * now.direction;
      };
    });
  }
  loop.run();
  for (Update& u : updates) count_moments(u.state.numbers, u.options<Options>());
}

}  // namespace plumb::optim
