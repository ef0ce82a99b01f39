#include "soap.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "../core/kernels/accumulate.hpp"
#include "../core/kernels/indexing.hpp"
#include "../core/kernels/matmul/matmul.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "../core/tensor/linalg.hpp"
#include "internal/update_loop.hpp"
#include "moving_average.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { first, second, left, right, left_basis, right_basis };
enum Numbers : std::size_t { first_weight, second_weight };  // 1 - beta^t, 0 before t = 1

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

// One that became infinite would stay so.
Tensor finite(Tensor moment, const Tensor& g) {
  if (!kernel::all_finite(moment))
    fail("SOAP", "a gradient of ", g.shape(), " is so large that its square is infinite in ",
         g.dtype(), ": no step");
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
Turned turned_basis(const Tensor& moment, const Tensor& basis) {
  const Tensor product = kernel::matmul(moment, no, basis, no);
  const std::int64_t n = basis.dim(0);
  std::vector<double> size(static_cast<std::size_t>(n));  // of q^T moment q
  dispatch_floating("SOAP", basis.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *q = basis.data<T>(), *a = product.data<T>();
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j)
        size[static_cast<std::size_t>(j)] +=
            static_cast<double>(q[i * n + j]) * static_cast<double>(a[i * n + j]);
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

// What a parameter keeps after the step, and its direction; matrices.
struct Next {
  Tensor first, second, left, right, left_basis, right_basis, direction;
};

Next begin(const SOAPOptions& o, const Tensor& g) {
  const auto moment = [&](const Tensor& product) {
    return finite(moving(o.beta2, Tensor::zeros(product.shape(), product.dtype()), product), g);
  };
  Next next;
  if (g.dim(0) <= o.max_precond_dim) {
    next.left = moment(kernel::matmul(g, no, g, yes));
    next.left_basis = eigenvectors(next.left);
  }
  if (g.dim(1) <= o.max_precond_dim) {
    next.right = moment(kernel::matmul(g, yes, g, no));
    next.right_basis = eigenvectors(next.right);
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
  const bool turns = t % o.precondition_frequency == 0;
  next.left_basis = bases.q;
  next.right_basis = bases.s;
  if (bases.q.defined()) {
    next.left = finite(moving(o.beta2, state.tensors[left], kernel::matmul(g, no, g, yes)), g);
    if (turns) {
      Turned turned = turned_basis(next.left, bases.q);
      next.left_basis = std::move(turned.basis);
      next.second = kernel::index_select(next.second, 0, turned.order);
    }
  }
  if (bases.s.defined()) {
    next.right = finite(moving(o.beta2, state.tensors[right], kernel::matmul(g, yes, g, no)), g);
    if (turns) {
      Turned turned = turned_basis(next.right, bases.s);
      next.right_basis = std::move(turned.basis);
      next.second = kernel::index_select(next.second, 1, turned.order);
    }
  }
  return next;
}

}  // namespace

const Fields<SOAPOptions>& SOAPOptions::fields() {
  static const Fields<SOAPOptions> all = {
      "SOAP",
      {{"lr", &SOAPOptions::lr, at_least(0)},
       {"beta1", &SOAPOptions::beta1, half_open(0, 1)},
       {"beta2", &SOAPOptions::beta2, half_open(0, 1)},
       {"eps", &SOAPOptions::eps, at_least(0)},
       {"weight_decay", &SOAPOptions::weight_decay, at_least(0)},
       {"precondition_frequency", &SOAPOptions::precondition_frequency, at_least(1)},
       {"max_precond_dim", &SOAPOptions::max_precond_dim, at_least(0)}}};
  return all;
}

StateNames SOAPOptions::state() {
  return {{"first_moment",
           "second_moment",
           {"left", is_left},
           {"right", is_right},
           {"left_basis", is_left},
           {"right_basis", is_right}},
          {{"first_weight", closed(0, 1), "first_moment"},
           {"second_weight", closed(0, 1), "second_moment"}},
          2};
}

void SOAP::update(std::vector<Update>& updates) {
  UpdateLoop loop(*this, updates.size());
  std::vector<Next> all;
  all.reserve(updates.size());
  for (Update& u : updates) {
    const Options& o = u.options<Options>();
    const Tensor g = as_matrix(u.gradient);
    if (!kernel::all_finite(g))
      fail("SOAP", "a gradient of ", u.gradient.shape(),
           " holds a NaN or an infinity, which no basis survives: no step");
    const bool begins = u.t == 1;
    all.push_back(begins ? begin(o, g) : go_on(o, g, u.state, u.t - 1));
    if (begins) continue;
    Next& next = all.back();
    next.first = next.first.reshape(u.value.shape());
    next.second = next.second.reshape(u.value.shape());
    const double correction1 = total_weight(u.state.numbers[first_weight], o.beta1);
    const double correction2 = total_weight(u.state.numbers[second_weight], o.beta2);
    loop.add(u, [&](auto x) {
      using T = typename decltype(x)::Element;
      T* p = x.value();
      const T* d = next.direction.data<T>();
      const T shrink = T(1 - o.lr * o.weight_decay),
              rate = T(o.lr * std::sqrt(correction2) / correction1);
      return [=](std::int64_t i) PLUMB_INLINE { p[i] = shrink * p[i] - rate * d[i]; };
    });
  }
  loop.run();
  for (std::size_t i = 0; i < updates.size(); ++i) {
    ParameterState& state = updates[i].state;
    Next& next = all[i];
    Tensor* const made[] = {&next.first, &next.second,     &next.left,
                            &next.right, &next.left_basis, &next.right_basis};
    for (std::size_t k = 0; k < state.tensors.size(); ++k) state.tensors[k] = std::move(*made[k]);
    if (updates[i].t == 1) continue;
    const Options& o = updates[i].options<Options>();
    state.numbers[first_weight] = total_weight(state.numbers[first_weight], o.beta1);
    state.numbers[second_weight] = total_weight(state.numbers[second_weight], o.beta2);
  }
}

}  // namespace plumb::optim
