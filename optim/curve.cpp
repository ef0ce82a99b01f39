#include "curve.hpp"

#include <algorithm>
#include <cmath>

#include "../core/runtime/internal/fail.hpp"
#include "fields.hpp"

namespace plumb::optim::curve {
namespace {

constexpr double pi = 3.14159265358979323846;

void check_length(const char* owner, const char* name, std::int64_t length) {
  detail::check_range(owner, name, static_cast<double>(length), at_least(1));
}

// From 1 at share 0 to 0 at share 1.
double half_cosine(double share) { return (1 + std::cos(pi * share)) / 2; }

double as_share(std::int64_t t, double length) { return static_cast<double>(t) / length; }

}  // namespace

Curve constant() {
  return {"constant()", [](std::int64_t) { return 1.0; }};
}

Curve step(std::int64_t size, double gamma) {
  check_length("step", "size", size);
  detail::check_range("step", "gamma", gamma, at_least(0));
  return {text("step(size=", size, ", gamma=", gamma, ")"), [=](std::int64_t t) {
            const std::int64_t drops = t / size;
            return std::pow(gamma, static_cast<double>(drops));
          }};
}

Curve multi_step(const std::vector<std::int64_t>& milestones, double gamma) {
  if (milestones.empty()) fail("multi_step", "the list of milestones is empty");
  detail::check_range("multi_step", "gamma", gamma, at_least(0));
  std::string list;
  std::int64_t before = 0;
  for (const std::int64_t milestone : milestones) {
    if (milestone <= before)
      fail("multi_step", "milestones must increase from 1 on, got ", milestone, " after ", before);
    list += text(before == 0 ? "" : " ", milestone);
    before = milestone;
  }
  return {text("multi_step(milestones=", list, ", gamma=", gamma, ")"), [=](std::int64_t t) {
            const auto next = std::upper_bound(milestones.begin(), milestones.end(), t);
            return std::pow(gamma, static_cast<double>(next - milestones.begin()));
          }};
}

Curve exponential(double gamma) {
  detail::check_range("exponential", "gamma", gamma, at_least(0));
  return {text("exponential(gamma=", gamma, ")"),
          [=](std::int64_t t) { return std::pow(gamma, static_cast<double>(t)); }};
}

Curve cosine(std::int64_t steps, double end) {
  check_length("cosine", "steps", steps);
  detail::check_range("cosine", "end", end, closed(0, 1));
  return {text("cosine(steps=", steps, ", end=", end, ")"), [=](std::int64_t t) {
            if (t >= steps) return end;
            return end + (1 - end) * half_cosine(as_share(t, static_cast<double>(steps)));
          }};
}

Curve cosine_restarts(std::int64_t first, std::int64_t growth, double end) {
  check_length("cosine_restarts", "first", first);
  check_length("cosine_restarts", "growth", growth);
  detail::check_range("cosine_restarts", "end", end, closed(0, 1));
  return {text("cosine_restarts(first=", first, ", growth=", growth, ", end=", end, ")"),
          [=](std::int64_t t) {
            if (growth == 1) t %= first;
            auto left = static_cast<double>(t), steps = static_cast<double>(first);
            for (; left >= steps; steps *= static_cast<double>(growth)) left -= steps;
            return end + (1 - end) * half_cosine(left / steps);
          }};
}

Curve linear(std::int64_t steps, double end) {
  check_length("linear", "steps", steps);
  detail::check_range("linear", "end", end, closed(0, 1));
  return {text("linear(steps=", steps, ", end=", end, ")"), [=](std::int64_t t) {
            if (t >= steps) return end;
            return 1 - (1 - end) * as_share(t, static_cast<double>(steps));
          }};
}

Curve polynomial(std::int64_t steps, double power, double end) {
  check_length("polynomial", "steps", steps);
  detail::check_range("polynomial", "power", power, at_least(0));
  detail::check_range("polynomial", "end", end, closed(0, 1));
  return {text("polynomial(steps=", steps, ", power=", power, ", end=", end, ")"),
          [=](std::int64_t t) {
            if (t >= steps) return end;
            const double left = 1 - as_share(t, static_cast<double>(steps));
            return end + (1 - end) * std::pow(left, power);
          }};
}

Curve inverse_square_root(std::int64_t steps) {
  check_length("inverse_square_root", "steps", steps);
  const auto start = static_cast<double>(steps);
  return {text("inverse_square_root(steps=", steps, ")"),
          [=](std::int64_t t) { return std::sqrt(start / (start + static_cast<double>(t))); }};
}

Curve stable_decay(std::int64_t steps, std::int64_t decay, double end) {
  check_length("stable_decay", "steps", steps);
  check_length("stable_decay", "decay", decay);
  detail::check_range("stable_decay", "end", end, closed(0, 1));
  if (decay > steps)
    fail("stable_decay", "decay must be at most steps, got ", decay, " of ", steps, " steps");
  return {text("stable_decay(steps=", steps, ", decay=", decay, ", end=", end, ")"),
          [=](std::int64_t t) {
            if (t <= steps - decay) return 1.0;
            if (t >= steps) return end;
            return 1 - (1 - end) * as_share(t - (steps - decay), static_cast<double>(decay));
          }};
}

Curve warm_up(std::int64_t steps, const Curve& then, double start) {
  check_length("warm_up", "steps", steps);
  detail::check_range("warm_up", "start", start, closed(0, 1));
  return {text("warm_up(steps=", steps, ", start=", start, ", then=", then.description(), ")"),
          [=](std::int64_t t) {
            if (t >= steps) return then.factor(t - steps);
            const double share = as_share(t, static_cast<double>(steps));
            return then.factor(0) * (start + (1 - start) * share);
          }};
}

Curve one_cycle(std::int64_t steps, double rise, double start, double end) {
  check_length("one_cycle", "steps", steps);
  detail::check_range("one_cycle", "rise", rise, half_open(0, 1));
  detail::check_range("one_cycle", "start", start, closed(0, 1));
  detail::check_range("one_cycle", "end", end, closed(0, 1));
  const auto last = static_cast<double>(steps - 1);
  const double peak = rise * static_cast<double>(steps) - 1;
  if (!(peak > 0))
    fail("one_cycle", "rise must be above 1 / steps, got ", rise, " of ", steps, " steps");
  return {text("one_cycle(steps=", steps, ", rise=", rise, ", start=", start, ", end=", end, ")"),
          [=](std::int64_t t) {
            const auto at = static_cast<double>(t);
            if (at <= peak) return 1 + (start - 1) * half_cosine(at / peak);
            if (at >= last) return end;
            return end + (1 - end) * half_cosine((at - peak) / (last - peak));
          }};
}

}  // namespace plumb::optim::curve
