#include "adagrad.hpp"

#include <cmath>

#include "internal/update_loop.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { sum };

}  // namespace

const Fields<AdagradOptions>& AdagradOptions::fields() {
  static const Fields<AdagradOptions> all = {
      "Adagrad",
      {{"lr", &AdagradOptions::lr, at_least(0)},
       {"lr_decay", &AdagradOptions::lr_decay, at_least(0)},
       {"eps", &AdagradOptions::eps, at_least(0)},
       {"initial_sum", &AdagradOptions::initial_sum, at_least(0)},
       {"weight_decay", &AdagradOptions::weight_decay, at_least(0)},
       {"maximize", &AdagradOptions::maximize}}};
  return all;
}

StateNames AdagradOptions::state() { return {{"sum"}, {}}; }

void Adagrad::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    loop.add(
        u,
        [&](auto x, auto decays) {
          using T = typename decltype(x)::Element;
          T* p = x.value();
          const T* gradient = x.gradient();
          T* s = x.state(sum, o.initial_sum);
          const T sign = o.maximize ? -1 : 1, weight_decay = T(o.weight_decay), eps = T(o.eps),
                  lr = T(o.lr / (1 + static_cast<double>(u.t - 1) * o.lr_decay));
          // Times this, s is what a fused multiply-add takes: g^2 is rounded before it is added, on
          // every instruction set. The loop does not know that it is 1.
          const T one = 1;
          return [=](std::int64_t i) PLUMB_INLINE {
            const T before = p[i];
            T g = sign * gradient[i];
            if (decays) g += weight_decay * before;
            const T sum = one * s[i] + g * g;
            s[i] = sum;
            p[i] = before - lr * (g / (std::sqrt(sum) + eps));
          };
        },
        Flag{o.weight_decay != 0});
  }
  loop.run();
}

}  // namespace plumb::optim
