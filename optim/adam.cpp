#include "adam.hpp"

#include <cmath>

#include "adamw.hpp"
#include "internal/moments.hpp"
#include "internal/update_loop.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { first, second, highest };

template <class Options>
Fields<Options> fields_of(const char* owner) {
  return adam_fields<Options>(owner,
                              {{"amsgrad", &Options::amsgrad}, {"maximize", &Options::maximize}});
}

}  // namespace

const Fields<AdamOptions>& AdamOptions::fields() {
  static const auto all = fields_of<AdamOptions>("Adam");
  return all;
}

const Fields<AdamWOptions>& AdamWOptions::fields() {
  static const auto all = fields_of<AdamWOptions>("AdamW");
  return all;
}

StateNames AdamOptions::state() { return moment_state({"highest_second_moment"}); }

StateNames AdamWOptions::state() { return AdamOptions::state(); }

template <class Options>
void BasicAdam<Options>::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  for (Update& u : updates) {
    const Options& o = u.template options<Options>();
    const MomentWeights weights = weights_with_step(u.state.numbers, o);
    const double coupled = Options::decouples_decay ? 0 : o.weight_decay;
    const double decoupled = Options::decouples_decay ? o.weight_decay : 0;
    loop.add(
        u,
        [&](auto x, auto decays, auto amsgrad) {
          using T = typename decltype(x)::Element;
          T* p = x.value();
          const T* gradient = x.gradient();
          T *m = x.state(first), *v = x.state(second), *h = amsgrad ? x.state(highest) : nullptr;
          const T sign = o.maximize ? -1 : 1, weight_decay = T(coupled),
                  shrink = T(1 - o.lr * decoupled), beta1 = T(o.beta1), rest1 = T(1 - o.beta1),
                  beta2 = T(o.beta2), rest2 = T(1 - o.beta2), lr = T(o.lr / weights.first),
                  scale = T(1 / std::sqrt(weights.second)), eps = T(o.eps);
          return [=](std::int64_t i) PLUMB_INLINE {
            const T before = p[i];
            T g = sign * gradient[i];
            if (decays) g += weight_decay * before;
            const T average = beta1 * m[i] + rest1 * g, square = beta2 * v[i] + rest2 * g * g;
            T divisor = square;
            if (amsgrad) divisor = h[i] >= square ? h[i] : square;  // NaN stays in both
            m[i] = average;
            v[i] = square;
            if (amsgrad) h[i] = divisor;
            p[i] = shrink * before - lr * average / (scale * std::sqrt(divisor) + eps);
          };
        },
        Flag{coupled != 0}, Flag{o.amsgrad});
  }
  loop.run();
  for (Update& u : updates) count_moments(u.state.numbers, u.template options<Options>());
}

template class BasicAdam<AdamOptions>;
template class BasicAdam<AdamWOptions>;

}  // namespace plumb::optim
