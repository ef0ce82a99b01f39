#include "step_watch.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "../../core/runtime/checks.hpp"
#include "../../core/runtime/internal/fail.hpp"

namespace plumb::optim {
namespace {

using plumb::detail::Counts;
using plumb::detail::tell;

constexpr int patience = 20;    // steps after which it is no accident
constexpr int uncleared = 100;  // gathering over some steps may be meant
constexpr int reached = -1;

// The learning rate, or 1 for a rule without one.
double rate_of(const Optimizer::Group& group) {
  for (const auto& [name, value] : group.options->settings())
    if (name == "lr") return std::get<double>(value);
  return 1;
}

}  // namespace

void StepWatch::before_step(const std::vector<Optimizer::Group>& groups) {
  const Counts now = plumb::detail::counts();
  if (turn_ != plumb::detail::checks_turn()) begin(now);
  plumb::detail::count_step();
  if (!any_gradient(groups)) {
    tell("no gradient", owner_,
         "no parameter has a gradient, so the step changes nothing: call backward() between "
         "zero_grad() and step()");
  } else {
    if (stepped_ && now.gradients == before_.gradients)
      tell("step without backward", owner_,
           "a step by the gradients of the step before: call backward() for each step()");
    check_cleared(groups);
    check_reached(groups);
    check_lr(groups);
    check_mode(now);
  }
  before_ = now;
  stepped_ = true;
}

void StepWatch::begin(const Counts& now) {
  *this = StepWatch(std::move(owner_));
  turn_ = plumb::detail::checks_turn();
  before_ = now;
}

bool StepWatch::any_gradient(const std::vector<Optimizer::Group>& groups) const {
  for (const Optimizer::Group& group : groups)
    for (const Parameter& parameter : group.parameters)
      if (parameter.variable.requires_grad() && parameter.variable.grad().defined()) return true;
  return false;
}

void StepWatch::check_cleared(const std::vector<Optimizer::Group>& groups) {
  std::uint64_t cleared = 0;
  for (const Optimizer::Group& group : groups)
    for (const Parameter& parameter : group.parameters)
      if (parameter.variable.node_handle())
        cleared += plumb::detail::notes_of(parameter.variable).cleared;
  uncleared_ = stepped_ && cleared == cleared_ ? uncleared_ + 1 : 0;
  cleared_ = cleared;
  if (uncleared_ >= uncleared)
    tell("zero_grad forgotten", owner_,
         text("no gradient was cleared in ", uncleared,
              " steps, so each step is by the sum of all gradients: call zero_grad() before each "
              "backward()"));
}

void StepWatch::check_reached(const std::vector<Optimizer::Group>& groups) {
  std::size_t index = 0;
  std::string first;
  int more = -1;
  for (const Optimizer::Group& group : groups) {
    without_.resize(std::max(without_.size(), index + group.parameters.size()));
    for (const auto& [name, variable] : group.parameters) {
      int& without = without_[index++];
      if (without == reached) continue;
      if (variable.grad().defined()) without = reached;
      if (!variable.requires_grad() || without == reached || ++without < patience) continue;
      if (++more == 0) first = name;
    }
  }
  if (more >= 0)
    tell("never a gradient", owner_,
         text("parameter '", first, "'", more > 0 ? text(" and ", more, " more") : text(),
              " had no gradient in ", patience,
              " steps: the loss does not depend on it; use it in forward, or leave it out"));
}

void StepWatch::check_lr(const std::vector<Optimizer::Group>& groups) {
  const bool still = std::all_of(groups.begin(), groups.end(),
                                 [](const Optimizer::Group& g) { return rate_of(g) == 0; });
  still_ = still ? still_ + 1 : 0;
  if (still_ >= patience)
    tell("learning rate 0", owner_,
         text("the learning rate was 0 in ", patience,
              " steps: set_lr, or look at the schedule's numbers of steps"));
}

// Evaluation between steps may record too; what counts is that nothing ran in training mode.
void StepWatch::check_mode(const Counts& now) {
  if (now.training != before_.training)
    evaluating_ = 0;
  else if (now.evaluation != before_.evaluation)
    ++evaluating_;
  if (evaluating_ >= patience)
    tell("training in evaluation mode", owner_,
         text("in ", patience,
              " steps every Dropout and BatchNorm was in evaluation mode: call model.train() "
              "before an epoch, or use EvalMode for evaluation"));
}

}  // namespace plumb::optim
