#include <cmath>

#include "parameters.hpp"

namespace plumb::test {
namespace {

using optim::Prodigy;

Prodigy::Options binary_prodigy_options() {
  Prodigy::Options options;
  options.beta1 = 0;
  options.beta2 = 0.25;  // its root is 0.5
  options.eps = 0;
  options.d0 = 0.5;
  options.d_coef = 4;
  return options;
}

}  // namespace

TEST_CASE("Prodigy: the distance grows by what the gradients say of the way from the start") {
  const Parameter p = parameter("p", {1});
  Prodigy optimizer({p}, binary_prodigy_options());
  CHECK(optimizer.distance() == 0.5);
  set_grad(p, {4});
  optimizer.step();  // m = 2, v = 3, s = 2; no way yet
  CHECK(optimizer.distance() == 0.5);
  const double first = 1 - 0.5 * 2 / std::sqrt(3);
  CHECK(values(p)[0] == doctest::Approx(first).epsilon(1e-15));
  optimizer.step();  // m = 2, v = 3.75, s = 3, r = 0.5 4 (1 - p)
  const double found = 4 * 2 * (1 - first) / 3;
  CHECK(optimizer.distance() == doctest::Approx(found).epsilon(1e-15));
  CHECK(values(p)[0] == doctest::Approx(first - 0.5 * 2 / std::sqrt(3.75)).epsilon(1e-15));
  set_grad(p, {-4});  // back: the estimate falls, the distance does not
  optimizer.step();
  CHECK(optimizer.distance() == doctest::Approx(found).epsilon(1e-15));
}

TEST_CASE("Prodigy: one distance for all groups, and for parameters that pause") {
  const Parameter p = parameter("p", {1});
  const Parameter q = parameter("q", {1});
  auto options = binary_prodigy_options();
  options.eps = 1e-12;  // q begins with a gradient of 0
  Prodigy optimizer({{{p}}, {{q}}}, options);
  set_grad(p, {4});
  set_grad(q, {0});
  optimizer.step();
  Variable(q.variable).set_grad(Tensor());
  for (int t = 0; t < 4; ++t) optimizer.step();
  const double found = optimizer.distance();
  CHECK(found > 1);
  set_grad(q, {4});
  Variable(p.variable).set_grad(Tensor::zeros({1}, DType::float64));
  optimizer.step();  // m = d 4, v = 0.75 (d 4)^2
  CHECK(values(q)[0] == doctest::Approx(1 - found / std::sqrt(0.75)).epsilon(1e-9));
}

TEST_CASE("Prodigy: weight decay and bias correction are times the distance") {
  auto options = binary_prodigy_options();
  const double plain = after<Prodigy>(options, {4});
  options.weight_decay = 0.5;
  CHECK(after<Prodigy>(options, {4}) == doctest::Approx(plain - 0.25).epsilon(1e-15));
  options.weight_decay = 0;
  options.bias_correction = true;
  options.beta1 = 0.5;
  CHECK(after<Prodigy>(options, {4}) == doctest::Approx(0.5).epsilon(1e-15));  // Adam's step
}

TEST_CASE("Prodigy: gradients of zero change nothing") {
  CHECK(after<Prodigy>({}, {0, 0, 0}) == 1);
}

TEST_CASE("Prodigy: options out of range are refused by name") {
  Prodigy optimizer({parameter("p", {1})});
  const auto refusal = [&](const char* name, double value) {
    return error_of([&] { optimizer.set(0, name, value); });
  };
  CHECK(refusal("lr", -1) == "[Prodigy] lr must be in [0, inf), got -1");
  CHECK(refusal("beta1", 1) == "[Prodigy] beta1 must be in [0, 1), got 1");
  CHECK(refusal("beta2", 0) ==
        "[Prodigy] beta2 must be above 0: the distance is averaged by its root");
  CHECK(refusal("d0", 0) == "[Prodigy] d0 must be above 0");
  CHECK(refusal("d_coef", -1) == "[Prodigy] d_coef must be in [0, inf), got -1");
  CHECK(to_string(optimizer.settings(0)) ==
        "lr=1, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0, d0=1e-06, d_coef=1, "
        "bias_correction=false, safeguard_warmup=false");
}

}  // namespace plumb::test
