#include "schedule_free_adamw.hpp"

#include <cmath>

#include "../core/runtime/internal/fail.hpp"
#include "internal/schedule_free.hpp"
#include "internal/update_loop.hpp"
#include "moving_average.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { stepped, second };            // z and v
enum Numbers : std::size_t { weight_sum, second_weight };  // of lr^2, and 1 - beta2^t

void check_together(const ScheduleFreeAdamWOptions& options) {
  if (options.beta1 == 0)
    fail("ScheduleFreeAdamW", "beta1 must be above 0: x follows from y and z");
}

}  // namespace

const Fields<ScheduleFreeAdamWOptions>& ScheduleFreeAdamWOptions::fields() {
  static const Fields<ScheduleFreeAdamWOptions> all = {
      "ScheduleFreeAdamW",
      {{"lr", &ScheduleFreeAdamWOptions::lr, at_least(0)},
       {"beta1", &ScheduleFreeAdamWOptions::beta1, half_open(0, 1)},
       {"beta2", &ScheduleFreeAdamWOptions::beta2, half_open(0, 1)},
       {"eps", &ScheduleFreeAdamWOptions::eps, at_least(0)},
       {"weight_decay", &ScheduleFreeAdamWOptions::weight_decay, at_least(0)}},
      check_together};
  return all;
}

StateNames ScheduleFreeAdamWOptions::state() {
  return {{"z", "second_moment"},
          {{"weight_sum", at_least(0)}, {"second_weight", closed(0, 1), "second_moment"}}};
}

void ScheduleFreeAdamW::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    const double c = share_of_step(o.lr, u.state.numbers[weight_sum] + o.lr * o.lr);
    const double correction2 = total_weight(u.state.numbers[second_weight], o.beta2);
    loop.add(
        u,
        [&](auto x, auto begins) {
          using T = typename decltype(x)::Element;
          T *y = x.value(), *z = x.state(stepped), *v = x.state(second);
          const T* gradient = x.gradient();
          const T beta2 = T(o.beta2), rest2 = T(1 - o.beta2), scale = T(1 / std::sqrt(correction2)),
                  eps = T(o.eps), weight_decay = T(o.weight_decay), lr = T(o.lr), share = T(c),
                  rest = T(1 - c), rate = T(o.lr * (1 - o.beta1 * (1 - c)));
          return [=](std::int64_t i) PLUMB_INLINE {
            const T y_before = y[i], z_before = begins ? y_before : z[i], g = gradient[i];
            const T square = beta2 * v[i] + rest2 * g * g;
            const T d = g / (scale * std::sqrt(square) + eps) + weight_decay * y_before;
            v[i] = square;
            z[i] = z_before - lr * d;
            y[i] = rest * y_before + share * z_before - rate * d;
          };
        },
        Flag{!u.state.tensors[stepped].defined()});
  }
  loop.run();
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    std::vector<double>& numbers = u.state.numbers;
    numbers[weight_sum] += o.lr * o.lr;
    numbers[second_weight] = total_weight(numbers[second_weight], o.beta2);
  }
}

Tensor ScheduleFreeAdamW::weights_to_judge(const Group& group, std::size_t index) const {
  return averaged_weights(group, index, &Options::beta1);
}

}  // namespace plumb::optim
