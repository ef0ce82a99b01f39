#include "lars.hpp"

#include <cmath>

#include "internal/element_sums.hpp"
#include "internal/update_loop.hpp"
#include "moving_average.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { average };
enum Numbers : std::size_t { weight };  // 1 - momentum^t, 0 without an average

double trust_ratio(const LARSOptions& o, const Tensor& value, const Tensor& gradient) {
  if (!o.adapt) return 1;
  const double of_value = std::sqrt(sum_of_squares(value));
  const double of_gradient = std::sqrt(sum_of_squares(gradient));
  if (of_value == 0 || of_gradient == 0) return 1;
  return o.trust_coefficient * of_value / (of_gradient + o.weight_decay * of_value);
}

}  // namespace

const Fields<LARSOptions>& LARSOptions::fields() {
  static const Fields<LARSOptions> all = {
      "LARS",
      {{"lr", &LARSOptions::lr, at_least(0)},
       {"momentum", &LARSOptions::momentum, half_open(0, 1)},
       {"trust_coefficient", &LARSOptions::trust_coefficient, at_least(0)},
       {"weight_decay", &LARSOptions::weight_decay, at_least(0)},
       {"debias", &LARSOptions::debias},
       {"adapt", &LARSOptions::adapt}}};
  return all;
}

StateNames LARSOptions::state() {
  return {{"average"}, {{"total_weight", closed(0, 1), "average"}}};
}

void LARS::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    const bool averages = o.momentum != 0, debiases = averages && o.debias;
    const double correction = debiases ? total_weight(u.state.numbers[weight], o.momentum) : 1;
    const double ratio = trust_ratio(o, u.value, u.gradient) * (debiases ? 1 - o.momentum : 1);
    loop.add(
        u,
        [&](auto x, auto averages) {
          using T = typename decltype(x)::Element;
          T* p = x.value();
          const T* gradient = x.gradient();
          T* a = averages ? x.state(average) : nullptr;
          const T take = T(ratio), weight_decay = T(o.weight_decay), keep = T(o.momentum),
                  rate = T(o.lr / correction);
          return [=](std::int64_t i) PLUMB_INLINE {
            const T before = p[i];
            T d = take * (gradient[i] + weight_decay * before);
            if (averages) d = a[i] = keep * a[i] + d;
            p[i] = before - rate * d;
          };
        },
        Flag{averages});
  }
  loop.run();
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    double& gathered = u.state.numbers[weight];
    if (o.momentum != 0) gathered = total_weight(gathered, o.momentum);
  }
}

}  // namespace plumb::optim
