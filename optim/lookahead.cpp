#include "lookahead.hpp"

#include <map>
#include <string>
#include <utility>

#include "../core/runtime/floating_point.hpp"
#include "../core/runtime/internal/fail.hpp"
#include "../core/simd/loops.hpp"

namespace plumb::optim {
namespace {

constexpr const char* owner = "Lookahead";

std::string form_of(const Tensor& x) { return text(x.shape(), " of ", x.dtype()); }

void check_form(const Parameter& parameter, const Tensor& slow) {
  const Tensor& value = parameter.variable.value();
  if (value.shape() != slow.shape() || value.dtype() != slow.dtype())
    fail(owner, "parameter '", parameter.name, "' is ", form_of(value), ", its slow weights are ",
         form_of(slow));
}

}  // namespace

const Fields<LookaheadOptions>& LookaheadOptions::fields() {
  static const Fields<LookaheadOptions> all = {owner,
                                               {{"k", &LookaheadOptions::k, at_least(1)},
                                                {"alpha", &LookaheadOptions::alpha, closed(0, 1)}}};
  return all;
}

Lookahead::Lookahead(Optimizer& optimizer, const LookaheadOptions& options)
    : optimizer_(&optimizer), options_(options) {
  validate(options);
  if (optimizer.name().rfind("ScheduleFree", 0) == 0)
    fail(owner, optimizer.name(),
         " has averaged weights of its own, which slow weights would move");
  meet_new();
}

// Groups only ever grow at the end.
void Lookahead::meet_new() {
  Parameters parameters;
  for (const Optimizer::Group& group : optimizer_->groups())
    parameters.insert(parameters.end(), group.parameters.begin(), group.parameters.end());
  if (parameters.size() == parameters_.size()) return;
  std::vector<Tensor> slow = slow_;
  for (std::size_t i = slow.size(); i < parameters.size(); ++i)
    slow.push_back(parameters[i].variable.value().clone());
  parameters_ = std::move(parameters);
  slow_ = std::move(slow);
}

void Lookahead::step() {
  meet_new();
  for (std::size_t i = 0; i < slow_.size(); ++i) check_form(parameters_[i], slow_[i]);
  optimizer_->step();
  if (++t_ % options_.k == 0) follow();
}

double Lookahead::step(const Closure& closure) {
  meet_new();
  for (std::size_t i = 0; i < slow_.size(); ++i) check_form(parameters_[i], slow_[i]);
  const double loss = optimizer_->step(closure);
  if (++t_ % options_.k == 0) follow();
  return loss;
}

void Lookahead::follow() {
  const plumb::detail::FloatingPointMode mode;
  for (std::size_t i = 0; i < slow_.size(); ++i) {
    Tensor value = parameters_[i].variable.value();
    kernel::map_into(
        slow_[i], Write::overwrite,
        [alpha = options_.alpha](auto s, auto p)
            PLUMB_INLINE { return s + decltype(s)(alpha) * (p - s); },
        slow_[i], value);
    value.copy_from(slow_[i]);
  }
}

StateDict Lookahead::state_dict() const {
  StateDict state;
  state.set("k", options_.k);
  state.set("alpha", options_.alpha);
  state.set("t", t_);
  for (std::size_t i = 0; i < slow_.size(); ++i) state.set("slow." + parameters_[i].name, slow_[i]);
  return state;
}

void Lookahead::load_state_dict(const StateDict& from) {
  const LookaheadOptions saved = {from.scalar<std::int64_t>("k"), from.scalar<double>("alpha")};
  if (saved.k != options_.k || saved.alpha != options_.alpha)
    fail(owner, "the state is of ", to_string(settings_of(saved)), ", this is ",
         to_string(settings_of(options_)));
  const auto t = from.scalar<std::int64_t>("t");
  if (t < 0 || t > std::int64_t{1} << 62) fail(owner, "t is ", t, ", expected [0, 2^62]");
  meet_new();
  const StateDict slow = from.part("slow");
  if (slow.tensors().size() != slow_.size())
    fail(owner, "the state has slow weights of ", std::uint64_t{slow.tensors().size()},
         " parameters, expected ", std::uint64_t{slow_.size()});
  std::vector<Tensor> loaded;
  for (const Parameter& parameter : parameters_) {
    const Tensor& weights = slow.tensor(parameter.name);
    check_form(parameter, weights);
    loaded.push_back(weights.clone());
  }
  slow_ = std::move(loaded);
  t_ = t;
}

}  // namespace plumb::optim
