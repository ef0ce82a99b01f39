#include "lion.hpp"

#include <cmath>

#include "internal/update_loop.hpp"
#include "moving_average.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { average };
enum Numbers : std::size_t { weight };  // of the average: 1 - beta2^t, 0 before t = 1

// The average's factor in a step's direction. `gathered` is its weight before the step.
double factor_of(const LionOptions& o, double gathered) {
  if (!o.debias) return o.beta1;
  return gathered == 0 ? 0 : o.beta1 / gathered;
}

}  // namespace

const Fields<LionOptions>& LionOptions::fields() {
  static const Fields<LionOptions> all = {
      "Lion",
      {{"lr", &LionOptions::lr, at_least(0)},
       {"beta1", &LionOptions::beta1, half_open(0, 1)},
       {"beta2", &LionOptions::beta2, half_open(0, 1)},
       {"weight_decay", &LionOptions::weight_decay, at_least(0)},
       {"debias", &LionOptions::debias}}};
  return all;
}

StateNames LionOptions::state() {
  return {{"average"}, {{"total_weight", closed(0, 1), "average"}}};
}

void Lion::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    loop.add_ranges(u, [&](auto x) {
      using T = typename decltype(x)::Element;
      T* p = x.value();
      const T* g = x.gradient();
      T* m = x.state(average);
      const T lr = T(o.lr), shrink = T(1 - o.lr * o.weight_decay),
              ahead = T(factor_of(o, u.state.numbers[weight])), rest1 = T(1 - o.beta1),
              beta2 = T(o.beta2), rest2 = T(1 - o.beta2);
      const auto step = [=](std::int64_t i) PLUMB_INLINE {
        const T before = p[i], gradient = g[i], average = m[i];
        T sign = ahead * average + rest1 * gradient;
        sign = std::islessgreater(sign, T(0)) ? std::copysign(T(1), sign) : sign;  // 0 and NaN stay
        p[i] = shrink * before - lr * sign;
        m[i] = beta2 * average + rest2 * gradient;
      };
      // g and m are read twice, and the second read waits for memory as the first does: asking for them
      // ahead makes up for it. What is asked for lies in the range: its last lines have been by then.
      return [=](std::int64_t begin, std::int64_t end) PLUMB_INLINE {
        constexpr std::int64_t line = 64 / sizeof(T), block = 4 * line, ahead_of_use = 16 * line;
        const auto local = step;
        std::int64_t at = begin;
        for (; at + ahead_of_use + block <= end; at += block) {
          for (std::int64_t i = at + ahead_of_use; i < at + ahead_of_use + block; i += line) {
            __builtin_prefetch(p + i);
            __builtin_prefetch(g + i);
            __builtin_prefetch(m + i);
          }
#pragma omp simd
          for (std::int64_t i = at; i < at + block; ++i) local(i);
        }
#pragma omp simd
        for (std::int64_t i = at; i < end; ++i) local(i);
      };
    });
  }
  loop.run();
  for (Update& u : updates) {
    double& gathered = u.state.numbers[weight];
    gathered = total_weight(gathered, u.options<Options>().beta2);
  }
}

}  // namespace plumb::optim
