#include "adam.hpp"

#include <cmath>

#include "adamw.hpp"
#include "internal/update_loop.hpp"
#include "moving_average.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { first, second, highest };
enum Numbers : std::size_t { first_weight, second_weight };  // 1 - beta^t, 0 before t = 1

template <class Options>
Fields<Options> fields_of(const char* owner) {
  return {owner,
          {{"lr", &Options::lr, at_least(0)},
           {"beta1", &Options::beta1, half_open(0, 1)},
           {"beta2", &Options::beta2, half_open(0, 1)},
           {"eps", &Options::eps, at_least(0)},
           {"weight_decay", &Options::weight_decay, at_least(0)},
           {"amsgrad", &Options::amsgrad},
           {"maximize", &Options::maximize}}};
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

StateNames AdamOptions::state() {
  return {{"first_moment", "second_moment", "highest_second_moment"},
          {{"first_weight", closed(0, 1), "first_moment"},
           {"second_weight", closed(0, 1), "second_moment"}}};
}

StateNames AdamWOptions::state() { return AdamOptions::state(); }

template <class Options>
void BasicAdam<Options>::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  for (Update& u : updates) {
    const Options& o = u.template options<Options>();
    const double correction1 = total_weight(u.state.numbers[first_weight], o.beta1);
    const double correction2 = total_weight(u.state.numbers[second_weight], o.beta2);
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
                  beta2 = T(o.beta2), rest2 = T(1 - o.beta2), lr = T(o.lr / correction1),
                  scale = T(1 / std::sqrt(correction2)), eps = T(o.eps);
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
  for (Update& u : updates) {
    const Options& o = u.template options<Options>();
    std::vector<double>& numbers = u.state.numbers;
    numbers[first_weight] = total_weight(numbers[first_weight], o.beta1);
    numbers[second_weight] = total_weight(numbers[second_weight], o.beta2);
  }
}

template class BasicAdam<AdamOptions>;
template class BasicAdam<AdamWOptions>;

}  // namespace plumb::optim
