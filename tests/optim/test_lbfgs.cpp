#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "../support/threads.hpp"
#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::LBFGS;

// The curved valley of lbfgs_reference.py.
struct Valley {
  double bend;
  Parameter w = parameter("w", {-1.2, 1.0, -0.5});
  Parameter b = parameter("b", {0.8, 1.5});
  int calls = 0;

  optim::Closure closure() {
    return [this] {
      ++calls;
      const std::vector<double> x = all();
      std::vector<double> g(5);
      double loss = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        const double off = x[i + 1] - x[i] * x[i];
        loss += (1 - x[i]) * (1 - x[i]) + bend * off * off;
        g[i] += -2 * (1 - x[i]) - 4 * bend * off * x[i];
        g[i + 1] += 2 * bend * off;
      }
      set_grad(w, {g[0], g[1], g[2]});
      set_grad(b, {g[3], g[4]});
      return loss;
    };
  }
  std::vector<double> all() const {
    std::vector<double> x = values(w);
    for (const double value : values(b)) x.push_back(value);
    return x;
  }
};

LBFGS::Options valley_options(std::istringstream& line) {
  LBFGS::Options options;
  for (std::string option; line >> option;) {
    const std::string name = option.substr(0, option.find('='));
    const double value = std::stod(option.substr(option.find('=') + 1));
    if (name == "lr")
      options.lr = value;
    else
      options = optim::with(options, {{name, static_cast<std::int64_t>(value)}});
  }
  return options;
}

}  // namespace

TEST_CASE("LBFGS: follows PyTorch's with its strong-Wolfe search") {
  std::ifstream file(PLUMB_SOURCE_DIR "/tests/reference/lbfgs.txt");
  REQUIRE(file.good());
  std::unique_ptr<Valley> valley;
  std::unique_ptr<LBFGS> optimizer;
  int steps = 0;
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    std::string word;
    double number = 0;
    line >> word >> number;
    if (word == "case") {
      valley = std::make_unique<Valley>(Valley{number});
      optimizer = std::make_unique<LBFGS>(Parameters{valley->w, valley->b}, valley_options(line));
    } else if (word == "at") {
      INFO(text);
      CHECK(optimizer->step(valley->closure()) == doctest::Approx(number).epsilon(1e-6));
      for (const double x : valley->all()) {
        double expected = 0;
        line >> expected;
        CHECK(x == doctest::Approx(expected).epsilon(1e-6));
      }
      ++steps;
    }
  }
  CHECK(steps == 24);
}

TEST_CASE("LBFGS: a quadratic bowl of two curvatures, by hand") {
  // f = p^2 / 2 + 2 q^2 at (1, 1): g = (1, 4), and -g / 5 is tried first: (0.8, 0.2), slope
  // -(0.8 1 + 0.8 4) against -17: flat enough.
  const Parameter p = parameter("p", {1, 1});
  LBFGS::Options options;
  options.max_iter = 1;
  LBFGS optimizer({p}, options);
  int calls = 0;
  const optim::Closure closure = [&] {
    ++calls;
    const std::vector<double> x = values(p);
    set_grad(p, {x[0], 4 * x[1]});
    return x[0] * x[0] / 2 + 2 * x[1] * x[1];
  };
  CHECK(optimizer.step(closure) == 2.5);
  CHECK(calls == 2);
  CHECK(values(p)[0] == doctest::Approx(0.8).epsilon(1e-15));
  CHECK(values(p)[1] == doctest::Approx(0.2).epsilon(1e-14));
  // s = (-0.2, -0.8), y = (-0.2, -3.2), y s = 2.6, y y = 10.28, g = (0.8, 0.8):
  // a = s q / 2.6 = 0.8 / 2.6, and the search takes d whole.
  const double a = 0.8 / 2.6, h = 2.6 / 10.28;
  const double d0 = h * (-0.8 + a * 0.2), d1 = h * (-0.8 + a * 3.2);
  const double back = a - (-0.2 * d0 - 3.2 * d1) / 2.6;
  optimizer.step(closure);
  CHECK(values(p)[0] == doctest::Approx(0.8 + d0 - 0.2 * back).epsilon(1e-12));
  CHECK(values(p)[1] == doctest::Approx(0.2 + d1 - 0.8 * back).epsilon(1e-12));
  options.max_iter = 20;
  optimizer.set(0, "max_iter", std::int64_t{20});
  for (int t = 0; t < 3; ++t) optimizer.step(closure);
  CHECK(std::abs(values(p)[0]) < 1e-5);
  CHECK(std::abs(values(p)[1]) < 1e-5);
}

TEST_CASE("LBFGS: goes on bit for bit from a state dict, also in float32") {
  for (const DType dtype : {DType::float64, DType::float32}) {
    Valley first{20}, second{20};
    for (Valley* each : {&first, &second}) {
      each->w.variable.set_value(each->w.variable.value().to(dtype));
      each->b.variable.set_value(each->b.variable.value().to(dtype));
    }
    LBFGS::Options options;
    options.max_iter = 3;
    options.history_size = 4;
    LBFGS stopped({first.w, first.b}, options), resumed({second.w, second.b}, options);
    for (int t = 0; t < 3; ++t) {
      Variable(second.w.variable).set_value(first.w.variable.value().clone());
      Variable(second.b.variable).set_value(first.b.variable.value().clone());
      resumed.load_state_dict(stopped.state_dict());
      stopped.step(first.closure());
      resumed.step(second.closure());
      CHECK(first.all() == second.all());
      CHECK(same_state(stopped.state_dict(), resumed.state_dict()));
    }
  }
}

TEST_CASE("LBFGS: a closure that throws leaves weights and memory as they were") {
  Valley valley{20};
  LBFGS optimizer({valley.w, valley.b});
  const optim::Closure closure = valley.closure();
  optimizer.step(closure);
  const StateDict state = optimizer.state_dict().clone();
  const std::vector<double> before = valley.all();
  for (const int call : {1, 2, 5}) {
    const int start = valley.calls;
    CHECK(error_of([&] {
            optimizer.step([&] {
              if (valley.calls - start + 1 == call) errors::fail("loss", "none");
              return closure();
            });
          }) == "[loss] none");
    CHECK(valley.all() == before);
    CHECK(same_state(optimizer.state_dict(), state));
  }
}

TEST_CASE("LBFGS: a loss that is no number is too far, and at the start no step") {
  const Parameter p = parameter("p", {1});
  LBFGS::Options options;
  options.lr = 1000;
  LBFGS optimizer({p}, options);
  optimizer.step([&] {  // log, which ends at 0
    const double x = values(p)[0];
    set_grad(p, {-1 / x + 1});
    return x - std::log(x);
  });
  CHECK(values(p)[0] == 1);  // there the gradient is 0 already
  Variable(p.variable).set_value(Tensor::from({3.0}));
  optimizer.step([&] {
    const double x = values(p)[0];
    set_grad(p, {-1 / x + 1});
    return x - std::log(x);
  });
  CHECK(values(p)[0] > 0);
  CHECK(values(p)[0] < 3);
  Variable(p.variable).set_value(Tensor::from({3.0}));
  optimizer.step([&] {
    set_grad(p, {std::nan("")});
    return std::nan("");
  });
  CHECK(values(p)[0] == 3);
}

TEST_CASE("LBFGS: the same bits for 1 to 4 threads") {
  const auto run = [](int threads) {
    const Threads scope(threads);
    const Parameter p = {"p", Variable::leaf(Tensor::full({70000}, 0.5, DType::float64))};
    LBFGS::Options options;
    options.max_iter = 4;
    LBFGS optimizer({p}, options);
    optimizer.step([&] {
      const std::vector<double> x = values(p);
      std::vector<double> g(x.size());
      double loss = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double curvature = 1 + static_cast<double>(i % 7);
        loss += curvature * x[i] * x[i] / 2;
        g[i] = curvature * x[i];
      }
      set_grad(p, g);
      return loss;
    });
    return optimizer.state_dict();
  };
  const StateDict one = run(1);
  for (const int threads : test::more_threads()) CHECK(same_state(one, run(threads)));
}

TEST_CASE("LBFGS: refuses by name") {
  const Parameter p = parameter("p", {1});
  const Parameter q = parameter("q", {1});
  LBFGS optimizer({p});
  set_grad(p, {1});
  CHECK(error_of([&] { optimizer.step(); }) ==
        "[LBFGS] a step needs a closure that computes the loss: step(closure)");
  CHECK(error_of([&] {
          LBFGS({{{p}}, {{q}}}).step([] { return 0.0; });
        }) == "[LBFGS] takes one group of parameters, got 2");
  const auto refusal = [&](const char* name, optim::OptionValue value) {
    return error_of([&] { optimizer.set(0, name, value); });
  };
  CHECK(refusal("lr", -1.0) == "[LBFGS] lr must be in [0, inf), got -1");
  CHECK(refusal("max_iter", std::int64_t{0}) == "[LBFGS] max_iter must be in [1, inf), got 0");
  CHECK(refusal("max_eval", std::int64_t{0}) == "[LBFGS] max_eval must be in [1, inf), got 0");
  CHECK(refusal("history_size", std::int64_t{0}) ==
        "[LBFGS] history_size must be in [1, 1000], got 0");
  CHECK(to_string(optimizer.settings(0)) ==
        "lr=1, max_iter=20, max_eval=25, tolerance_grad=1e-07, tolerance_change=1e-09, "
        "history_size=10");
}

}  // namespace plumb::test
