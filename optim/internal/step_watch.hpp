// What the checks of core/runtime/checks.hpp see of an optimizer's steps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../../autograd/internal/mistakes.hpp"
#include "../optimizer.hpp"

namespace plumb::optim {

/// Looks at an optimizer before each of its steps, and tells what is probably a mistake.
class StepWatch {
 public:
  explicit StepWatch(std::string owner) : owner_(std::move(owner)) {}
  void before_step(const std::vector<Optimizer::Group>& groups);

 private:
  void begin(const plumb::detail::Counts& now);
  bool any_gradient(const std::vector<Optimizer::Group>& groups) const;
  void check_cleared(const std::vector<Optimizer::Group>& groups);
  void check_reached(const std::vector<Optimizer::Group>& groups);
  void check_lr(const std::vector<Optimizer::Group>& groups);
  void check_mode(const plumb::detail::Counts& now);

  std::string owner_;
  std::uint32_t turn_ = 0;
  bool stepped_ = false;          // since the checks were turned on
  plumb::detail::Counts before_;  // at the step before
  std::uint64_t cleared_ = 0;     // of all parameters together, then
  // Steps in a row.
  int uncleared_ = 0, still_ = 0, evaluating_ = 0;
  // Of each parameter: steps without a gradient so far, or `reached`.
  std::vector<int> without_;
};

}  // namespace plumb::optim
