// Rules for matrices: Muon and SOAP.
#include <cmath>

#include "../support/threads.hpp"
#include "rules.hpp"

namespace plumb::test {
namespace {

using optim::Muon;

Parameter matrix(const std::string& name, const Shape& shape, DType dtype, double phase) {
  Tensor value = Tensor::empty(shape, DType::float64);
  double* x = value.mutable_data<double>();
  for (std::int64_t i = 0; i < value.numel(); ++i)
    x[i] = std::sin(1.7 * static_cast<double>(i) + phase);
  return {name, Variable::leaf(value.to(dtype))};
}

void set_matrix_gradients(const Parameters& parameters, int t) {
  for (const Parameter& p : parameters)
    Variable(p.variable)
        .set_grad(matrix("", p.variable.shape(), p.variable.dtype(), 0.3 * t).variable.value());
}

Muon::Options muon_options(double lr, double momentum) {
  Muon::Options options;
  options.lr = lr;
  options.momentum = momentum;
  return options;
}

// What Muon makes of a singular value of a matrix that has one.
double of_one() {
  double s = 1;
  for (int step = 0; step < 5; ++step)
    s = 3.4445 * s - 4.7750 * s * s * s + 2.0315 * s * s * s * s * s;
  return s;
}

// Values and all that is kept after three steps.
StateDict run_matrices(int threads, const RuleCase& rule) {
  const Threads scope(threads);
  const Parameters parameters = {matrix("a", {150, 100}, DType::float32, 0),
                                 matrix("b", {32, 3, 5, 5}, DType::float32, 1),
                                 matrix("c", {30, 80}, DType::float64, 2)};
  const auto optimizer = make_optimizer(rule.rule, {{parameters, rule.options}});
  for (int t = 1; t <= 3; ++t) {
    set_matrix_gradients(parameters, t);
    optimizer->step();
  }
  StateDict state = optimizer->state_dict();
  for (const Parameter& p : parameters) state.set("value." + p.name, p.variable.value());
  return state;
}

}  // namespace

TEST_CASE("Muon: a matrix of one singular value, by hand") {
  const Parameter column = matrix("p", {4, 1}, DType::float64, 0);
  Muon optimizer({column}, muon_options(0.25, 0.5));
  const std::vector<double> before = values(column);
  set_grad(column, {3, 0, -4, 0});
  optimizer.step();  // sqrt(4 / 1) is 2
  const std::vector<double> expected = {before[0] - 0.5 * 0.6 * of_one(), before[1],
                                        before[2] + 0.5 * 0.8 * of_one(), before[3]};
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(values(column)[i] == doctest::Approx(expected[i]).epsilon(1e-6));
  CHECK(std::abs(of_one() - 0.7) < 0.1);

  const Parameter row = {"p", Variable::leaf(Tensor::zeros({1, 2, 2}, DType::float64))};
  Muon::Options options = muon_options(0.25, 0.5);
  options.nesterov = false;
  Muon flat({row}, options);
  set_grad(row, {3, 0, -4, 0});
  flat.step();
  set_grad(row, {0, 3, 0, -4});  // m = (3, 6, -4, -8) / 4
  flat.step();
  const double length = std::sqrt(125);
  CHECK(values(row)[0] == doctest::Approx(-0.25 * of_one() * (0.6 + 3 / length)).epsilon(1e-6));
  CHECK(values(row)[3] == doctest::Approx(0.25 * of_one() * 8 / length).epsilon(1e-6));
}

TEST_CASE("Muon: the step's singular values are near 1, on either side") {
  for (const Shape& shape : {Shape{20, 8}, Shape{8, 20}, Shape{10, 2, 2, 2}}) {
    const Parameter p = {"p", Variable::leaf(Tensor::zeros(shape))};
    Muon optimizer({p}, muon_options(1, 0.95));
    set_matrix_gradients({p}, 1);
    optimizer.step();
    const Tensor step = p.variable.value().reshape({shape[0], -1});
    const linalg::SVD gradient = linalg::svd(p.variable.grad().reshape({shape[0], -1}));
    const linalg::SVD svd = linalg::svd(step);
    const double longer = std::sqrt(
        std::max(1.0, static_cast<double>(step.dim(0)) / static_cast<double>(step.dim(1))));
    for (std::int64_t i = 0; i < svd.s.dim(0); ++i) {
      if (gradient.s.at({i}) < 0.02 * gradient.s.at({0})) continue;  // these are on their way
      CHECK(svd.s.at({i}) / longer > 0.6);
      CHECK(svd.s.at({i}) / longer < 1.3);
    }
  }
}

TEST_CASE("Muon: a gradient of zeros changes nothing but what the decay does") {
  const Parameter p = {"p", Variable::leaf(Tensor::ones({2, 3}))};
  Muon::Options options = muon_options(0.25, 0.5);
  options.weight_decay = 0.5;
  Muon optimizer({p}, options);
  set_grad(p, {0, 0, 0, 0, 0, 0});
  optimizer.step();
  CHECK(values(p) == std::vector<double>(6, 0.875));
}

TEST_CASE("Muon: refuses what is no matrix, and options out of range, by name") {
  const Parameter bias = parameter("bias", {1, 2});
  const Parameter weight = {"weight", Variable::leaf(Tensor::ones({2, 3}))};
  CHECK(error_of([&] {
          Muon({weight, bias});
        }) == "[Muon] parameter 'bias' must have at least 2 axes, got [2]");
  Muon optimizer({weight});
  CHECK(error_of([&] { optimizer.add_group({{bias}}); }) ==
        "[Muon] parameter 'bias' must have at least 2 axes, got [2]");
  CHECK(optimizer.groups().size() == 1);
  const auto refusal = [&](const char* name, optim::OptionValue value) {
    return error_of([&] { optimizer.set(0, name, value); });
  };
  CHECK(refusal("lr", -1.0) == "[Muon] lr must be in [0, inf), got -1");
  CHECK(refusal("momentum", 1.0) == "[Muon] momentum must be in [0, 1), got 1");
  CHECK(refusal("weight_decay", -1.0) == "[Muon] weight_decay must be in [0, inf), got -1");
  CHECK(refusal("ns_steps", std::int64_t{0}) == "[Muon] ns_steps must be in [1, 100], got 0");
  CHECK(to_string(optimizer.settings(0)) ==
        "lr=0.02, momentum=0.95, nesterov=true, weight_decay=0, ns_steps=5");
}

TEST_CASE("SOAP: the first step builds the bases, the second is Adam's in them") {
  const Parameter p = {"p", Variable::leaf(Tensor::ones({2, 2}, DType::float64))};
  optim::SOAP::Options options;
  options.lr = 0.25;
  options.weight_decay = 0;
  options.eps = 0;
  optim::SOAP optimizer({p}, options);
  set_grad(p, {2, 0, 0, 1});  // its bases are the axes
  optimizer.step();
  CHECK(values(p) == std::vector<double>{1, 1, 1, 1});
  set_grad(p, {3, -5, 7, 9});
  optimizer.step();  // lr in the direction of each element
  const std::vector<double> expected = {0.75, 1.25, 0.75, 0.75};
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(values(p)[i] == doctest::Approx(expected[i]).epsilon(1e-14));

  const Parameter q = {"q", Variable::leaf(Tensor::zeros({2, 2}, DType::float64))};
  optim::SOAP turned({q}, options);
  set_grad(q, {3, 1, 1, 3});  // the bases are the diagonals
  turned.step();
  set_grad(q, {1, 0, 0, 0});  // half of each pair of diagonals
  turned.step();              // all four of one size and of the signs of the gradient's parts
  const std::vector<double> diagonal = values(q);
  CHECK(diagonal[0] == doctest::Approx(-0.5).epsilon(1e-14));
  for (std::size_t i = 1; i < 4; ++i) CHECK(std::abs(diagonal[i]) < 1e-14);
}

TEST_CASE("SOAP: without bases it is Adam, a step late") {
  const Parameter p = {"p", Variable::leaf(Tensor::ones({2, 3}, DType::float64))};
  const Parameter q = {"q", Variable::leaf(Tensor::ones({2, 3}, DType::float64))};
  optim::SOAP::Options options;
  options.max_precond_dim = 0;
  options.weight_decay = 0.5;
  options.eps = 0;
  optim::AdamW::Options adamw;
  adamw.lr = options.lr;
  adamw.beta1 = adamw.beta2 = 0.95;
  adamw.weight_decay = 0.5;
  adamw.eps = 0;
  optim::SOAP soap({p}, options);
  optim::AdamW late({q}, adamw);
  for (int t = 1; t <= 12; ++t) {
    set_matrix_gradients({p, q}, t);
    soap.step();
    if (t > 1) late.step();
  }
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(values(p)[i] == doctest::Approx(values(q)[i]).epsilon(1e-13));
}

TEST_CASE("SOAP: a gradient that is not finite is refused and changes nothing") {
  const Parameter p = {"p", Variable::leaf(Tensor::ones({2, 2}, DType::float64))};
  optim::SOAP optimizer({p});
  set_grad(p, {1, std::nan(""), 0, 0});
  CHECK(error_of([&] { optimizer.step(); }) ==
        "[SOAP] a gradient of [2, 2] holds a NaN or an infinity, which no basis survives: no step");
  CHECK_THROWS_AS(optimizer.step(), optim::RefusedGradient);
  CHECK(optimizer.groups()[0].states[0].steps == 0);
  CHECK_FALSE(optimizer.groups()[0].states[0].tensors[2].defined());
}

TEST_CASE("SOAP: a gradient whose square is infinite is refused, and the next is as good as ever") {
  for (const std::int64_t side : {10000, 0}) {  // with bases, and without any
    CAPTURE(side);
    optim::SOAP::Options options;
    options.max_precond_dim = side;
    const Parameter p = {"p", Variable::leaf(Tensor::ones({2, 2}))};
    const Parameter q = {"p", Variable::leaf(Tensor::ones({2, 2}))};
    optim::SOAP optimizer({p}, options), other({q}, options);
    for (int t = 0; t < 12; ++t) {
      set_grad(p, {1e20f, 0, 0, 1});
      if (side > 0 || t > 0) {
        CHECK(error_of([&] { optimizer.step(); }) ==
              "[SOAP] a gradient of [2, 2] is so large that its square is infinite in float32: no "
              "step");
        CHECK_THROWS_AS(optimizer.step(), optim::RefusedGradient);
      }
      set_matrix_gradients({p, q}, t);
      optimizer.step();
      other.step();
    }
    CHECK(values(p) == values(q));
    CHECK(same_state(optimizer.state_dict(), other.state_dict()));
  }
}

TEST_CASE(
    "SOAP: a gradient that is too large to turn the bases by is refused, and changes nothing") {
  optim::SOAP::Options options;
  options.beta2 = 0.5;
  options.precondition_frequency = 1;
  const Parameter p = {"p", Variable::leaf(Tensor::ones({16, 16}))};
  optim::SOAP optimizer({p}, options);
  Tensor diagonal = Tensor::zeros({16, 16});
  for (std::int64_t i = 0; i < 16; ++i)
    diagonal.mutable_data<float>()[17 * i] = static_cast<float>(i + 1);
  for (int t = 0; t < 2; ++t) {
    Variable(p.variable).set_grad(diagonal);
    optimizer.step();
  }
  const StateDict before = optimizer.state_dict().clone();
  const std::vector<double> weights = values(p);
  // Its moments are 1.28e38, columns of 16 of these are longer than a float can be.
  Variable(p.variable).set_grad(Tensor::full({16, 16}, 4e18));
  CHECK_THROWS_AS(optimizer.step(), optim::RefusedGradient);
  CHECK(values(p) == weights);
  CHECK(same_state(optimizer.state_dict(), before));
}

TEST_CASE(
    "SOAP: refuses what is no matrix, options out of range and bases of other sizes, by name") {
  const Parameter p = {"p", Variable::leaf(Tensor::ones({2, 3}))};
  CHECK(error_of([&] { optim::SOAP({parameter("bias", {1})}); }) ==
        "[SOAP] parameter 'bias' must have at least 2 axes, got [1]");
  optim::SOAP optimizer({p});
  const auto refusal = [&](const char* name, optim::OptionValue value) {
    return error_of([&] { optimizer.set(0, name, value); });
  };
  CHECK(refusal("beta1", 1.0) == "[SOAP] beta1 must be in [0, 1), got 1");
  CHECK(refusal("precondition_frequency", std::int64_t{0}) ==
        "[SOAP] precondition_frequency must be in [1, inf), got 0");
  CHECK(to_string(optimizer.settings(0)) ==
        "lr=0.003, beta1=0.95, beta2=0.95, eps=1e-08, weight_decay=0.01, "
        "precondition_frequency=10, max_precond_dim=10000");
  set_matrix_gradients({p}, 1);
  optimizer.step();
  StateDict state = optimizer.state_dict();
  state.set("state.p.left", Tensor::zeros({3, 3}));
  CHECK(error_of([&] { optimizer.load_state_dict(state); }) ==
        "[SOAP] the state dict does not fit: state.p.left is [3, 3] of float32, expected what "
        "belongs to [2, 3] of float32");
}

TEST_CASE("matrix rules: the same bits for 1 to 4 threads") {
  for (const RuleCase& rule : matrix_rule_cases()) {
    INFO(to_string(rule));
    const StateDict one = run_matrices(1, rule);
    for (const int threads : test::more_threads())
      CHECK(same_state(one, run_matrices(threads, rule)));
  }
}

TEST_CASE("matrix rules: go on bit for bit from a state dict of any step") {
  for (const RuleCase& rule : matrix_rule_cases())
    for (int stop = 0; stop <= 12; ++stop) {
      INFO(to_string(rule) << " from step " << stop);
      const auto fresh = [] {
        return Parameters{matrix("a", {3, 4}, DType::float64, 0),
                          matrix("b", {4, 1, 2}, DType::float32, 1)};
      };
      const Parameters straight = fresh(), stopped = fresh();
      const auto first = make_optimizer(rule.rule, {{straight, rule.options}});
      const auto second = make_optimizer(rule.rule, {{stopped, {{"lr", 0.5}}}});
      for (int t = 1; t <= 14; ++t) {
        if (t == stop + 1) {
          second->load_state_dict(first->state_dict());
          for (std::size_t k = 0; k < straight.size(); ++k)
            Variable(stopped[k].variable).set_value(straight[k].variable.value().clone());
        }
        set_matrix_gradients(straight, t);
        first->step();
        if (t <= stop) continue;
        set_matrix_gradients(stopped, t);
        second->step();
      }
      CHECK(same_state(first->state_dict(), second->state_dict()));
      for (std::size_t k = 0; k < straight.size(); ++k)
        CHECK(values(straight[k]) == values(stopped[k]));
    }
}

TEST_CASE("matrix rules: a step between two backward passes is noticed") {
  for (const RuleCase& rule : matrix_rule_cases()) {
    INFO(to_string(rule));
    Variable w = Variable::leaf(Tensor::full({2, 2}, 3));
    const auto optimizer = make_optimizer(rule.rule, {{{{"w", w}}, rule.options}});
    const Variable y = sum(w * w);
    y.backward(retain_graph);
    for (int t = 0; t < 2; ++t) optimizer->step();
    CHECK(contains(error_of([&] { y.backward(); }), "changed in place"));
  }
}

}  // namespace plumb::test
