#include "plateau.hpp"

#include <algorithm>
#include <cmath>

#include "../core/runtime/internal/fail.hpp"

namespace plumb::optim {
namespace {

constexpr const char* owner = "ReduceOnPlateau";
constexpr double infinity = std::numeric_limits<double>::infinity();

double worst(const PlateauOptions& options) { return options.maximize ? -infinity : infinity; }

}  // namespace

const Fields<PlateauOptions>& PlateauOptions::fields() {
  static const Fields<PlateauOptions> all = {
      owner,
      {{"factor", &PlateauOptions::factor, half_open(0, 1)},
       {"patience", &PlateauOptions::patience, at_least(0)},
       {"threshold", &PlateauOptions::threshold, at_least(0)},
       {"relative", &PlateauOptions::relative},
       {"maximize", &PlateauOptions::maximize},
       {"cooldown", &PlateauOptions::cooldown, at_least(0)},
       {"min_lr", &PlateauOptions::min_lr, at_least(0)},
       {"min_change", &PlateauOptions::min_change, at_least(0)}}};
  return all;
}

ReduceOnPlateau::ReduceOnPlateau(Optimizer& optimizer, const PlateauOptions& options)
    : optimizer_(&optimizer), options_(options), best_(worst(options)) {
  validate(options);
}

bool ReduceOnPlateau::is_better(double value) const {
  if (std::isinf(best_)) return options_.maximize ? value > best_ : value < best_;
  const double margin = options_.threshold * (options_.relative ? std::abs(best_) : 1);
  return options_.maximize ? value > best_ + margin : value < best_ - margin;
}

bool ReduceOnPlateau::step(double value) {
  ++bad_;
  if (is_better(value)) {
    best_ = value;
    bad_ = 0;
  }
  if (cooling_ > 0) {
    --cooling_;
    bad_ = 0;
  }
  if (bad_ <= options_.patience) return false;
  bad_ = 0;
  cooling_ = options_.cooldown;
  return reduce();
}

bool ReduceOnPlateau::reduce() {
  bool reduced = false;
  for (int k = 0; k < static_cast<int>(optimizer_->groups().size()); ++k) {
    const double before = optimizer_->lr(k);
    const double after = std::max(before * options_.factor, options_.min_lr);
    if (before - after <= options_.min_change) continue;
    optimizer_->set_lr(k, after);
    reduced = true;
  }
  return reduced;
}

StateDict ReduceOnPlateau::state_dict() const {
  StateDict state;
  state.set("options", to_string(settings_of(options_)));
  state.set("best", best_);
  state.set("bad", bad_);
  state.set("cooling", cooling_);
  return state;
}

void ReduceOnPlateau::load_state_dict(const StateDict& from) {
  const std::string here = to_string(settings_of(options_));
  const std::string& there = from.scalar<std::string>("options");
  if (there != here) fail(owner, "the state is of ", there, "; expected ", here);
  const double best = from.scalar<double>("best");
  const std::int64_t bad = from.scalar<std::int64_t>("bad");
  const std::int64_t cooling = from.scalar<std::int64_t>("cooling");
  if (std::isnan(best) || bad < 0 || bad > options_.patience || cooling < 0 ||
      cooling > options_.cooldown)
    fail(owner, "best ", best, ", bad ", bad, " and cooling ", cooling,
         " are not those of a plateau");
  best_ = best;
  bad_ = bad;
  cooling_ = cooling;
}

}  // namespace plumb::optim
