#include <cmath>

#include "../support/threads.hpp"
#include "rules.hpp"

namespace plumb::test {
namespace {

// Sizes around the ends of what a thread takes at a time, and many small tensors.
const std::vector<Tensor>& starts() {
  static const std::vector<Tensor> all = [] {
    std::vector<Tensor> made;
    const auto add = [&](std::int64_t size, DType dtype) {
      const auto k = static_cast<double>(made.size());
      Tensor value = Tensor::empty({size}, DType::float64);
      double* x = value.mutable_data<double>();
      for (std::int64_t i = 0; i < size; ++i) x[i] = std::sin(0.1 * static_cast<double>(i) + k);
      made.push_back(value.to(dtype));
    };
    for (const std::int64_t size : {0, 1, 17, 32767, 0, 32768, 32769, 100003, 5, 0}) {
      add(size, DType::float32);
      add(size, DType::float64);
    }
    for (int i = 0; i < 300; ++i) add(i, DType::float32);
    return made;
  }();
  return all;
}

Parameters many_parameters() {
  Parameters parameters;
  for (const Tensor& start : starts())
    parameters.push_back(
        {errors::text("p", std::uint64_t{parameters.size()}), Variable::leaf(start.clone())});
  return parameters;
}

constexpr int steps_on_threads = 3;

// Those of step t, from 1. One for all cases: drawing them takes longer than the steps.
const std::vector<Tensor>& gradients_at(int t) {
  static const std::vector<std::vector<Tensor>> all = [] {
    std::vector<std::vector<Tensor>> made(steps_on_threads);
    for (int t = 1; t <= steps_on_threads; ++t)
      for (const Tensor& start : starts()) {
        Tensor gradient = Tensor::empty(start.shape(), DType::float64);
        double* g = gradient.mutable_data<double>();
        for (std::int64_t i = 0; i < gradient.numel(); ++i)
          g[i] = std::cos(0.01 * static_cast<double>(i) * t);
        made[static_cast<std::size_t>(t - 1)].push_back(gradient.to(start.dtype()));
      }
    return made;
  }();
  return all[static_cast<std::size_t>(t - 1)];
}

const RuleCase every_term = {"SGD",
                             {{"lr", 0.1},
                              {"momentum", 0.9},
                              {"dampening", 0.9},
                              {"debias", true},
                              {"weight_decay", 0.01},
                              {"nesterov", true},
                              {"maximize", true}}};

// All parameters and all that is kept after three steps on that many threads.
StateDict run(int threads, const RuleCase& rule, Parameters& parameters) {
  const Threads scope(threads);
  parameters = many_parameters();
  const auto optimizer = make_optimizer(rule.rule, {{parameters, rule.options}});
  for (int t = 1; t <= steps_on_threads; ++t) {
    for (std::size_t k = 0; k < parameters.size(); ++k)
      Variable(parameters[k].variable).set_grad(gradients_at(t)[k]);
    optimizer->step();
  }
  StateDict state = optimizer->state_dict();
  for (const Parameter& p : parameters) state.set("value." + p.name, p.variable.value());
  return state;
}

}  // namespace

TEST_CASE("Optimizer: the same bits for 1 to 4 threads under every rule") {
  Parameters parameters;
  for (const RuleCase& rule : rule_cases()) {
    INFO(to_string(rule));
    const StateDict one = run(1, rule, parameters);
    for (const int threads : test::more_threads())
      CHECK(same_state(one, run(threads, rule, parameters)));
  }
}

TEST_CASE("Optimizer: every element of every tensor is changed once, on any number of threads") {
  Parameters parameters;
  run(4, every_term, parameters);
  const Parameters start = many_parameters();
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    const std::vector<double> actual = values(parameters[k]);
    const std::vector<double> before = values(start[k]);
    const double tolerance = parameters[k].variable.dtype() == DType::float32 ? 1e-6 : 1e-14;
    double worst = 0;
    for (std::size_t i = 0; i < actual.size(); ++i) {
      double p = before[i];
      double a = 0;
      double product = 1;
      for (int t = 1; t <= 3; ++t) {
        const double g = -std::cos(0.01 * static_cast<double>(i) * t) + 0.01 * p;
        a = 0.9 * a + 0.1 * g;
        product *= 0.9;
        p -= 0.1 * (0.9 * a + 0.1 * g) / (1 - product * 0.9);
      }
      worst = std::max(worst, std::abs(p - actual[i]));
    }
    INFO(parameters[k].name << " of " << actual.size() << " elements");
    CHECK(worst < tolerance);
  }
}

}  // namespace plumb::test
