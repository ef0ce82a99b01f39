#include "sam.hpp"

#include <cmath>
#include <utility>
#include <vector>

#include "../core/runtime/floating_point.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "../core/simd/loops.hpp"
#include "internal/element_sums.hpp"

namespace plumb::optim {
namespace {

// Weights that are away from where they belong, for as long as it lives.
class Excursion {
 public:
  // To p + factor g of every parameter with a gradient.
  Excursion(const std::vector<Variable>& variables, double factor) {
    std::vector<Tensor> moved;
    for (const Variable& variable : variables) {
      const Tensor& value = variable.value();
      kept_.emplace_back(value, value.clone());
      moved.push_back(Tensor::empty(value.shape(), value.dtype()));
      kernel::map_into(
          moved.back(), Write::overwrite,
          [=](auto p, auto g) PLUMB_INLINE { return p + decltype(p)(factor) * g; }, value,
          variable.grad());
    }
    for (std::size_t i = 0; i < kept_.size(); ++i) kept_[i].first.copy_from(moved[i]);
  }
  ~Excursion() {
    for (auto& [value, before] : kept_) value.copy_from(before);
  }
  Excursion(const Excursion&) = delete;
  Excursion& operator=(const Excursion&) = delete;

 private:
  std::vector<std::pair<Tensor, Tensor>> kept_;
};

}  // namespace

const Fields<SAMOptions>& SAMOptions::fields() {
  static const Fields<SAMOptions> all = {"SAM", {{"rho", &SAMOptions::rho, at_least(0)}}};
  return all;
}

SAM::SAM(Optimizer& optimizer, const SAMOptions& options)
    : optimizer_(&optimizer), options_(options) {
  validate(options);
  if (optimizer.name() == "LBFGS")
    fail("SAM", "LBFGS asks for the loss itself, as often as it needs");
}

double SAM::step(const Closure& closure) {
  if (optimizer_->swapped_in()) fail("SAM", "swap out the weights to judge by before you step");
  const double loss = closure();
  std::vector<Variable> variables;
  double squares = 0;
  {
    const plumb::detail::FloatingPointMode mode;
    for (const Optimizer::Group& group : optimizer_->groups())
      for (const Parameter& parameter : group.parameters) {
        const Variable& variable = parameter.variable;
        if (!variable.requires_grad() || !variable.grad().defined()) continue;
        variables.push_back(variable);
        squares += sum_of_squares(variable.grad());
      }
  }
  if (squares > 0 && std::isfinite(squares)) {
    const plumb::detail::FloatingPointMode mode;
    const Excursion excursion(variables, options_.rho / (std::sqrt(squares) + 1e-12));
    const plumb::detail::FloatingPointMode of_the_user(plumb::detail::Subnormals::kept);
    closure();
  }
  optimizer_->step();
  return loss;
}

}  // namespace plumb::optim
