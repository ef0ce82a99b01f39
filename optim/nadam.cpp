#include "nadam.hpp"

#include <cmath>

#include "internal/moments.hpp"
#include "internal/update_loop.hpp"
#include "nadamw.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { first, second };
enum Numbers : std::size_t { momentum_weight, second_weight };  // 1 - U and 1 - beta2^t

template <class Options>
Fields<Options> fields_of(const char* owner) {
  return adam_fields<Options>(owner, {{"momentum_decay", &Options::momentum_decay, at_least(0)},
                                      {"maximize", &Options::maximize}});
}

// u(t)
template <class Options>
double momentum_at(const Options& o, std::int64_t t) {
  return o.beta1 * (1 - 0.5 * std::pow(0.96, static_cast<double>(t) * o.momentum_decay));
}

}  // namespace

const Fields<NAdamOptions>& NAdamOptions::fields() {
  static const auto all = fields_of<NAdamOptions>("NAdam");
  return all;
}

const Fields<NAdamWOptions>& NAdamWOptions::fields() {
  static const auto all = fields_of<NAdamWOptions>("NAdamW");
  return all;
}

StateNames NAdamOptions::state() {
  return {{"first_moment", "second_moment"},
          {{"momentum_weight", closed(0, 1), "first_moment"},
           {"second_weight", closed(0, 1), "second_moment"}}};
}

StateNames NAdamWOptions::state() { return NAdamOptions::state(); }

template <class Options>
void BasicNAdam<Options>::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  for (Update& u : updates) {
    const Options& o = u.template options<Options>();
    const double now = momentum_at(o, u.t), next = momentum_at(o, u.t + 1);
    const double weight_now = total_weight(u.state.numbers[momentum_weight], now);
    const double weight_next = total_weight(weight_now, next);
    const double correction2 = total_weight(u.state.numbers[second_weight], o.beta2);
    const double coupled = Options::decouples_decay ? 0 : o.weight_decay;
    const double decoupled = Options::decouples_decay ? o.weight_decay : 0;
    loop.add(
        u,
        [&](auto x, auto decays) {
          using T = typename decltype(x)::Element;
          T* p = x.value();
          const T* gradient = x.gradient();
          T *m = x.state(first), *v = x.state(second);
          const T sign = o.maximize ? -1 : 1, weight_decay = T(coupled),
                  shrink = T(1 - o.lr * decoupled), beta1 = T(o.beta1), rest1 = T(1 - o.beta1),
                  beta2 = T(o.beta2), rest2 = T(1 - o.beta2),
                  of_average = T(o.lr * next / weight_next),
                  of_gradient = T(o.lr * (1 - now) / weight_now),
                  scale = T(1 / std::sqrt(correction2)), eps = T(o.eps);
          return [=](std::int64_t i) PLUMB_INLINE {
            const T before = p[i];
            T g = sign * gradient[i];
            if (decays) g += weight_decay * before;
            const T average = beta1 * m[i] + rest1 * g, square = beta2 * v[i] + rest2 * g * g;
            m[i] = average;
            v[i] = square;
            p[i] = shrink * before -
                   (of_average * average + of_gradient * g) / (scale * std::sqrt(square) + eps);
          };
        },
        Flag{coupled != 0});
  }
  loop.run();
  for (Update& u : updates) {
    const Options& o = u.template options<Options>();
    std::vector<double>& numbers = u.state.numbers;
    numbers[momentum_weight] = total_weight(numbers[momentum_weight], momentum_at(o, u.t));
    numbers[second_weight] = total_weight(numbers[second_weight], o.beta2);
  }
}

template class BasicNAdam<NAdamOptions>;
template class BasicNAdam<NAdamWOptions>;

}  // namespace plumb::optim
