#include "lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "../core/kernels/layout.hpp"
#include "../core/runtime/floating_point.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "../core/tensor/operators.hpp"
#include "internal/element_sums.hpp"
#include "internal/update_loop.hpp"
#include "internal/wolfe.hpp"

namespace plumb::optim {
namespace {

enum Tensors : std::size_t { direction, gradient, steps, changes };
// The last step's length, the inverse curvature of the last pair, iterations so far; of all together.
enum Numbers : std::size_t { length, scale, iterations };

// Rows of as many elements as the parameter has.
bool is_history(const Shape& kept, const Shape& parameter) {
  return kept.rank() == 2 && kept[1] == parameter.numel();
}

StateTensor in_double(const char* name, StateTensor::Fits fits = nullptr) {
  StateTensor tensor(name, fits);
  tensor.dtype = DType::float64;
  return tensor;
}

// A user's function computes as the user does.
double call(const Closure& closure) {
  const plumb::detail::FloatingPointMode mode(plumb::detail::Subnormals::kept);
  return closure();
}

// Vectors over all elements of all parameters, float64.

double dot(const Tensor& a, const Tensor& b) {
  const double *x = a.data<double>(), *y = b.data<double>();
  return sum_of(a.numel(), [=](std::int64_t i) PLUMB_INLINE { return x[i] * y[i]; });
}

void add(Tensor& to, double factor, const Tensor& x) {
  kernel::map_into(
      to, Write::overwrite,
      [=](auto a, auto b) PLUMB_INLINE { return a + decltype(a)(factor) * b; }, to, x);
}

double largest(const Tensor& x) {
  const double* values = x.data<double>();
  double most = 0;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    if (!(std::abs(values[i]) <= most)) most = std::abs(values[i]);
    if (std::isnan(most)) break;
  }
  return most;
}

Tensor joined(const std::vector<Tensor>& parts) {
  std::vector<Tensor> flat;
  for (const Tensor& part : parts) flat.push_back(part.to(DType::float64).reshape({-1}));
  return kernel::concat(flat, 0);
}

// What is kept between steps.
struct Memory {
  Tensor direction, gradient;
  std::vector<Tensor> steps, changes;
  double length = 0, scale = 1;
  std::int64_t iterations = 0;

  // q, by the two loops.
  Tensor newton_step(const Tensor& g) const {
    Tensor q = -g;
    std::vector<double> a(steps.size()), r(steps.size());
    for (std::size_t k = steps.size(); k-- > 0;) {
      r[k] = 1 / dot(changes[k], steps[k]);
      a[k] = r[k] * dot(steps[k], q);
      add(q, -a[k], changes[k]);
    }
    Tensor d = scale * q;
    for (std::size_t k = 0; k < steps.size(); ++k)
      add(d, a[k] - r[k] * dot(changes[k], d), steps[k]);
    return d;
  }

  void take_pair(const Tensor& g, std::int64_t most) {
    Tensor y = g - gradient, s = length * direction;
    const double ys = dot(y, s);
    if (!(ys > 1e-10)) return;
    scale = ys / dot(y, y);
    steps.push_back(std::move(s));
    changes.push_back(std::move(y));
    while (static_cast<std::int64_t>(steps.size()) > most) {
      steps.erase(steps.begin());
      changes.erase(changes.begin());
    }
  }
};

// The weights, and where they were before the step, for as long as that may be needed.
class Weights {
 public:
  explicit Weights(const Parameters& parameters) {
    for (const Parameter& parameter : parameters)
      if (parameter.variable.requires_grad()) variables_.push_back(parameter.variable);
    for (const Variable& variable : variables_) {
      values_.push_back(variable.value());
      before_.push_back(variable.value().clone());
    }
  }
  ~Weights() {
    for (std::size_t i = 0; i < before_.size(); ++i) values_[i].copy_from(before_[i]);
  }
  Weights(const Weights&) = delete;
  Weights& operator=(const Weights&) = delete;

  // From now on they stay where they are.
  void keep() { before_.clear(); }
  bool empty() const { return variables_.empty(); }

  Tensor values() const { return joined(values_); }
  Tensor gradient() const {
    std::vector<Tensor> parts;
    for (const Variable& variable : variables_) {
      const Tensor g = variable.grad();
      parts.push_back(g.defined() ? g : Tensor::zeros(variable.shape(), variable.dtype()));
    }
    return joined(parts);
  }
  // To x + t d.
  void move(const Tensor& x, double t, const Tensor& d) {
    Tensor to = x.clone();
    add(to, t, d);
    std::int64_t at = 0;
    for (Tensor& value : values_) {
      const std::int64_t n = value.numel();
      value.copy_from(to.rows(at, at + n).reshape(value.shape()).to(value.dtype()));
      at += n;
    }
  }

 private:
  std::vector<Variable> variables_;
  std::vector<Tensor> values_, before_;
};

// Iterations until one of the conditions for an end holds.
void minimize(const LBFGSOptions& o, const Closure& closure, Weights& weights, LinePoint here,
              Memory& memory) {
  std::int64_t calls = 1;
  for (std::int64_t iteration = 1; iteration <= o.max_iter; ++iteration) {
    const bool first = memory.iterations++ == 0;
    if (!first) memory.take_pair(here.gradient, o.history_size);
    memory.direction = first ? -here.gradient : memory.newton_step(here.gradient);
    memory.gradient = here.gradient;
    const Tensor& d = memory.direction;
    memory.length = o.lr;
    if (first) {
      const double* g = here.gradient.data<double>();
      const double sum = sum_of(here.gradient.numel(),
                                [=](std::int64_t i) PLUMB_INLINE { return std::abs(g[i]); });
      memory.length = std::min(1.0, 1 / sum) * o.lr;
    }
    here.t = 0;
    here.slope = dot(here.gradient, d);
    if (!(here.slope <= -o.tolerance_change)) return;
    const Tensor x = weights.values();
    const auto at = [&](double t) {
      weights.move(x, t, d);
      ++calls;
      LinePoint point{t, call(closure)};
      point.gradient = weights.gradient();
      point.slope = dot(point.gradient, d);
      return point;
    };
    const LinePoint found = strong_wolfe(at, here, memory.length, largest(d), o.tolerance_change);
    weights.move(x, found.t, d);
    memory.length = found.t;
    const double change = std::abs(found.loss - here.loss);
    here = found;
    if (calls >= o.max_eval || largest(here.gradient) <= o.tolerance_grad ||
        found.t * largest(d) <= o.tolerance_change || change < o.tolerance_change)
      return;
  }
}

using Update = UpdateLoop::Update;

// How many pairs are kept of a parameter.
std::int64_t pairs_of(const ParameterState& state) {
  return state.tensors[steps].defined() ? state.tensors[steps].dim(0) : 0;
}

// Nothing where the parameters did not all take part in the same steps: then it begins anew.
Memory remembered(const std::vector<Update>& updates) {
  const ParameterState& first = updates[0].state;
  std::vector<Tensor> directions, gradients;
  for (const Update& u : updates) {
    if (!u.state.tensors[gradient].defined() || pairs_of(u.state) != pairs_of(first) ||
        u.state.numbers[iterations] != first.numbers[iterations])
      return {};
    directions.push_back(u.state.tensors[direction]);
    gradients.push_back(u.state.tensors[gradient]);
  }
  Memory memory;
  memory.direction = joined(directions);
  memory.gradient = joined(gradients);
  for (std::int64_t k = 0; k < pairs_of(first); ++k) {
    std::vector<Tensor> of_step, of_change;
    for (const Update& u : updates) {
      of_step.push_back(u.state.tensors[steps][k]);
      of_change.push_back(u.state.tensors[changes][k]);
    }
    memory.steps.push_back(joined(of_step));
    memory.changes.push_back(joined(of_change));
  }
  memory.length = first.numbers[length];
  memory.scale = first.numbers[scale];
  memory.iterations = static_cast<std::int64_t>(first.numbers[iterations]);
  return memory;
}

// Elements [begin, begin + n) of each vector, one row for each.
Tensor rows_of(const std::vector<Tensor>& vectors, std::int64_t begin, std::int64_t n) {
  if (vectors.empty()) return {};
  std::vector<Tensor> rows;
  for (const Tensor& vector : vectors)
    rows.push_back(vector.rows(begin, begin + n).reshape({1, n}));
  return kernel::concat(rows, 0);
}

void remember(const Memory& memory, std::vector<Update>& updates) {
  std::vector<std::vector<Tensor>> all;
  std::int64_t begin = 0;
  for (const Update& u : updates) {
    const std::int64_t n = u.value.numel();
    const auto part = [&](const Tensor& vector) {
      return vector.rows(begin, begin + n).reshape(u.value.shape()).clone();
    };
    all.push_back({part(memory.direction), part(memory.gradient), rows_of(memory.steps, begin, n),
                   rows_of(memory.changes, begin, n)});
    begin += n;
  }
  for (std::size_t i = 0; i < updates.size(); ++i) {  // needs no memory
    ParameterState& state = updates[i].state;
    state.tensors.swap(all[i]);
    state.numbers[length] = memory.length;
    state.numbers[scale] = memory.scale;
    state.numbers[iterations] = static_cast<double>(memory.iterations);
  }
}

}  // namespace

const Fields<LBFGSOptions>& LBFGSOptions::fields() {
  static const Fields<LBFGSOptions> all = {
      "LBFGS",
      {{"lr", &LBFGSOptions::lr, at_least(0)},
       {"max_iter", &LBFGSOptions::max_iter, at_least(1)},
       {"max_eval", &LBFGSOptions::max_eval, at_least(1)},
       {"tolerance_grad", &LBFGSOptions::tolerance_grad, at_least(0)},
       {"tolerance_change", &LBFGSOptions::tolerance_change, at_least(0)},
       {"history_size", &LBFGSOptions::history_size, closed(1, 1000)}}};
  return all;
}

StateNames LBFGSOptions::state() {
  return {{in_double("direction"), in_double("gradient"), in_double("last_steps", is_history),
           in_double("last_changes", is_history)},
          {{"length", at_least(0)}, {"scale", at_least(0)}, {"iterations", at_least(0)}}};
}

void LBFGS::update(std::vector<Update>&) {
  fail("LBFGS", "a step needs a closure that computes the loss: step(closure)");
}

double LBFGS::step_by(const Closure& closure) {
  if (groups().size() != 1)
    fail("LBFGS", "takes one group of parameters, got ", std::uint64_t{groups().size()});
  if (swapped_in()) fail("LBFGS", "swap out the weights to judge by before you step");
  Weights weights(groups()[0].parameters);
  const double loss = closure();
  const plumb::detail::FloatingPointMode mode;
  const Options& o = typed_options<Options>(0);
  std::vector<Update> updates = updates_by([](const Parameter& p, const ParameterState&) {
    const Tensor g = p.variable.grad();
    return g.defined() ? g : Tensor::zeros(p.variable.shape(), p.variable.dtype());
  });
  if (weights.empty()) return loss;
  LinePoint here{0, loss};
  here.gradient = weights.gradient();
  if (largest(here.gradient) <= o.tolerance_grad) {
    weights.keep();
    return loss;
  }
  Memory memory = remembered(updates);
  minimize(o, closure, weights, std::move(here), memory);
  remember(memory, updates);
  weights.keep();
  count_step(updates);
  return loss;
}

}  // namespace plumb::optim
