#include "sgd.hpp"

#include "update_loop.hpp"

namespace plumb::kernel {
namespace {

enum class Direction { gradient, average, blend };

template <Direction direction, bool decays>
struct SgdElement {
  template <class Rule>
  PLUMB_INLINE static void at(const Rule& s, std::int64_t i) {
    auto g = s.sign * s.gradient[i];
    if (decays) g += s.weight_decay * s.parameter[i];
    auto d = g;
    if (direction != Direction::gradient) {
      const auto a = s.keep * s.average[i] + s.take * g;
      s.average[i] = a;
      d = direction == Direction::blend ? s.from_average * a + s.from_gradient * g : a;
    }
    s.parameter[i] -= s.rate * d;
  }
};

// An SgdPass in its element type.
template <class T>
struct Sgd {
  explicit Sgd(SgdPass& pass)
      : parameter(pass.parameter.mutable_data<T>()),
        gradient(pass.gradient.data<T>()),
        average(data_or_null<T>(pass.average)),
        sign(static_cast<T>(pass.sign)),
        weight_decay(static_cast<T>(pass.weight_decay)),
        keep(static_cast<T>(pass.keep)),
        take(static_cast<T>(pass.take)),
        from_average(static_cast<T>(pass.from_average)),
        from_gradient(static_cast<T>(pass.from_gradient)),
        rate(static_cast<T>(pass.rate)),
        loop(choose(pass)) {}

  using Loop = void (*)(const Sgd&, std::int64_t begin, std::int64_t end);
  template <Direction direction>
  static Loop choose_decay(const SgdPass& pass) {
    return pass.weight_decay != 0 ? update_loop<SgdElement<direction, true>, Sgd>
                                  : update_loop<SgdElement<direction, false>, Sgd>;
  }
  static Loop choose(const SgdPass& pass) {
    if (pass.average == nullptr) return choose_decay<Direction::gradient>(pass);
    if (pass.from_average == 1 && pass.from_gradient == 0)
      return choose_decay<Direction::average>(pass);
    return choose_decay<Direction::blend>(pass);
  }

  T* parameter;
  const T* gradient;
  T* average;
  T sign, weight_decay, keep, take, from_average, from_gradient, rate;
  Loop loop;
};

}  // namespace

void sgd(std::vector<SgdPass>& passes) { update<Sgd>(passes); }

}  // namespace plumb::kernel
