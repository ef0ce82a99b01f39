#include "soap.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "../core/kernels/accumulate.hpp"
#include "../core/kernels/indexing.hpp"
#include "../core/kernels/matmul/matmul.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "../core/tensor/linalg.hpp"
#include "internal/moments.hpp"
#include "internal/update_loop.hpp"
#include "refused_gradient.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { first, second, left, right, left_basis, right_basis };

constexpr auto no = Transpose::no, yes = Transpose::yes;

// p [out, in, kernel...] as [out, rest].
Tensor as_matrix(const Tensor& x) {
  return x.reshape({x.dim(0), x.dim(0) == 0 ? 0 : x.numel() / x.dim(0)});
}

bool is_left(const Shape& kept, const Shape& parameter) {
  return kept == Shape{parameter[0], parameter[0]};
}

bool is_right(const Shape& kept, const Shape& parameter) {
  std::int64_t rest = 1;
  for (int axis = 1; axis < parameter.rank(); ++axis) rest *= parameter[axis];
  return kept == Shape{rest, rest};
}

// keep x + take f(y), a new tensor.
template <class F>
Tensor blend(double keep, const Tensor& x, double take, const Tensor& y, F f) {
  Tensor z = Tensor::empty(x.shape(), x.dtype());
  kernel::map_into(
      z, Write::overwrite,
      [=](auto x, auto y) PLUMB_INLINE {
        using T = decltype(x);
        return T(keep) * x + T(take) * f(y);
      },
      x, y);
  return z;
}

[[noreturn]] void refuse(const Tensor& g) {
  throw RefusedGradient(text("[SOAP] a gradient of ", g.shape(),
                             " is so large that its square is infinite in ", g.dtype(),
                             ": no step"));
}

// One that became infinite would stay so.
Tensor finite(Tensor moment, const Tensor& g) {
  if (!kernel::all_finite(moment)) refuse(g);
  return moment;
}

Tensor moving(double beta, const Tensor& average, const Tensor& x) {
  return blend(beta, average, 1 - beta, x, [](auto value) PLUMB_INLINE { return value; });
}

// The sides of a matrix with their bases; undefined for a side without one.
struct Bases {
  const Tensor& q;
  const Tensor& s;

  Tensor into(const Tensor& x) const { return turned(x, yes, no); }  // q^T x s
  Tensor back(const Tensor& x) const { return turned(x, no, yes); }  // q x s^T

 private:
  Tensor turned(const Tensor& x, Transpose of_q, Transpose of_s) const {
    const Tensor rows = q.defined() ? kernel::matmul(q, of_q, x, no) : x;
    return s.defined() ? kernel::matmul(rows, no, s, of_s) : rows;
  }
};

// The eigenvectors, that of the largest value first.
Tensor eigenvectors(const Tensor& moment) {
  const std::int64_t n = moment.dim(0);
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) order[static_cast<std::size_t>(i)] = n - 1 - i;
  return kernel::index_select(linalg::eigh(moment).vectors, 1, Tensor::from(order));
}

// One step of the power iteration for all columns, and what has become of their order.
struct Turned {
  Tensor basis, order;
};
Turned turned_basis(const Tensor& moment, const Tensor& basis, const Tensor& g) {
  const Tensor product = kernel::matmul(moment, no, basis, no);
  const std::int64_t n = basis.dim(0);
  // Of q^T moment q; and the squared lengths of the columns of moment q, which R holds, the largest
  // number being 1.
  std::vector<double> size(static_cast<std::size_t>(n)), squares(size);
  dispatch_floating("SOAP", basis.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *q = basis.data<T>(), *a = product.data<T>();
    constexpr double largest = std::numeric_limits<T>::max();
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        const auto column = static_cast<std::size_t>(j);
        const auto element = static_cast<double>(a[i * n + j]), part = element / largest;
        size[column] += static_cast<double>(q[i * n + j]) * element;
        squares[column] += part * part;
      }
    for (const double square : squares)
      if (!(square <= 1)) refuse(g);
  });
  std::vector<std::int64_t> order(size.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t i, std::int64_t j) {
    return size[static_cast<std::size_t>(i)] > size[static_cast<std::size_t>(j)];
  });
  Tensor index = Tensor::from(order);
  Tensor q = linalg::qr(kernel::index_select(product, 1, index)).q;
  return {std::move(q), std::move(index)};
}

// Undefined for a side without a basis.
struct Side {
  Tensor moment, basis;
};

// What a parameter keeps after the step, and its direction; matrices.
struct Next {
  Tensor first, second, direction;
  Side sides[2];
};

// g g^T of the left side, g^T g of the right one.
Tensor product_of(const Tensor& g, int side) {
  return side == 0 ? kernel::matmul(g, no, g, yes) : kernel::matmul(g, yes, g, no);
}

Next begin(const SOAPOptions& o, const Tensor& g) {
  Next next;
  for (int side = 0; side < 2; ++side) {
    if (g.dim(side) > o.max_precond_dim) continue;
    const Tensor product = product_of(g, side);
    Side& made = next.sides[side];
    made.moment = finite(moving(o.beta2, Tensor::zeros(product.shape(), g.dtype()), product), g);
    made.basis = eigenvectors(made.moment);
  }
  return next;
}

Next go_on(const SOAPOptions& o, const Tensor& g, const ParameterState& state, std::int64_t t) {
  const auto kept = [&](std::size_t index) {
    const Tensor& x = state.tensors[index];
    return x.defined() ? as_matrix(x) : Tensor::zeros(g.shape(), g.dtype());
  };
  const Bases bases{state.tensors[left_basis], state.tensors[right_basis]};
  Next next;
  next.first = moving(o.beta1, kept(first), g);
  next.second = finite(blend(o.beta2, kept(second), 1 - o.beta2, bases.into(g),
                             [](auto value) PLUMB_INLINE { return value * value; }),
                       g);
  Tensor step = Tensor::empty(g.shape(), g.dtype());
  kernel::map_into(
      step, Write::overwrite,
      [eps = o.eps](auto m, auto v) PLUMB_INLINE { return m / (std::sqrt(v) + decltype(m)(eps)); },
      bases.into(next.first), next.second);
  next.direction = bases.back(step);
  for (int side = 0; side < 2; ++side) {
    const auto at = static_cast<std::size_t>(side);
    Side& made = next.sides[side];
    made.basis = state.tensors[left_basis + at];
    if (!made.basis.defined()) continue;
    made.moment = finite(moving(o.beta2, state.tensors[left + at], product_of(g, side)), g);
    if (t % o.precondition_frequency != 0) continue;
    Turned turned = turned_basis(made.moment, made.basis, g);
    made.basis = std::move(turned.basis);
    next.second = kernel::index_select(next.second, side, turned.order);
  }
  return next;
}

}  // namespace

const Fields<SOAPOptions>& SOAPOptions::fields() {
  static const auto all = adam_fields<SOAPOptions>(
      "SOAP", {{"precondition_frequency", &SOAPOptions::precondition_frequency, at_least(1)},
               {"max_precond_dim", &SOAPOptions::max_precond_dim, at_least(0)}});
  return all;
}

StateNames SOAPOptions::state() {
  StateNames names = moment_state(
      {{"left", is_left}, {"right", is_right}, {"left_basis", is_left}, {"right_basis", is_right}});
  names.min_rank = 2;
  return names;
}

void SOAP::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  std::vector<Next> all;
  all.reserve(updates.size());
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    const Tensor g = as_matrix(u.gradient);
    if (!kernel::all_finite(g))
      throw RefusedGradient(text("[SOAP] a gradient of ", u.gradient.shape(),
                                 " holds a NaN or an infinity, which no basis survives: no step"));
    const bool begins = u.t == 1;
    all.push_back(begins ? begin(o, g) : go_on(o, g, u.state, u.t - 1));
    if (begins) continue;
    Next& next = all.back();
    next.first = next.first.reshape(u.value.shape());
    next.second = next.second.reshape(u.value.shape());
    const MomentWeights weights = weights_with_step(u.state.numbers, o);
    loop.add(u, [&](auto x) {
      using T = typename decltype(x)::Element;
      T* p = x.value();
      const T* d = next.direction.data<T>();
      const T shrink = T(1 - o.lr * o.weight_decay),
              rate = T(o.lr * std::sqrt(weights.second) / weights.first);
      return [=](std::int64_t i) PLUMB_INLINE { p[i] = shrink * p[i] - rate * d[i]; };
    });
  }
  loop.run();
  for (std::size_t i = 0; i < updates.size(); ++i) {
    ParameterState& state = updates[i].state;
    Next& next = all[i];
    Side &on_left = next.sides[0], &on_right = next.sides[1];
    Tensor* const made[] = {&next.first,      &next.second,   &on_left.moment,
                            &on_right.moment, &on_left.basis, &on_right.basis};
    for (std::size_t k = 0; k < state.tensors.size(); ++k) state.tensors[k] = std::move(*made[k]);
    if (updates[i].t > 1) count_moments(state.numbers, updates[i].options<Options>());
  }
}

}  // namespace plumb::optim
