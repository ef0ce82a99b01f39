#include <cmath>
#include <plumb/nn.hpp>

#include "../support/document.hpp"
#include "parameters.hpp"
#include "sign_descent.hpp"

namespace plumb::test {
namespace {

struct Part {
  Parameter p;
  Parameters parameters() const { return {p}; }
};

}  // namespace

TEST_CASE("docs/optim.md: a step of training") {
  const Part model = {parameter("w", {2})};
  optim::SGD optimizer(model.parameters(), optim::SGD::debiased(0.5, 0.9));
  const Variable loss = model.p.variable * model.p.variable;
  optimizer.zero_grad();
  loss.backward();
  optimizer.step();
  CHECK(values(model.p)[0] == doctest::Approx(0).epsilon(1e-15));  // 2 - 0.5 * 4
}

TEST_CASE("docs/optim.md: gradients near zero") {
  const Part model = {parameter("w", {2})};
  // clang-format off
  optim::SGD::Options options = optim::SGD::heavy_ball(0.05, 0.9);
  options.accumulate_below = 1e-4;
  options.max_wait = 20;
  optim::SGD optimizer(model.parameters(), options);
  set_grad(model.p, {1e-5});
  optimizer.step();
  CHECK(values(model.p)[0] == 2);
  optimizer.flush();                                          // at the end of training
  const double touched = optimizer.release_count().fraction();  // of all elements of all steps
  // clang-format on
  CHECK(values(model.p)[0] == doctest::Approx(2 - 5e-7).epsilon(1e-15));
  CHECK(touched == 0);
}

TEST_CASE("docs/optim.md: clipping") {
  const Part model = {parameter("w", {2})};
  optim::SGD optimizer(model.parameters(), optim::SGD::plain(0.5));
  const Variable loss = model.p.variable * model.p.variable;
  loss.backward();
  const double norm = optim::clip_grad_norm(model.parameters(), 1.0);
  optimizer.step();
  CHECK(norm == 4);
  CHECK(values(model.p)[0] == doctest::Approx(1.5).epsilon(1e-6));
}

TEST_CASE("docs/optim.md: schedules") {
  const Part model = {parameter("w", {2})};
  optim::SGD optimizer(model.parameters(), optim::SGD::plain(0.5));
  // clang-format off
  optim::Schedule schedule(optimizer, optim::curve::warm_up(500, optim::curve::cosine(10000)));
  optimizer.step();
  schedule.step();
  CHECK(optimizer.lr() == 0.001);
  const optim::Curve triangle("triangle()", [](std::int64_t t) { return std::abs(t % 20 - 10) / 10.0; });
  // clang-format on
  CHECK(triangle.factor(3) == 0.7);
}

TEST_CASE("docs/optim.md: averaged weights") {
  const Part model = {parameter("w", {2})};
  optim::SGD optimizer(model.parameters(), optim::SGD::plain(0.5));
  auto average = optim::WeightAverage::debiased(model.parameters(), 0.999);
  set_grad(model.p, {2});
  optimizer.step();
  average.update();
  optimizer.step();
  // clang-format off
  average.swap_in();    // the averages are the model's weights
  CHECK(values(model.p)[0] == doctest::Approx(1).epsilon(1e-15));
  average.swap_out();   // and the trained ones again
  // clang-format on
  CHECK(values(model.p)[0] == 0);
}

TEST_CASE("docs/optim.md: groups") {
  const Part body = {parameter("body", {1})};
  const Part head = {parameter("head", {1})};
  // clang-format off
  optim::SGD optimizer({{body.parameters()}, {head.parameters(), {{"lr", 0.5}, {"momentum", 0.0}}}},
                       optim::SGD::heavy_ball(0.05, 0.9));
  CHECK(optimizer.options(0).momentum == 0.9);
  CHECK(optimizer.options(1).momentum == 0);
  CHECK(optimizer.lr(1) == 0.5);
  optimizer.set_lr(0.01);               // all groups
  optimizer.set(1, "momentum", 0.9);    // one option of one group
  CHECK(optimizer.lr(1) == 0.01);
  CHECK(optimizer.options(1).momentum == 0.9);
  optimizer.set(0, {{"debias", false}, {"dampening", 0.0}});
  optimizer.set_gradient_check(optim::GradientCheck::finite);
  // clang-format on
}

// A network of two parts on a drawn batch, for the documents' groups.
struct Network {
  Generator generator{1};
  // clang-format off
  nn::Sequential model{nn::Sequential{nn::Conv2d(1, 4, 3, generator), nn::ReLU(), nn::Flatten()},
                       nn::Sequential{nn::Linear(144, 10, generator)}};
  // clang-format on
  Variable x = Tensor::ones({2, 1, 8, 8});

  // One step by the loss sum(y^2); the values of the parameter before and after.
  std::pair<std::vector<double>, std::vector<double>> step(optim::Optimizer& optimizer,
                                                           const Parameter& watched) {
    const Variable y = model(x);
    optimizer.zero_grad();
    sum(y * y).backward();
    const std::vector<double> before = values(watched);
    optimizer.step();
    return {before, values(watched)};
  }
};

Parameters named(const Parameters& parameters, const std::string& start) {
  Parameters found;
  for (const Parameter& p : parameters)
    if (p.name.rfind(start, 0) == 0) found.push_back(p);
  return found;
}

TEST_CASE("docs/optim.md: weights and biases with different decay") {
  Network network;
  auto& model = network.model;
  // clang-format off
  Parameters weights, others;
  for (const Parameter& p : model.parameters())
    (p.variable.rank() > 1 ? weights : others).push_back(p);
  optim::AdamW optimizer({{weights, {{"weight_decay", 0.1}}}, {others, {{"weight_decay", 0.0}}}});
  // clang-format on
  CHECK(weights.size() == 2);
  CHECK(others.size() == 2);
  optimizer.set(0, {{"lr", 0.5}});
  for (const Parameter& p : model.parameters()) Variable(p.variable).set_grad(Tensor());
  const std::vector<double> weight = values(weights[0]);
  const std::vector<double> bias = values(others[0]);
  set_grad(weights[0], std::vector<double>(weight.size()));
  set_grad(others[0], std::vector<double>(bias.size()));
  optimizer.step();  // by the decay alone
  CHECK(values(weights[0])[0] == doctest::Approx(0.95 * weight[0]).epsilon(1e-6));
  CHECK(values(others[0]) == bias);
}

TEST_CASE("docs/optim.md: convolutional and linear layers with different learning rates") {
  Network network;
  auto& model = network.model;
  // clang-format off
  Parameters convolutional, linear;
  for (const Parameter& p : model.parameters())
    (p.name.rfind("0.", 0) == 0 ? convolutional : linear).push_back(p);
  optim::SGD optimizer({{convolutional, {{"lr", 0.01}}}, {linear, {{"lr", 0.1}}}},
                       optim::SGD::debiased(0.1, 0.9));
  optim::Schedule schedule(optimizer, optim::curve::cosine(1000));
  // clang-format on
  CHECK(convolutional.size() == 2);
  CHECK(linear.size() == 2);
  for (const auto& [watched, lr] : {std::pair(convolutional[1], 0.01), std::pair(linear[1], 0.1)}) {
    optim::SGD fresh({{convolutional, {{"lr", 0.01}}}, {linear, {{"lr", 0.1}}}},
                     optim::SGD::debiased(0.1, 0.9));
    const auto [before, after] = network.step(fresh, watched);
    const std::vector<double> g =
        watched.variable.grad().to(DType::float64).to_vector<double>();  // the first step is lr g
    CHECK(before[0] - after[0] == doctest::Approx(lr * g[0]).epsilon(1e-4));
  }
  for (int t = 0; t < 500; ++t) schedule.step();
  CHECK(optimizer.lr(0) == doctest::Approx(0.005).epsilon(1e-12));
  CHECK(optimizer.lr(1) == doctest::Approx(0.05).epsilon(1e-12));
}

TEST_CASE("docs/optim.md: several rules in one optimizer") {
  Network network;
  auto& model = network.model;
  // clang-format off
  optim::Combined optimizer(model.parameters(), {{optim::is_matrix, optim::by<optim::Muon>()},
                                                 {optim::any_parameter, optim::by<optim::AdamW>()}});
  optim::Schedule schedule(optimizer, optim::curve::warm_up(100, optim::curve::stable_decay(900, 200)));
  // clang-format on
  CHECK(optimizer.groups()[0].parameters.size() == 2);
  CHECK(optimizer.lr(0) == 0);
  for (int t = 0; t < 900; ++t) schedule.step();
  CHECK(optimizer.lr(0) == doctest::Approx(0.01).epsilon(1e-12));
  CHECK(optimizer.lr(1) == doctest::Approx(0.0005).epsilon(1e-12));
  for (const Parameter& watched : model.parameters()) {
    const auto [before, after] = network.step(optimizer, watched);
    CHECK(before != after);
  }
}

TEST_CASE("docs/optim.md: weights to judge by, and a step that asks for the loss") {
  const Part model = {parameter("w", {2})};
  const auto loss_of_batch = [&] { return sum(model.p.variable * model.p.variable); };
  {
    optim::ScheduleFreeAdamW optimizer(model.parameters());
    set_grad(model.p, {1});
    for (int t = 0; t < 2; ++t) optimizer.step();
    const double trained = values(model.p)[0];
    // clang-format off
    optimizer.swap_in();    // the weights to judge by
    CHECK(values(model.p)[0] > trained);
    optimizer.swap_out();   // and those that are trained
    // clang-format on
    CHECK(values(model.p)[0] == trained);
  }
  Variable(model.p.variable).set_value(Tensor::from({2.0}));
  // clang-format off
  optim::SGD sgd(model.parameters(), optim::SGD::heavy_ball(0.05, 0.9));
  optim::SAM optimizer(sgd);
  const double at_start = optimizer.step([&] {
    sgd.zero_grad();
    const Variable loss = loss_of_batch();
    loss.backward();
    return loss.item();
  });
  // clang-format on
  CHECK(at_start == 4);
  CHECK(values(model.p)[0] == doctest::Approx(2 - 0.05 * 2 * 2.05).epsilon(1e-12));
  optim::SGD fast(model.parameters(), optim::SGD::plain(0.1));
  optim::Lookahead optimizer_around(fast);
  CHECK(optimizer_around.options().k == 5);
}

TEST_CASE("docs/optim.md: a frozen part, and a group added in mid-training") {
  Network network;
  const Parameters convolutional = named(network.model.parameters(), "0.");
  const Parameters linear = named(network.model.parameters(), "1.");
  for (Parameter p : convolutional) p.variable.set_requires_grad(false);
  optim::SGD optimizer(linear, optim::SGD::debiased(0.1, 0.9));
  optim::Schedule schedule(optimizer, optim::curve::cosine(1000));
  const auto [frozen_before, frozen_after] = network.step(optimizer, convolutional[0]);
  CHECK(frozen_before == frozen_after);
  for (int t = 0; t < 500; ++t) schedule.step();
  for (Parameter p : convolutional) p.variable.set_requires_grad(true);
  optimizer.add_group({convolutional, {{"lr", 0.01}}});
  const auto [before, after] = network.step(optimizer, convolutional[0]);
  CHECK(before != after);
  schedule.step();
  CHECK(optimizer.lr(0) / optimizer.lr(1) == doctest::Approx(10).epsilon(1e-12));
  CHECK(optimizer.lr(1) < 0.005);
}

TEST_CASE("docs/optim.md: a rule of one's own steps, saves and refuses like the others") {
  const Parameter p = parameter("p", {1, 1, 1});
  SignDescent optimizer({p}, {0.25, 0.5});
  set_grad(p, {3, -0.1, 0});
  optimizer.step();
  CHECK(values(p) == std::vector<double>{0.75, 1.25, 1});
  set_grad(p, {-2, 0, 1});
  optimizer.step();  // a = {0.75 - 1, -0.025, 0.5}
  CHECK(values(p) == std::vector<double>{1, 1.5, 0.75});

  const Parameter q = parameter("p", {1, 1.5, 0.75});
  SignDescent resumed({q}, SignOptions());
  resumed.load_state_dict(optimizer.state_dict());
  for (const Parameter& each : {p, q}) set_grad(each, {0.2, 0.01, -1});
  optimizer.step();
  resumed.step();
  CHECK(values(p) == values(q));
  CHECK(same_state(optimizer.state_dict(), resumed.state_dict()));

  CHECK(error_of([&] { optimizer.set_lr(-1); }) == "[SignDescent] lr must be in [0, inf), got -1");
}

TEST_CASE("docs/optim.md: its code is that of these tests, line for line") {
  CHECK(code_missing_from("docs/optim.md",
                          {"tests/optim/test_document.cpp", "tests/optim/sign_descent.hpp"}) == "");
}

}  // namespace plumb::test
