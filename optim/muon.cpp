#include "muon.hpp"

#include <algorithm>
#include <cmath>
#include <forward_list>

#include "internal/orthogonal.hpp"
#include "internal/update_loop.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { average };

// p [out, in, kernel...] as [out, rest].
Shape as_matrix(const Shape& shape, std::int64_t numel) {
  return {shape[0], shape[0] == 0 ? 0 : numel / shape[0]};
}

}  // namespace

const Fields<MuonOptions>& MuonOptions::fields() {
  static const Fields<MuonOptions> all = {
      "Muon",
      {{"lr", &MuonOptions::lr, at_least(0)},
       {"momentum", &MuonOptions::momentum, half_open(0, 1)},
       {"nesterov", &MuonOptions::nesterov},
       {"weight_decay", &MuonOptions::weight_decay, at_least(0)},
       {"ns_steps", &MuonOptions::ns_steps, closed(1, 100)}}};
  return all;
}

StateNames MuonOptions::state() { return {{"average"}, {}, 2}; }

void Muon::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  std::forward_list<Tensor> directions;  // the loop reads them
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    const Shape shape = as_matrix(u.value.shape(), u.value.numel());
    Tensor& kept = loop.state(u, average);
    Tensor& direction = directions.emplace_front(Tensor::empty(shape, u.value.dtype()));
    // u of m before this step.
    const double keep = o.nesterov ? o.momentum * o.momentum : o.momentum;
    const double take = o.nesterov ? 1 - o.momentum * o.momentum : 1 - o.momentum;
    kernel::map_into(
        direction, Write::overwrite,
        [=](auto m, auto g) PLUMB_INLINE {
          using T = decltype(m);
          return T(keep) * m + T(take) * g;
        },
        kept, u.gradient);
    if (u.value.numel() > 0) orthogonalize(direction, static_cast<int>(o.ns_steps));
    loop.add(u, [&](auto x) {
      using T = typename decltype(x)::Element;
      T *p = x.value(), *m = kept.mutable_data<T>();
      const T *gradient = x.gradient(), *d = direction.data<T>();
      const double longer =
          u.value.numel() == 0
              ? 1
              : std::max(1.0, static_cast<double>(shape[0]) / static_cast<double>(shape[1]));
      const T keep = T(o.momentum), take = T(1 - o.momentum), shrink = T(1 - o.lr * o.weight_decay),
              rate = T(o.lr * std::sqrt(longer));
      return [=](std::int64_t i) PLUMB_INLINE {
        const T before = p[i], m_before = m[i], g = gradient[i], step = d[i];
        m[i] = keep * m_before + take * g;
        p[i] = shrink * before - rate * step;
      };
    });
  }
  loop.run();
}

}  // namespace plumb::optim
