#include "prodigy.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../core/runtime/internal/fail.hpp"
#include "internal/element_sums.hpp"
#include "internal/update_loop.hpp"

namespace plumb::optim {
namespace {

using Update = UpdateLoop::Update;

enum Tensors : std::size_t { first, second, gathered, start };  // m, v, s, p0
// Of the whole optimizer: each parameter keeps those of the last step that it took part in, and
// `round` says which that was.
enum Numbers : std::size_t { distance_found, numerator, round };

void check_together(const ProdigyOptions& o) {
  if (o.d0 == 0) fail("Prodigy", "d0 must be above 0");
  if (o.beta2 == 0) fail("Prodigy", "beta2 must be above 0: the distance is averaged by its root");
}

// d, r and the number of steps.
struct Estimate {
  double d, r, rounds;
};

// That of the parameter that was there last.
Estimate last_estimate(const std::vector<Update>& updates, double d0) {
  Estimate last = {d0, 0, 0};
  for (const Update& u : updates) {
    const std::vector<double>& numbers = u.state.numbers;
    if (numbers[round] > last.rounds)
      last = {numbers[distance_found], numbers[numerator], numbers[round]};
  }
  return last;
}

// d lr, corrected where that is wanted.
double rate_of(const ProdigyOptions& o, double d, std::int64_t t) {
  if (!o.bias_correction) return d * o.lr;
  const auto steps = static_cast<double>(t);
  return d * o.lr * std::sqrt(1 - std::pow(o.beta2, steps)) / (1 - std::pow(o.beta1, steps));
}

// What a gradient is multiplied by in s.
double weight_in_sum(const ProdigyOptions& o, double d0, double d, std::int64_t t) {
  return d / d0 * (o.safeguard_warmup ? d : rate_of(o, d, t));
}

// The sum of g (p0 - p); 0 where the parameter begins.
double progress(const Update& u) {
  if (!u.state.tensors[start].defined()) return 0;
  return dispatch_floating("Prodigy", u.value.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *p = u.value.data<T>(), *g = u.gradient.data<T>(),
            *p0 = u.state.tensors[start].data<T>();
    return sum_of(u.value.numel(), [=](std::int64_t i) PLUMB_INLINE {
      return static_cast<double>(g[i]) * (static_cast<double>(p0[i]) - static_cast<double>(p[i]));
    });
  });
}

// The sum of |s| after the step.
double size_of_sum(const Update& u, const Tensor& sum, double keep, double take) {
  return dispatch_floating("Prodigy", u.value.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *g = u.gradient.data<T>(), *s = sum.data<T>();
    const T kept = T(keep), taken = T(take);
    return sum_of(u.value.numel(), [=](std::int64_t i) PLUMB_INLINE {
      return static_cast<double>(std::abs(kept * s[i] + taken * g[i]));
    });
  });
}

}  // namespace

const Fields<ProdigyOptions>& ProdigyOptions::fields() {
  static const Fields<ProdigyOptions> all = {
      "Prodigy",
      {{"lr", &ProdigyOptions::lr, at_least(0)},
       {"beta1", &ProdigyOptions::beta1, half_open(0, 1)},
       {"beta2", &ProdigyOptions::beta2, half_open(0, 1)},
       {"eps", &ProdigyOptions::eps, at_least(0)},
       {"weight_decay", &ProdigyOptions::weight_decay, at_least(0)},
       {"d0", &ProdigyOptions::d0, at_least(0)},
       {"d_coef", &ProdigyOptions::d_coef, at_least(0)},
       {"bias_correction", &ProdigyOptions::bias_correction},
       {"safeguard_warmup", &ProdigyOptions::safeguard_warmup}},
      check_together};
  return all;
}

StateNames ProdigyOptions::state() {
  const double infinity = std::numeric_limits<double>::infinity();
  return {
      {"first_moment", "second_moment", "gathered", "start"},
      {{"distance", at_least(0)}, {"numerator", {-infinity, infinity}}, {"round", at_least(0)}}};
}

double Prodigy::distance() const {
  Estimate last = {options(0).d0, 0, 0};
  for (const Group& group : groups())
    for (const ParameterState& state : group.states)
      if (state.numbers[round] > last.rounds)
        last = {state.numbers[distance_found], 0, state.numbers[round]};
  return last.d;
}

void Prodigy::update(std::vector<Update>& updates) {
  if (updates.empty()) return;
  UpdateLoop loop(*this, updates.size());
  const Options& common = updates.front().options<Options>();
  Estimate e = last_estimate(updates, common.d0);
  const double d = e.d;
  double above = 0, below = 0;
  std::vector<Tensor*> sums;
  sums.reserve(updates.size());
  for (const Update& u : updates) {
    const Options& o = u.options<Options>();
    sums.push_back(&loop.state(u, gathered));
    above += d / common.d0 * rate_of(o, d, u.t) * progress(u);
    below += size_of_sum(u, *sums.back(), std::sqrt(o.beta2), weight_in_sum(o, common.d0, d, u.t));
  }
  e.r = std::sqrt(common.beta2) * e.r + above;
  if (below > 0) e.d = std::max(d, common.d_coef * e.r / below);  // NaN is no estimate
  ++e.rounds;
  for (std::size_t k = 0; k < updates.size(); ++k) {
    Update& u = updates[k];
    const Options& o = u.options<Options>();
    loop.add(
        u,
        [&](auto x, auto begins) {
          using T = typename decltype(x)::Element;
          T *p = x.value(), *m = x.state(first), *v = x.state(second),
            *s = sums[k]->mutable_data<T>(), *p0 = x.state(start);
          const T* gradient = x.gradient();
          const double rate = rate_of(o, d, u.t);
          const T beta1 = T(o.beta1), take1 = T(d * (1 - o.beta1)), beta2 = T(o.beta2),
                  take2 = T(d * d * (1 - o.beta2)), keep = T(std::sqrt(o.beta2)),
                  take = T(weight_in_sum(o, common.d0, d, u.t)), eps = T(e.d * o.eps),
                  shrink = T(1 - rate * o.weight_decay), lr = T(rate);
          return [=](std::int64_t i) PLUMB_INLINE {
            const T before = p[i], g = gradient[i], sum = keep * s[i] + take * g;
            const T average = beta1 * m[i] + take1 * g, square = beta2 * v[i] + take2 * g * g;
            if (begins) p0[i] = before;
            m[i] = average;
            v[i] = square;
            s[i] = sum;
            p[i] = shrink * before - lr * average / (std::sqrt(square) + eps);
          };
        },
        Flag{!u.state.tensors[start].defined()});
  }
  loop.run();
  for (Update& u : updates) {
    std::vector<double>& numbers = u.state.numbers;
    numbers[distance_found] = e.d;
    numbers[numerator] = e.r;
    numbers[round] = e.rounds;
  }
}

}  // namespace plumb::optim
