#include <cmath>
#include <limits>

#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::SGD;
using Options = SGD::Options;

// The weight of each of n gradients in the displacement of step n at lr 1: element i of the
// parameter has the gradient 1 in step i and 0 in all others.
std::vector<double> weights_at_last_step(const Options& options, std::size_t n) {
  const Parameter p = parameter("p", std::vector<double>(n));
  SGD optimizer({p}, options);
  std::vector<double> before;
  for (std::size_t t = 0; t < n; ++t) {
    std::vector<double> unit(n);
    unit[t] = 1;
    set_grad(p, unit);
    before = values(p);
    optimizer.step();
  }
  std::vector<double> weights = values(p);
  for (std::size_t i = 0; i < n; ++i) weights[i] = before[i] - weights[i];
  return weights;
}

double gradient_at(int t) { return std::sin(3.7 * t); }

}  // namespace

TEST_CASE("SGD: plain is p - lr g") {
  CHECK(after<SGD>(SGD::plain(0.25), {2}) == 0.5);
  CHECK(after<SGD>(SGD::plain(0.25), {2, -1}) == 0.75);
  CHECK(after<SGD>(SGD::plain(0), {2, -1}) == 1);
}

TEST_CASE("SGD: heavy ball adds momentum times the average") {
  CHECK(after<SGD>(SGD::heavy_ball(0.25, 0.5), {2}) == 0.5);         // a = 2
  CHECK(after<SGD>(SGD::heavy_ball(0.25, 0.5), {2, 1}) == 0);        // a = 1 + 1
  CHECK(after<SGD>(SGD::heavy_ball(0.25, 0.5), {2, 1, -3}) == 0.5);  // a = 1 - 3
}

TEST_CASE("SGD: the first step without debias ignores dampening, as PyTorch's") {
  Options options = SGD::heavy_ball(0.25, 0.5);
  options.dampening = 0.75;
  CHECK(after<SGD>(options, {2}) == 0.5);          // a = 2
  CHECK(after<SGD>(options, {2, 4}) == 0);         // a = 0.5 * 2 + 0.25 * 4 = 2
  CHECK(after<SGD>(options, {2, 4, -8}) == 0.25);  // a = 0.5 * 2 - 0.25 * 8 = -1
}

TEST_CASE("SGD: nesterov looks one step of the average ahead") {
  Options options = SGD::heavy_ball(0.25, 0.5);
  options.nesterov = true;
  CHECK(after<SGD>(options, {2}) == 0.25);      // a = 2, d = 2 + 1
  CHECK(after<SGD>(options, {2, 1}) == -0.25);  // a = 2, d = 1 + 1
}

TEST_CASE("SGD: weight decay is added to the gradient") {
  Options options = SGD::plain(0.25);
  options.weight_decay = 0.5;
  CHECK(after<SGD>(options, {2}) == 0.375);        // g = 2 + 0.5
  CHECK(after<SGD>(options, {2, 0}) == 0.328125);  // g = 0.5 * 0.375
  options.momentum = 0.5;
  CHECK(after<SGD>(options, {2, 0}) == 0.015625);  // a = 0.5 * 2.5 + 0.1875
}

TEST_CASE("SGD: maximize turns the gradient round, and not the decay") {
  Options options = SGD::plain(0.25);
  options.maximize = true;
  CHECK(after<SGD>(options, {2}) == 1.5);
  options.weight_decay = 0.5;
  CHECK(after<SGD>(options, {2}) == 1.375);  // g = -2 + 0.5
}

TEST_CASE("SGD: debiased is the weighted mean of the gradients") {
  const Options options = SGD::debiased(0.25, 0.5);
  CHECK(after<SGD>(options, {4}) == 0);  // a = 2, d = 2 / 0.5
  // a = 1 + 4, d = 5 / 0.75
  CHECK(after<SGD>(options, {4, 8}) == doctest::Approx(0 - 0.25 * 5 / 0.75).epsilon(1e-15));
}

TEST_CASE("SGD: debiased nesterov averages once more") {
  Options options = SGD::debiased(0.25, 0.5);
  options.nesterov = true;
  CHECK(after<SGD>(options, {4}) ==
        doctest::Approx(0).epsilon(1e-15));  // a = 2, d = (1 + 2) / 0.75
  // a = 1 + 4, d = (2.5 + 4) / 0.875
  CHECK(after<SGD>(options, {4, 8}) == doctest::Approx(0 - 0.25 * 6.5 / 0.875).epsilon(1e-15));
  double sum = 0;
  options = SGD::debiased(1, 0.9);
  options.nesterov = true;
  for (const double weight : weights_at_last_step(options, 7)) sum += weight;
  CHECK(sum == doctest::Approx(1).epsilon(1e-14));
}

TEST_CASE("SGD: debias with another dampening scales the mean") {
  Options options = SGD::debiased(0.25, 0.5);
  options.dampening = 0;  // (1 - 0) / (1 - 0.5) = 2 times the mean
  CHECK(after<SGD>(options, {4}) == -1);
  options.dampening = 0.75;  // half of the mean
  CHECK(after<SGD>(options, {4}) == 0.5);
  options.nesterov = true;
  CHECK(after<SGD>(options, {4}) == doctest::Approx(0.5).epsilon(1e-15));  // a = 1, d = 1.5 / 0.75
}

TEST_CASE("SGD: the weight of the first gradient after ten steps") {
  const auto debiased = weights_at_last_step(SGD::debiased(1, 0.9), 10);
  CHECK(debiased[0] == doctest::Approx(0.0595).epsilon(1e-3));  // 0.1 0.9^9 / (1 - 0.9^10)
  double sum = 0;
  for (const double weight : debiased) sum += weight;
  CHECK(sum == doctest::Approx(1).epsilon(1e-14));
  Options dampened = SGD::heavy_ball(1, 0.9);
  dampened.dampening = 0.9;
  CHECK(weights_at_last_step(dampened, 10)[0] == doctest::Approx(0.3874).epsilon(1e-3));  // 0.9^9
}

TEST_CASE("SGD: debiased equals heavy ball with lr (1 - beta) / (1 - beta^t)") {
  for (const double beta : {0.5, 0.9, 0.999}) {
    const Parameter p = parameter("p", {1});
    const Parameter q = parameter("q", {1});
    SGD debiased({p}, SGD::debiased(0.3, beta));
    SGD heavy_ball({q}, SGD::heavy_ball(0.3, beta));
    for (int t = 1; t <= 300; ++t) {
      set_grad(p, {gradient_at(t) + values(p)[0]});
      set_grad(q, {gradient_at(t) + values(q)[0]});
      heavy_ball.set_lr(0.3 * (1 - beta) / (1 - std::pow(beta, t)));
      debiased.step();
      heavy_ball.step();
      REQUIRE(values(p)[0] == doctest::Approx(values(q)[0]).epsilon(1e-12));
    }
  }
}

TEST_CASE("SGD: debiased weights are the closed form, and their sum 1, for beta up to 0.9999") {
  for (const double beta : {0.5, 0.9, 0.99, 0.999, 0.9999}) {
    for (const std::size_t n : {1u, 2u, 10u, 300u}) {
      INFO("beta " << beta << ", n " << n);
      const auto weights = weights_at_last_step(SGD::debiased(1, beta), n);
      const auto steps = static_cast<double>(n);
      const double total = -std::expm1(steps * std::log(beta));  // 1 - beta^n
      double sum = 0;
      double worst = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double age = steps - 1 - static_cast<double>(i);
        const double exact = (1 - beta) * std::pow(beta, age) / total;
        worst = std::max(worst, std::abs(weights[i] - exact));
        sum += weights[i];
      }
      CHECK(worst < 1e-12);
      CHECK(std::abs(sum - 1) < 1e-12);
    }
  }
}

TEST_CASE("SGD: debiased stays a mean when momentum changes on the way") {
  const Parameter p = parameter("p", std::vector<double>(3));
  SGD optimizer({p}, SGD::debiased(1, 0.9));
  std::vector<double> before;
  for (std::size_t t = 0; t < 3; ++t) {
    std::vector<double> unit(3);
    unit[t] = 1;
    set_grad(p, unit);
    const double momentum = t == 1 ? 0.25 : 0.9;
    optimizer.set(0, {{"momentum", momentum}, {"dampening", momentum}});
    before = values(p);
    optimizer.step();
  }
  const double total = 1 - 0.9 * 0.25 * 0.9;
  CHECK(before[0] - values(p)[0] == doctest::Approx(0.1 * 0.25 * 0.9 / total).epsilon(1e-14));
  CHECK(before[1] - values(p)[1] == doctest::Approx(0.75 * 0.9 / total).epsilon(1e-14));
  CHECK(before[2] - values(p)[2] == doctest::Approx(0.1 / total).epsilon(1e-14));
}

TEST_CASE("SGD: the average rests while momentum is 0") {
  const Parameter p = parameter("p", {1});
  SGD optimizer({p}, SGD::heavy_ball(0.25, 0.5));
  set_grad(p, {2});
  optimizer.step();  // a = 2
  optimizer.set(0, "momentum", 0.0);
  set_grad(p, {4});
  optimizer.step();
  CHECK(values(p)[0] == -0.5);
  optimizer.set(0, "momentum", 0.5);
  set_grad(p, {1});
  optimizer.step();  // a = 0.5 * 2 + 1
  CHECK(values(p)[0] == -1);
}

TEST_CASE("SGD: momentum that is switched on later begins with the gradient") {
  const Parameter p = parameter("p", {1});
  Options options = SGD::plain(0.25);
  options.dampening = 0.5;
  SGD optimizer({p}, options);
  set_grad(p, {2});
  optimizer.step();
  optimizer.set(0, "momentum", 0.5);
  optimizer.step();
  CHECK(values(p)[0] == 0);  // a = g = 2, dampening ignored
}

TEST_CASE("SGD: a gradient of zero still moves") {
  CHECK(after<SGD>(SGD::heavy_ball(0.25, 0.5), {2, 0}) == 0.25);  // a = 1
  const double debiased = after<SGD>(SGD::debiased(0.25, 0.5), {2, 0});
  CHECK(debiased == doctest::Approx(0.5 - 0.25 * 0.5 / 0.75).epsilon(1e-15));
}

TEST_CASE("SGD: a NaN gradient reaches the parameter unless it is refused") {
  CHECK(std::isnan(after<SGD>(SGD::heavy_ball(0.1, 0.9), {std::nan("")})));
}

TEST_CASE("SGD: a step without decay leaves an infinite parameter infinite") {
  const Parameter p = parameter("p", {std::numeric_limits<double>::infinity()});
  SGD optimizer({p}, SGD::heavy_ball(0.1, 0.9));
  set_grad(p, {1});
  optimizer.step();
  CHECK(std::isinf(values(p)[0]));
}

TEST_CASE("SGD: options out of range are refused by name, when made and when changed") {
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  struct Case {
    const char* name;
    double value;
    const char* text;
  };
  const Case cases[] = {
      {"lr", -0.1, "[SGD] lr must be in [0, inf), got -0.1"},
      {"lr", nan, "[SGD] lr must be in [0, inf), got nan"},
      {"lr", infinity, "[SGD] lr must be in [0, inf), got inf"},
      {"momentum", 1.2, "[SGD] momentum must be in [0, 1), got 1.2"},
      {"momentum", 1, "[SGD] momentum must be in [0, 1), got 1"},
      {"momentum", -0.5, "[SGD] momentum must be in [0, 1), got -0.5"},
      {"momentum", nan, "[SGD] momentum must be in [0, 1), got nan"},
      {"dampening", 1.5, "[SGD] dampening must be in [0, 1], got 1.5"},
      {"dampening", -1, "[SGD] dampening must be in [0, 1], got -1"},
      {"weight_decay", -0.01, "[SGD] weight_decay must be in [0, inf), got -0.01"},
      {"weight_decay", infinity, "[SGD] weight_decay must be in [0, inf), got inf"},
  };
  const Parameter p = parameter("p", {1});
  SGD optimizer({p}, SGD::plain(0.1));
  const std::string before = to_string(optimizer.settings(0));
  for (const Case& it : cases) {
    const optim::Settings changes = {{it.name, it.value}};
    CHECK(error_of([&] { SGD({p}, optim::with(Options(), changes)); }) == it.text);
    CHECK(error_of([&] { SGD({{{p}, changes}}, Options()); }) == it.text);
    CHECK(error_of([&] { optimizer.set(0, changes); }) == it.text);
  }
  CHECK(to_string(optimizer.settings(0)) == before);
}

TEST_CASE("SGD: nesterov needs momentum, and no dampening unless debiased") {
  const Parameter p = parameter("p", {1});
  Options options;
  options.nesterov = true;
  CHECK(error_of([&] { SGD({p}, options); }) == "[SGD] nesterov needs momentum above 0, got 0");
  options.momentum = 0.9;
  options.dampening = 0.5;
  CHECK(error_of([&] { SGD({p}, options); }) ==
        "[SGD] nesterov without debias needs dampening 0, got 0.5");
  options.debias = true;
  SGD optimizer({p}, options);
  CHECK(error_of([&] { optimizer.set(0, "debias", false); }) ==
        "[SGD] nesterov without debias needs dampening 0, got 0.5");
  CHECK(error_of([&] { optimizer.set(0, "momentum", 0.0); }) ==
        "[SGD] nesterov needs momentum above 0, got 0");
  CHECK(optimizer.options(0).debias);
  CHECK(optimizer.options(0).momentum == 0.9);
  optimizer.set(0, {{"debias", false}, {"dampening", 0.0}});  // together they are valid
  CHECK_FALSE(optimizer.options(0).debias);
}

TEST_CASE("SGD: named constructors set what they say") {
  const auto settings = [](const Options& options) {
    return to_string(optim::settings_of(options));
  };
  CHECK(settings(SGD::plain(0.5)) ==
        "lr=0.5, momentum=0, dampening=0, debias=false, nesterov=false, weight_decay=0, "
        "maximize=false, accumulate_below=0, max_wait=0");
  CHECK(settings(SGD::heavy_ball(0.5, 0.9)) ==
        "lr=0.5, momentum=0.9, dampening=0, debias=false, nesterov=false, weight_decay=0, "
        "maximize=false, accumulate_below=0, max_wait=0");
  CHECK(settings(SGD::debiased(0.5, 0.9)) ==
        "lr=0.5, momentum=0.9, dampening=0.9, debias=true, nesterov=false, weight_decay=0, "
        "maximize=false, accumulate_below=0, max_wait=0");
}

}  // namespace plumb::test
