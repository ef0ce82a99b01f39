#include "radam.hpp"

#include <cmath>

#include "internal/update_loop.hpp"
#include "moving_average.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { first, second };
enum Numbers : std::size_t { first_weight, second_weight };  // 1 - beta^t, 0 before t = 1

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
  static const Fields<RAdamOptions> all = {
      "RAdam",
      {{"lr", &RAdamOptions::lr, at_least(0)},
       {"beta1", &RAdamOptions::beta1, half_open(0, 1)},
       {"beta2", &RAdamOptions::beta2, half_open(0, 1)},
       {"eps", &RAdamOptions::eps, at_least(0)},
       {"weight_decay", &RAdamOptions::weight_decay, at_least(0)},
       {"maximize", &RAdamOptions::maximize}}};
  return all;
}

StateNames RAdamOptions::state() {
  return {{"first_moment", "second_moment"},
          {{"first_weight", closed(0, 1), "first_moment"},
           {"second_weight", closed(0, 1), "second_moment"}}};
}

void RAdam::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    const double correction1 = total_weight(u.state.numbers[first_weight], o.beta1);
    const double correction2 = total_weight(u.state.numbers[second_weight], o.beta2);
    const double rectified = rectification(o.beta2, u.t, correction2);
    const double factor = rectified == 0 ? 1 : rectified * std::sqrt(correction2);
    loop.add(
        u,
        [&](auto x, auto decays, auto divides) {
          using T = typename decltype(x)::Element;
          T* p = x.value();
          const T* gradient = x.gradient();
          T *m = x.state(first), *v = x.state(second);
          const T sign = o.maximize ? -1 : 1, weight_decay = T(o.weight_decay), beta1 = T(o.beta1),
                  rest1 = T(1 - o.beta1), beta2 = T(o.beta2), rest2 = T(1 - o.beta2),
                  lr = T(o.lr * factor / correction1), eps = T(o.eps);
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
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    std::vector<double>& numbers = u.state.numbers;
    numbers[first_weight] = total_weight(numbers[first_weight], o.beta1);
    numbers[second_weight] = total_weight(numbers[second_weight], o.beta2);
  }
}

}  // namespace plumb::optim
