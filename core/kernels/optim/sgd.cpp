#include "sgd.hpp"

#include <cmath>

#include "update_loop.hpp"

namespace plumb::kernel {
namespace {

constexpr std::int64_t residual_block = 1024;

enum class Direction { gradient, average, blend };

template <Direction direction, bool decays>
struct SgdElement {
  template <class Rule>
  PLUMB_INLINE static void at(const Rule& s, std::int64_t i) {
    step(s, i, s.sign * s.gradient[i]);
  }
  template <class Rule, class T>
  PLUMB_INLINE static void step(const Rule& s, std::int64_t i, T g) {
    if (decays) g += s.weight_decay * s.parameter[i];
    T d = g;
    if (direction != Direction::gradient) {
      const T a = s.keep * s.average[i] + s.take * g;
      s.average[i] = a;
      d = direction == Direction::blend ? s.from_average * a + s.from_gradient * g : a;
    }
    s.parameter[i] -= s.rate * d;
  }
};

// Elements [begin, end), at most a block, by way of their residuals; how many are released. Ages
// are widened before the loop and narrowed after it: within, that takes three times as long.
template <class Element, bool ages, class T, class Rule>
PLUMB_INLINE inline int step_with_residuals(const Rule& s, std::int64_t begin, std::int64_t end) {
  int age[residual_block];
  const int n = static_cast<int>(end - begin);
  if (ages) {
#pragma omp simd
    for (int i = 0; i < n; ++i) age[i] = s.age[begin + i] + 1;
  }
  int released = 0;
#pragma omp simd reduction(+ : released)
  for (int k = 0; k < n; ++k) {
    const std::int64_t i = begin + k;
    const T g = s.sign * s.gradient[i];
    const T r = s.residual[i] + g;
    bool releases = !(std::abs(g) < s.threshold) || !(std::abs(r) < s.threshold);
    if (ages) {
      releases = releases || age[k] >= s.max_wait;
      age[k] = releases ? 0 : age[k];
    }
    s.residual[i] = releases ? 0 : r;
    Element::step(s, i, releases ? r : T(0));
    released += releases;
  }
  if (ages) {
#pragma omp simd
    for (int i = 0; i < n; ++i) s.age[begin + i] = static_cast<std::uint8_t>(age[i]);
  }
  return released;
}

template <class Element, bool ages, class Rule>
void residual_loop(const Rule& rule, std::int64_t begin, std::int64_t end) {
  on_best_isa([&rule, begin, end]() PLUMB_INLINE {
    const Rule local = rule;
    std::int64_t released = 0;
    for (std::int64_t at = begin; at < end; at += residual_block) {
      const std::int64_t stop = at + residual_block < end ? at + residual_block : end;
      released += step_with_residuals<Element, ages, typename Rule::Value>(local, at, stop);
    }
    local.released->fetch_add(released, std::memory_order_relaxed);
  });
}

// An SgdPass in its element type.
template <class T>
struct Sgd {
  explicit Sgd(SgdPass& pass)
      : parameter(pass.parameter.mutable_data<T>()),
        gradient(pass.gradient.data<T>()),
        average(data_or_null<T>(pass.average)),
        residual(data_or_null<T>(pass.residual)),
        age(data_or_null<std::uint8_t>(pass.age)),
        released(pass.released),
        sign(static_cast<T>(pass.sign)),
        weight_decay(static_cast<T>(pass.weight_decay)),
        keep(static_cast<T>(pass.keep)),
        take(static_cast<T>(pass.take)),
        from_average(static_cast<T>(pass.from_average)),
        from_gradient(static_cast<T>(pass.from_gradient)),
        rate(static_cast<T>(pass.rate)),
        threshold(static_cast<T>(pass.threshold)),
        max_wait(pass.max_wait),
        loop(choose(pass)) {}

  using Value = T;
  using Loop = void (*)(const Sgd&, std::int64_t begin, std::int64_t end);
  template <class Element>
  static Loop choose_residual(const SgdPass& pass) {
    if (pass.residual == nullptr) return update_loop<Element, Sgd>;
    return pass.age != nullptr ? residual_loop<Element, true, Sgd>
                               : residual_loop<Element, false, Sgd>;
  }
  template <Direction direction>
  static Loop choose_decay(const SgdPass& pass) {
    return pass.weight_decay != 0 ? choose_residual<SgdElement<direction, true>>(pass)
                                  : choose_residual<SgdElement<direction, false>>(pass);
  }
  static Loop choose(const SgdPass& pass) {
    if (pass.average == nullptr) return choose_decay<Direction::gradient>(pass);
    if (pass.from_average == 1 && pass.from_gradient == 0)
      return choose_decay<Direction::average>(pass);
    return choose_decay<Direction::blend>(pass);
  }

  T* parameter;
  const T* gradient;
  T *average, *residual;
  std::uint8_t* age;
  std::atomic<std::int64_t>* released;
  T sign, weight_decay, keep, take, from_average, from_gradient, rate, threshold;
  int max_wait;
  Loop loop;
};

}  // namespace

void sgd(std::vector<SgdPass>& passes) { update<Sgd>(passes); }

}  // namespace plumb::kernel
