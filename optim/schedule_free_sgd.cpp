#include "schedule_free_sgd.hpp"

#include "../core/runtime/internal/fail.hpp"
#include "internal/schedule_free.hpp"
#include "internal/update_loop.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { stepped };     // z
enum Numbers : std::size_t { weight_sum };  // of lr^2

void check_together(const ScheduleFreeSGDOptions& options) {
  if (options.momentum == 0)
    fail("ScheduleFreeSGD", "momentum must be above 0: x follows from y and z");
}

}  // namespace

const Fields<ScheduleFreeSGDOptions>& ScheduleFreeSGDOptions::fields() {
  static const Fields<ScheduleFreeSGDOptions> all = {
      "ScheduleFreeSGD",
      {{"lr", &ScheduleFreeSGDOptions::lr, at_least(0)},
       {"momentum", &ScheduleFreeSGDOptions::momentum, half_open(0, 1)},
       {"weight_decay", &ScheduleFreeSGDOptions::weight_decay, at_least(0)}},
      check_together};
  return all;
}

StateNames ScheduleFreeSGDOptions::state() { return {{"z"}, {{"weight_sum", at_least(0)}}}; }

void ScheduleFreeSGD::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    const double c = share_of_step(o.lr, u.state.numbers[weight_sum] + o.lr * o.lr);
    loop.add(
        u,
        [&](auto x, auto begins) {
          using T = typename decltype(x)::Element;
          T *y = x.value(), *z = x.state(stepped);
          const T* gradient = x.gradient();
          const T weight_decay = T(o.weight_decay), lr = T(o.lr), share = T(c), rest = T(1 - c),
                  rate = T(o.lr * (1 - o.momentum * (1 - c)));
          return [=](std::int64_t i) PLUMB_INLINE {
            const T y_before = y[i], z_before = begins ? y_before : z[i];
            const T d = gradient[i] + weight_decay * y_before;
            z[i] = z_before - lr * d;
            y[i] = rest * y_before + share * z_before - rate * d;
          };
        },
        Flag{!u.state.tensors[stepped].defined()});
  }
  loop.run();
  for (Update& u : updates) {
    const double lr = u.options<Options>().lr;
    u.state.numbers[weight_sum] += lr * lr;
  }
}

Tensor ScheduleFreeSGD::weights_to_judge(const Group& group, std::size_t index) const {
  return averaged_weights(group, index, &Options::momentum);
}

}  // namespace plumb::optim
