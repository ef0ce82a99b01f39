#include "radam.hpp"

#include <cmath>

#include "internal/moments.hpp"
#include "internal/update_loop.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { first, second };

// What the step over the root is multiplied by, without lr; 0 where the root is not known well
// enough. `weight` is 1 - beta2^t.
double rectification(double beta2, std::int64_t t, double weight) {
  const double n = 2 / (1 - beta2) - 1;
  const double r = n - 2 * static_cast<double>(t) * (1 - weight) / weight;
  if (!(r > 5)) return 0;
  return std::sqrt((r - 4) * (r - 2) * n / ((n - 4) * (n - 2) * r));
}

}  // namespace

const Fields<RAdamOptions>& RAdamOptions::fields() {
  static const auto all =
      adam_fields<RAdamOptions>("RAdam", {{"maximize", &RAdamOptions::maximize}});
  return all;
}

StateNames RAdamOptions::state() { return moment_state(); }

void RAdam::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    const MomentWeights weights = weights_with_step(u.state.numbers, o);
    const double rectified = rectification(o.beta2, u.t, weights.second);
    const double factor = rectified == 0 ? 1 : rectified * std::sqrt(weights.second);
    loop.add(
        u,
        [&](auto x, auto decays, auto divides) {
          using T = typename decltype(x)::Element;
          T* p = x.value();
          const T* gradient = x.gradient();
          T *m = x.state(first), *v = x.state(second);
          const T sign = o.maximize ? -1 : 1, weight_decay = T(o.weight_decay), beta1 = T(o.beta1),
                  rest1 = T(1 - o.beta1), beta2 = T(o.beta2), rest2 = T(1 - o.beta2),
                  lr = T(o.lr * factor / weights.first), eps = T(o.eps);
          return [=](std::int64_t i) PLUMB_INLINE {
            const T before = p[i];
            T g = sign * gradient[i];
            if (decays) g += weight_decay * before;
            const T average = beta1 * m[i] + rest1 * g, square = beta2 * v[i] + rest2 * g * g;
            T d = average;
            if (divides) d = average / (std::sqrt(square) + eps);
            m[i] = average;
            v[i] = square;
            p[i] = before - lr * d;
          };
        },
        Flag{o.weight_decay != 0}, Flag{rectified != 0});
  }
  loop.run();
  for (Update& u : updates) count_moments(u.state.numbers, u.options<Options>());
}

}  // namespace plumb::optim
