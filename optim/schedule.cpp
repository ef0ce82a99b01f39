#include "schedule.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "../core/runtime/internal/fail.hpp"

namespace plumb::optim {
namespace {

std::string base_key(std::size_t group) { return text("base.", std::uint64_t{group}); }
std::string rate_key(std::size_t group) { return text("lr.", std::uint64_t{group}); }

}  // namespace

Schedule::Schedule(Optimizer& optimizer, Curve curve)
    : optimizer_(&optimizer), curve_(std::move(curve)) {
  follow_with_new_groups(0);
}

void Schedule::step() {
  if (bases_.size() < optimizer_->groups().size()) return follow_with_new_groups(t_ + 1);
  follow(bases_, t_ + 1);
}

void Schedule::follow_with_new_groups(std::int64_t t) {
  std::vector<double> bases = bases_;
  for (std::size_t k = bases.size(); k < optimizer_->groups().size(); ++k)
    bases.push_back(optimizer_->lr(static_cast<int>(k)));
  follow(bases, t);
  bases_ = std::move(bases);
}

void Schedule::follow(const std::vector<double>& bases, std::int64_t t) {
  const double factor = curve_.factor(t);
  for (const double base : bases)
    if (!(base * factor >= 0 && std::isfinite(base * factor)))
      fail("Schedule", curve_.description(), " at t = ", t, " gives the learning rate ",
           base * factor, ", expected [0, inf)");
  for (std::size_t k = 0; k < bases.size(); ++k)
    optimizer_->set_lr(static_cast<int>(k), bases[k] * factor);
  t_ = t;
}

StateDict Schedule::state_dict() const {
  StateDict state;
  state.set("curve", curve_.description());
  state.set("t", t_);
  state.set("groups", static_cast<std::int64_t>(bases_.size()));
  for (std::size_t k = 0; k < bases_.size(); ++k) {
    state.set(base_key(k), bases_[k]);
    state.set(rate_key(k), optimizer_->lr(static_cast<int>(k)));
  }
  return state;
}

void Schedule::load_state_dict(const StateDict& from) {
  const std::string& curve = from.scalar<std::string>("curve");
  if (curve != curve_.description())
    fail("Schedule", "the state is of ", curve, ", this is ", curve_.description());
  const std::int64_t t = from.scalar<std::int64_t>("t");
  if (t < 0) fail("Schedule", "t is ", t, ", expected [0, inf)");
  const std::int64_t groups = from.scalar<std::int64_t>("groups");
  const auto here = static_cast<std::int64_t>(optimizer_->groups().size());
  if (groups < 0 || groups > here)
    fail("Schedule", "the state is of ", groups, " groups, the optimizer has ", here);
  std::vector<double> bases;
  std::vector<std::optional<double>> rates;  // none in the states of older versions
  for (std::size_t k = 0; k < static_cast<std::size_t>(groups); ++k) {
    bases.push_back(from.scalar<double>(base_key(k)));
    rates.emplace_back();
    if (!from.has_scalar(rate_key(k))) continue;
    rates[k] = from.scalar<double>(rate_key(k));
    if (!(*rates[k] >= 0 && std::isfinite(*rates[k])))
      fail("Schedule", rate_key(k), " is ", *rates[k], ", expected [0, inf)");
  }
  follow(bases, t);
  for (std::size_t k = 0; k < rates.size(); ++k)
    if (rates[k]) optimizer_->set_lr(static_cast<int>(k), *rates[k]);
  bases_ = std::move(bases);
}

}  // namespace plumb::optim
