#include "ademamix.hpp"

#include <cmath>

#include "internal/moments.hpp"
#include "internal/update_loop.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { fast, slow, second };

double alpha_at(const AdEMAMixOptions& o, std::int64_t t) {
  if (t >= o.alpha_warmup) return o.alpha;
  return o.alpha * static_cast<double>(t) / static_cast<double>(o.alpha_warmup);
}

// A beta of 0 has the logarithm -inf, whose reciprocal is 0: a half-life of 0.
double beta3_at(const AdEMAMixOptions& o, std::int64_t t) {
  if (t >= o.beta3_warmup) return o.beta3;
  const double share = static_cast<double>(t) / static_cast<double>(o.beta3_warmup);
  return std::exp(1 / ((1 - share) / std::log(o.beta1) + share / std::log(o.beta3)));
}

}  // namespace

const Fields<AdEMAMixOptions>& AdEMAMixOptions::fields() {
  static const Fields<AdEMAMixOptions> all = {
      "AdEMAMix",
      {{"lr", &AdEMAMixOptions::lr, at_least(0)},
       {"beta1", &AdEMAMixOptions::beta1, half_open(0, 1)},
       {"beta2", &AdEMAMixOptions::beta2, half_open(0, 1)},
       {"beta3", &AdEMAMixOptions::beta3, half_open(0, 1)},
       {"alpha", &AdEMAMixOptions::alpha, at_least(0)},
       {"eps", &AdEMAMixOptions::eps, at_least(0)},
       {"weight_decay", &AdEMAMixOptions::weight_decay, at_least(0)},
       {"alpha_warmup", &AdEMAMixOptions::alpha_warmup, at_least(0)},
       {"beta3_warmup", &AdEMAMixOptions::beta3_warmup, at_least(0)}}};
  return all;
}

StateNames AdEMAMixOptions::state() {
  return {{"fast_moment", "slow_moment", "second_moment"},
          {{"fast_weight", closed(0, 1), "fast_moment"},
           {"second_weight", closed(0, 1), "second_moment"}}};
}

void AdEMAMix::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    const MomentWeights weights = weights_with_step(u.state.numbers, o);
    const double alpha = alpha_at(o, u.t), slow_beta = beta3_at(o, u.t);
    loop.add(u, [&](auto x) {
      using T = typename decltype(x)::Element;
      T* p = x.value();
      const T* gradient = x.gradient();
      T *m = x.state(fast), *n = x.state(slow), *v = x.state(second);
      const T beta1 = T(o.beta1), rest1 = T(1 - o.beta1), beta2 = T(o.beta2),
              rest2 = T(1 - o.beta2), beta3 = T(slow_beta), rest3 = T(1 - slow_beta),
              of_fast = T(o.lr / weights.first), of_slow = T(o.lr * alpha),
              shrink = T(1 - o.lr * o.weight_decay), scale = T(1 / std::sqrt(weights.second)),
              eps = T(o.eps);
      return [=](std::int64_t i) PLUMB_INLINE {
        const T before = p[i], g = gradient[i];
        const T fast = beta1 * m[i] + rest1 * g, slow = beta3 * n[i] + rest3 * g,
                square = beta2 * v[i] + rest2 * g * g;
        m[i] = fast;
        n[i] = slow;
        v[i] = square;
        p[i] =
            shrink * before - (of_fast * fast + of_slow * slow) / (scale * std::sqrt(square) + eps);
      };
    });
  }
  loop.run();
  for (Update& u : updates) count_moments(u.state.numbers, u.options<Options>());
}

}  // namespace plumb::optim
