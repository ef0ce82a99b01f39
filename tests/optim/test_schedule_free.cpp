#include <cmath>

#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::ScheduleFreeAdamW;
using optim::ScheduleFreeSGD;

ScheduleFreeSGD::Options binary_free_options() {
  ScheduleFreeSGD::Options options;
  options.lr = 0.25;
  options.momentum = 0.5;
  return options;
}

void step_by(optim::Optimizer& optimizer, const Parameter& p, double gradient) {
  set_grad(p, {gradient});
  optimizer.step();
}

}  // namespace

TEST_CASE("ScheduleFreeSGD: trains at y, is judged at x") {
  const Parameter p = parameter("p", {1});
  ScheduleFreeSGD optimizer({p}, binary_free_options());
  step_by(optimizer, p, 2);
  CHECK(values(p)[0] == 0.5);  // x = y = z
  step_by(optimizer, p, 1);
  CHECK(values(p)[0] == 0.3125);  // z = 0.25, x = 0.375
  optimizer.swap_in();
  CHECK(optimizer.swapped_in());
  CHECK(values(p)[0] == 0.375);
  optimizer.swap_out();
  CHECK(values(p)[0] == 0.3125);
  step_by(optimizer, p, 0.75);
  optimizer.swap_in();  // z = 0.0625, x = (0.5 + 0.25 + 0.0625) / 3
  CHECK(values(p)[0] == doctest::Approx(0.8125 / 3).epsilon(1e-15));
}

TEST_CASE("ScheduleFreeSGD: a step counts by the square of its lr") {
  const Parameter p = parameter("p", {1});
  ScheduleFreeSGD optimizer({p}, binary_free_options());
  optimizer.set_lr(0);  // a warm-up's first step
  step_by(optimizer, p, 2);
  CHECK(values(p)[0] == 1);
  optimizer.set_lr(0.25);
  step_by(optimizer, p, 2);
  CHECK(values(p)[0] == 0.5);
  optimizer.set_lr(0.5);
  step_by(optimizer, p, 1);  // z = 0, c = 0.25 / 0.3125
  optimizer.swap_in();
  CHECK(values(p)[0] == doctest::Approx(0.2 * 0.5).epsilon(1e-15));
}

TEST_CASE("ScheduleFreeSGD: weight decay is taken at y") {
  const Parameter p = parameter("p", {1});
  auto options = binary_free_options();
  options.weight_decay = 0.5;
  ScheduleFreeSGD optimizer({p}, options);
  step_by(optimizer, p, 1.5);
  CHECK(values(p)[0] == 0.5);
  step_by(optimizer, p, 0.75);
  CHECK(values(p)[0] == 0.3125);
}

TEST_CASE("ScheduleFreeAdamW: steps by the gradient over its debiased root") {
  ScheduleFreeAdamW::Options options;
  options.lr = 0.25;
  options.beta1 = 0.5;
  options.beta2 = 0.75;
  options.eps = 0;
  CHECK(after<ScheduleFreeAdamW>(options, {4}) == 0.75);
  CHECK(after<ScheduleFreeAdamW>(options, {4, 4}) ==
        doctest::Approx(0.5625).epsilon(1e-15));  // z = 0.5, x = 0.625
  options.weight_decay = 0.5;
  CHECK(after<ScheduleFreeAdamW>(options, {4}) == 0.625);
  options.weight_decay = 0;
  options.eps = 4;
  CHECK(after<ScheduleFreeAdamW>(options, {4}) == 0.875);
}

TEST_CASE("Optimizer: while the weights to judge by are in place it neither steps nor saves") {
  const Parameter p = parameter("p", {1});
  ScheduleFreeSGD optimizer({p}, binary_free_options());
  optim::SGD plain({parameter("q", {1})}, optim::SGD::plain(0.1));
  const StateDict state = optimizer.state_dict();
  CHECK(error_of([&] { optimizer.swap_out(); }) ==
        "[ScheduleFreeSGD] no weights to judge by are swapped in");
  optimizer.swap_in();
  plain.swap_in();
  const std::string start = "] swap out the weights to judge by before you ";
  CHECK(error_of([&] { step_by(optimizer, p, 1); }) == "[ScheduleFreeSGD" + start + "step");
  CHECK(error_of([&] { plain.step(); }) == "[SGD" + start + "step");
  CHECK(error_of([&] { optimizer.state_dict(); }) == "[ScheduleFreeSGD" + start + "save");
  CHECK(error_of([&] { optimizer.load_state_dict(state); }) == "[ScheduleFreeSGD" + start + "load");
  CHECK(error_of([&] { optimizer.swap_in(); }) ==
        "[ScheduleFreeSGD" + start + "swap them in again");
  CHECK(values(p)[0] == 1);
  optimizer.swap_out();
  step_by(optimizer, p, 2);
  optimizer.swap_in();
  Variable(p.variable).set_value(Tensor::from({1.0, 2.0}));
  CHECK(error_of([&] { optimizer.swap_out(); }) ==
        "[ScheduleFreeSGD] a parameter of [1] of float64 has become [2] of float64 while it was "
        "swapped in");
}

TEST_CASE("ScheduleFreeSGD, ScheduleFreeAdamW: options out of range are refused by name") {
  ScheduleFreeSGD sgd({parameter("p", {1})});
  ScheduleFreeAdamW adamw({parameter("p", {1})});
  const auto refusal = [](optim::Optimizer& optimizer, const char* name, double value) {
    return error_of([&] { optimizer.set(0, name, value); });
  };
  CHECK(refusal(sgd, "lr", -1) == "[ScheduleFreeSGD] lr must be in [0, inf), got -1");
  CHECK(refusal(sgd, "momentum", 1) == "[ScheduleFreeSGD] momentum must be in [0, 1), got 1");
  CHECK(refusal(sgd, "momentum", 0) ==
        "[ScheduleFreeSGD] momentum must be above 0: x follows from y and z");
  CHECK(refusal(adamw, "beta1", 0) ==
        "[ScheduleFreeAdamW] beta1 must be above 0: x follows from y and z");
  CHECK(refusal(adamw, "beta2", 1) == "[ScheduleFreeAdamW] beta2 must be in [0, 1), got 1");
  CHECK(refusal(adamw, "eps", -1) == "[ScheduleFreeAdamW] eps must be in [0, inf), got -1");
  CHECK(to_string(sgd.settings(0)) == "lr=1, momentum=0.9, weight_decay=0");
  CHECK(to_string(adamw.settings(0)) ==
        "lr=0.0025, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0");
}

}  // namespace plumb::test
