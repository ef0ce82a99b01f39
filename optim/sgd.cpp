#include "sgd.hpp"

#include <algorithm>
#include <atomic>
#include <forward_list>

#include "../core/kernels/release.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "internal/update_loop.hpp"
#include "moving_average.hpp"

namespace plumb::optim {
namespace {

using Update = UpdateLoop::Update;

enum Tensors : std::size_t { average, residual, age };
enum Numbers : std::size_t { weight, offered, released };  // weight: 1 - P, 0 without an average

void check_together(const SGDOptions& options) {
  if (!options.nesterov) return;
  if (options.momentum == 0) fail("SGD", "nesterov needs momentum above 0, got 0");
  if (!options.debias && options.dampening != 0)
    fail("SGD", "nesterov without debias needs dampening 0, got ", options.dampening);
}

enum class Direction { gradient, average, blend };
using Directions = OneOf<Direction, Direction::gradient, Direction::average, Direction::blend>;

Direction direction_of(const SGDOptions& o) {
  if (o.momentum == 0) return Direction::gradient;
  return o.nesterov ? Direction::blend : Direction::average;
}

// a = keep a + take g;  d = g, a, or from_average a + from_gradient g;  p = p - rate d
struct Factors {
  double rate, keep = 0, take = 1, from_average = 1, from_gradient = 0;
};

// The factors of one step. `gathered` is 1 - P before it.
Factors factors_of(const SGDOptions& o, double gathered) {
  Factors f{o.lr};
  if (o.momentum == 0) return f;
  const bool first = gathered == 0;
  f.keep = o.momentum;
  f.take = first && !o.debias ? 1 : 1 - o.dampening;
  if (o.nesterov) {
    f.from_average = o.momentum;
    f.from_gradient = 1 - o.dampening;
  }
  if (o.debias) {
    gathered = total_weight(gathered, o.momentum);
    if (o.nesterov) gathered = total_weight(gathered, o.momentum);
    f.rate = o.lr / gathered;
  }
  return f;
}

// What a step does to element i. g is its gradient, or what is released there.
template <class Elements, class D, class Decays>
auto step_of(Elements x, const SGDOptions& o, const Factors& f, D direction, Decays decays) {
  using T = typename Elements::Element;
  T* p = x.value();
  T* a = direction == Direction::gradient ? nullptr : x.state(average);
  const T weight_decay = T(o.weight_decay), keep = T(f.keep), take = T(f.take),
          from_average = T(f.from_average), from_gradient = T(f.from_gradient), rate = T(f.rate);
  return [=](std::int64_t i, T g) PLUMB_INLINE {
    const T before = p[i];
    if (decays) g += weight_decay * before;
    T d = g;
    if (direction != Direction::gradient) d = a[i] = keep * a[i] + take * g;
    if (direction == Direction::blend) d = from_average * d + from_gradient * g;
    p[i] = before - rate * d;
  };
}

// A step by the gradients as they are, but for their sign.
void add_step(UpdateLoop& loop, Update& u, const SGDOptions& o, double sign) {
  const Factors f = factors_of(o, u.state.numbers[weight]);
  loop.add(
      u,
      [&](auto x, auto direction, auto decays) {
        using T = typename decltype(x)::Element;
        const T* gradient = x.gradient();
        const auto factor = T(sign);
        const auto step = step_of(x, o, f, direction, decays);
        return [=](std::int64_t i) PLUMB_INLINE { step(i, factor * gradient[i]); };
      },
      Directions{direction_of(o)}, Flag{o.weight_decay != 0});
}

// The stage of accumulate_below: what it reads and writes of one parameter.
template <class T>
struct Gate {
  const T* gradient;
  T* residual;
  std::uint8_t* age;
  std::atomic<std::int64_t>* released;
  T sign, threshold;
  int max_wait;
};

constexpr std::int64_t block = 1024;

// Steps elements [begin, end), at most a block, by what is released of them. Returns how many
// release. Ages are widened before the loop and narrowed after it: inside, that takes three times as
// long.
template <class T, class Step, class Ages>
PLUMB_INLINE inline int step_block(const Gate<T>& gate, const Step& step, Ages ages,
                                   std::int64_t begin, std::int64_t end) {
  int waited[block];
  const int n = static_cast<int>(end - begin);
  if (ages) {
#pragma omp simd
    for (int k = 0; k < n; ++k) waited[k] = gate.age[begin + k] + 1;
  }
  int count = 0;
#pragma omp simd reduction(+ : count)
  for (int k = 0; k < n; ++k) {
    const std::int64_t i = begin + k;
    T g = gate.sign * gate.gradient[i];
    const bool due = ages && waited[k] >= gate.max_wait;
    const bool releases = kernel::release(gate.residual[i], g, gate.threshold, due);
    if (ages) waited[k] = releases ? 0 : waited[k];
    step(i, g);
    count += releases;
  }
  if (ages) {
#pragma omp simd
    for (int k = 0; k < n; ++k) gate.age[begin + k] = static_cast<std::uint8_t>(waited[k]);
  }
  return count;
}

// A step by what accumulate_below releases. Counts those elements in `released`.
void add_gated_step(UpdateLoop& loop, Update& u, const SGDOptions& o,
                    std::atomic<std::int64_t>& released) {
  const Factors f = factors_of(o, u.state.numbers[weight]);
  std::uint8_t* waits = o.max_wait > 0 ? loop.state(u, age).mutable_data<std::uint8_t>() : nullptr;
  loop.add_ranges(
      u,
      [&](auto x, auto direction, auto decays, auto ages) {
        using T = typename decltype(x)::Element;
        const Gate<T> gate = {x.gradient(),
                              x.state(residual),
                              waits,
                              &released,
                              T(o.maximize ? -1 : 1),
                              T(o.accumulate_below),
                              static_cast<int>(o.max_wait)};
        const auto step = step_of(x, o, f, direction, decays);
        return [=](std::int64_t begin, std::int64_t end) PLUMB_INLINE {
          const auto local_gate = gate;  // in registers, as in UpdateLoop::add
          const auto local_step = step;
          std::int64_t count = 0;
          for (std::int64_t at = begin; at < end; at += block)
            count += step_block(local_gate, local_step, ages, at, std::min(at + block, end));
          local_gate.released->fetch_add(count, std::memory_order_relaxed);
        };
      },
      Directions{direction_of(o)}, Flag{o.weight_decay != 0}, Flag{o.max_wait > 0});
}

// Adds to the average's weight, and forgets what no later step needs: residuals that were released
// everywhere, and ages without a limit.
void after_step(ParameterState& state, const SGDOptions& o, bool gated) {
  if (o.momentum != 0) state.numbers[weight] = total_weight(state.numbers[weight], o.momentum);
  if (!gated || o.accumulate_below == 0) state.tensors[residual] = Tensor();
  if (!gated || o.max_wait == 0) state.tensors[age] = Tensor();
}

}  // namespace

const Fields<SGDOptions>& SGDOptions::fields() {
  static const Fields<SGDOptions> all = {
      "SGD",
      {{"lr", &SGDOptions::lr, at_least(0)},
       {"momentum", &SGDOptions::momentum, half_open(0, 1)},
       {"dampening", &SGDOptions::dampening, closed(0, 1)},
       {"debias", &SGDOptions::debias},
       {"nesterov", &SGDOptions::nesterov},
       {"weight_decay", &SGDOptions::weight_decay, at_least(0)},
       {"maximize", &SGDOptions::maximize},
       {"accumulate_below", &SGDOptions::accumulate_below, at_least(0)},
       {"max_wait", &SGDOptions::max_wait, closed(0, 255)}},
      check_together};
  return all;
}

SGD::Options SGD::plain(double lr) {
  Options options;
  options.lr = lr;
  return options;
}

SGD::Options SGD::heavy_ball(double lr, double momentum) {
  Options options = plain(lr);
  options.momentum = momentum;
  return options;
}

SGD::Options SGD::debiased(double lr, double momentum) {
  Options options = heavy_ball(lr, momentum);
  options.dampening = momentum;
  options.debias = true;
  return options;
}

StateNames SGDOptions::state() {
  return {{"average", "residual", {"age", DType::uint8}},
          {{"total_weight", closed(0, 1), "average"},
           {"offered", at_least(0)},
           {"released", at_least(0)}}};
}

void SGD::flush() {
  std::vector<Update> updates = updates_by(
      [](const Parameter&, const ParameterState& state) { return state.tensors[residual]; });
  update(updates, Release::everything);
  count_step(updates);
}

ReleaseCount SGD::release_count(int group) const {
  ReleaseCount count;
  for (const ParameterState& state : at(group).states) {
    count.offered += static_cast<std::int64_t>(state.numbers[offered]);
    count.released += static_cast<std::int64_t>(state.numbers[released]);
  }
  return count;
}

ReleaseCount SGD::release_count() const {
  ReleaseCount all;
  for (int k = 0; k < static_cast<int>(groups().size()); ++k) {
    const ReleaseCount count = release_count(k);
    all.offered += count.offered;
    all.released += count.released;
  }
  return all;
}

void SGD::update(std::vector<Update>& updates) { update(updates, Release::as_set); }

void SGD::update(std::vector<Update>& updates, Release release) {
  struct Gated {
    explicit Gated(Update& update) : update(update) {}
    Update& update;
    std::atomic<std::int64_t> count{0};
  };
  std::forward_list<Gated> gated;  // nothing is allocated where there are none
  UpdateLoop loop(*this, updates.size());
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    if (release == Release::everything)
      add_step(loop, u, o, 1);  // what was kept has its sign already
    else if (o.accumulate_below > 0 || u.state.tensors[residual].defined())
      add_gated_step(loop, u, o, gated.emplace_front(u).count);
    else
      add_step(loop, u, o, o.maximize ? -1 : 1);
  }
  loop.run();
  for (const Gated& each : gated) {
    std::vector<double>& numbers = each.update.state.numbers;
    numbers[offered] += static_cast<double>(each.update.value.numel());
    numbers[released] += static_cast<double>(each.count);
  }
  for (Update& u : updates)
    after_step(u.state, u.options<Options>(),
               release == Release::as_set && u.state.tensors[residual].defined());
}

}  // namespace plumb::optim
