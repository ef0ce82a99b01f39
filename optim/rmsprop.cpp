#include "rmsprop.hpp"

#include <cmath>

#include "internal/update_loop.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { squares, mean, average };

}  // namespace

const Fields<RMSpropOptions>& RMSpropOptions::fields() {
  static const Fields<RMSpropOptions> all = {
      "RMSprop",
      {{"lr", &RMSpropOptions::lr, at_least(0)},
       {"alpha", &RMSpropOptions::alpha, half_open(0, 1)},
       {"eps", &RMSpropOptions::eps, at_least(0)},
       {"momentum", &RMSpropOptions::momentum, half_open(0, 1)},
       {"centered", &RMSpropOptions::centered},
       {"weight_decay", &RMSpropOptions::weight_decay, at_least(0)},
       {"maximize", &RMSpropOptions::maximize}}};
  return all;
}

StateNames RMSpropOptions::state() { return {{"squares", "mean", "average"}, {}}; }

void RMSprop::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    loop.add(
        u,
        [&](auto x, auto decays, auto centered, auto averages) {
          using T = typename decltype(x)::Element;
          T* p = x.value();
          const T* gradient = x.gradient();
          T* v = x.state(squares);
          T* m = centered ? x.state(mean) : nullptr;
          T* a = averages ? x.state(average) : nullptr;
          const T sign = o.maximize ? -1 : 1, weight_decay = T(o.weight_decay), alpha = T(o.alpha),
                  rest = T(1 - o.alpha), momentum = T(o.momentum), eps = T(o.eps), lr = T(o.lr);
          return [=](std::int64_t i) PLUMB_INLINE {
            const T before = p[i];
            T g = sign * gradient[i];
            if (decays) g += weight_decay * before;
            const T square = alpha * v[i] + rest * g * g;
            const T mean = centered ? alpha * m[i] + rest * g : 0;
            T variance = square;
            if (centered) {
              variance -= mean * mean;
              variance = variance < 0 ? 0 : variance;
            }
            T d = g / (std::sqrt(variance) + eps);
            if (averages) d = momentum * a[i] + d;
            v[i] = square;
            if (centered) m[i] = mean;
            if (averages) a[i] = d;
            p[i] = before - lr * d;
          };
        },
        Flag{o.weight_decay != 0}, Flag{o.centered}, Flag{o.momentum != 0});
  }
  loop.run();
}

}  // namespace plumb::optim
