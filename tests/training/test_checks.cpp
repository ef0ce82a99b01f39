#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <plumb/plumb.hpp>

#include "../support/captured_stderr.hpp"
#include "../support/errors.hpp"

using namespace plumb;
using test::contains;
using test::stderr_of;

namespace {

// Off again at its end.
struct Checked {
  Checked() { set_checks(true); }
  ~Checked() { set_checks(false); }
};

// What is said while f runs with the checks on.
std::string told(const std::function<void()>& f) {
  return stderr_of([&] {
    const Checked checked;
    f();
  });
}

const Tensor labels = Tensor::from<std::int64_t>({0, 1, 2, 0});

Tensor inputs(std::int64_t n = 4, double scale = 1) {
  Tensor x = Tensor::empty({n, 5});
  Generator(7).fill_normal(x);
  return scale * x;
}

// A model of two layers, and what a step of its training needs.
struct Trained {
  Generator generator{1};
  nn::Sequential model{nn::Linear(5, 8, generator), nn::Tanh(), nn::Linear(8, 3, generator)};
  optim::SGD optimizer{model.parameters(), optim::SGD::heavy_ball(0.1, 0.9)};

  void step(const Tensor& x = inputs(), const Tensor& y = labels) {
    optimizer.zero_grad();
    nn::cross_entropy(model(x), y).backward();
    optimizer.step();
  }
};

// The one line that is told, its end left out.
#define CHECK_TELLS(line, ...)                                \
  do {                                                        \
    const std::string all = told([&] { __VA_ARGS__; });       \
    CAPTURE(all);                                             \
    CHECK(all.substr(0, std::string(line).size()) == (line)); \
    CHECK(all.find('\n') == all.size() - 1);                  \
  } while (false)

#define CHECK_TELLS_NOTHING(...) CHECK(told([&] { __VA_ARGS__; }) == "")

}  // namespace

TEST_CASE("checks: right training says nothing, and the bits are those without checks") {
  const auto train = [] {
    Generator generator(1), noise(2, Stream::dropout);
    nn::Sequential model{nn::Linear(5, 8, generator), nn::ReLU(), nn::BatchNorm1d(8),
                         nn::Dropout(0.5, noise), nn::Linear(8, 3, generator)};
    optim::Adam optimizer(model.parameters());
    optim::SGD unused(nn::Linear(2, 2, generator).parameters(), optim::SGD::plain(0.1));
    for (int step = 0; step < 120; ++step) {
      optimizer.zero_grad();
      nn::cross_entropy(model(inputs()), labels).backward();
      optimizer.step();
      const NoGrad no_grad;
      const nn::EvalMode evaluating(model);
      nn::cross_entropy(model(inputs()), labels);
      nn::nll(log_softmax(model(inputs()), 1), labels);
    }
    return hash(model.parameters()[0].variable.value());
  };
  const std::uint64_t without = train();
  std::uint64_t with = 0;
  CHECK_TELLS_NOTHING(with = train());
  CHECK(with == without);
}

TEST_CASE(
    "checks: off, nothing is said; a mistake is told once, and again after set_checks(true)") {
  const auto mistake = [] { nn::nll(softmax(Variable(inputs()), 1), labels); };
  CHECK(stderr_of(mistake) == "");
  CHECK(!checks());
  CHECK_TELLS("plumb: [nll] ", mistake(); mistake());
  CHECK_TELLS("plumb: [nll] ", mistake());
}

TEST_CASE("checks: softmax and log_softmax in front of cross_entropy") {
  const Variable x = Variable::leaf(Tensor::ones({4, 3}));
  CHECK_TELLS("plumb: [cross_entropy] the scores come from softmax, but cross_entropy applies",
              nn::cross_entropy(softmax(x, 1), labels));
  CHECK_TELLS("plumb: [cross_entropy] the scores come from log_softmax",
              nn::cross_entropy(log_softmax(x, 1), labels));
  CHECK_TELLS("plumb: [token_cross_entropy] the scores come from softmax",
              nn::token_cross_entropy(reshape(softmax(x, 1), {2, 2, 3}), labels.reshape({2, 2})));
  CHECK_TELLS_NOTHING(
      nn::cross_entropy(linear(softmax(x, 1), Variable(Tensor::ones({3, 3}))), labels));
}

TEST_CASE("checks: relu and sigmoid in front of cross_entropy, sigmoid of bce_with_logits") {
  Generator generator(1);
  nn::Sequential cut{nn::Linear(5, 3, generator), nn::ReLU()};
  CHECK_TELLS("plumb: [cross_entropy] the scores come from relu, which keeps",
              nn::cross_entropy(cut(inputs()), labels));
  const Variable x = Variable::leaf(Tensor::ones({4, 3}));
  CHECK_TELLS("plumb: [cross_entropy] the scores come from relu",
              nn::cross_entropy(relu(x), labels));
  CHECK_TELLS("plumb: [cross_entropy] the scores come from sigmoid",
              nn::cross_entropy(sigmoid(x), labels));
  CHECK_TELLS("plumb: [bce_with_logits] the logits come from sigmoid, but bce_with_logits applies",
              nn::bce_with_logits(sigmoid(x), Tensor::ones({4, 3})));
  CHECK_TELLS_NOTHING(nn::bce_with_logits(relu(x), Tensor::ones({4, 3})));
}

TEST_CASE("checks: nll of what is no log-probability") {
  const Variable x(inputs());
  const Tensor y = Tensor::from<std::int64_t>({0, 1, 2, 4});
  CHECK_TELLS("plumb: [nll] the scores look like probabilities", nn::nll(softmax(x, 1), y));
  CHECK_TELLS("plumb: [nll] the scores are no log-probabilities, their exponentials sum to ",
              nn::nll(x, y));
  CHECK_TELLS_NOTHING(nn::nll(log_softmax(x, 1), y));
  const Variable image = reshape(x, {2, 5, 2});
  const Tensor each = y.reshape({2, 2});
  CHECK_TELLS_NOTHING(nn::nll(log_softmax(image, 1), each));
  CHECK_TELLS("plumb: [nll] the scores are no", nn::nll(log_softmax(image, 2), each));
  // Impossible classes, and one row that is NaN.
  const float none = -std::numeric_limits<float>::infinity();
  CHECK_TELLS_NOTHING(
      nn::nll(Tensor::from<float>({0, none, std::numeric_limits<float>::quiet_NaN(), 0}, {2, 2}),
              Tensor::from<std::int64_t>({0, 0})));
}

TEST_CASE("checks: a step without a backward since the step before") {
  Trained t;
  CHECK_TELLS("plumb: [SGD] a step by the gradients of the step before", t.step();
              t.optimizer.step());
  CHECK_TELLS("plumb: [SGD] no parameter has a gradient", t.step(); t.optimizer.zero_grad();
              t.optimizer.step());
  // By hand, and two optimizers after one backward.
  optim::SGD second(t.model.parameters(), optim::SGD::plain(0.1));
  CHECK_TELLS_NOTHING(t.step(); second.step(); const Variable w = t.model.parameters()[0].variable;
                      Variable(w).set_grad(w.grad()); second.step());
}

TEST_CASE("checks: zero_grad forgotten for 100 steps") {
  Trained t;
  const auto steps = [&](int count) {
    for (int i = 0; i < count; ++i) {
      nn::cross_entropy(t.model(inputs()), labels).backward();
      t.optimizer.step();
    }
  };
  t.optimizer.set_lr(1e-3);
  CHECK_TELLS_NOTHING(steps(100); t.model.zero_grad(); steps(100));
  CHECK_TELLS("plumb: [SGD] no gradient was cleared in 100 steps", steps(101));
}

TEST_CASE("checks: gradients that gather over parts of a batch are no mistake") {
  Trained t;
  nn::CrossEntropyOptions summed;
  summed.reduction = nn::Reduction::sum;
  CHECK_TELLS_NOTHING(for (int step = 0; step < 110; ++step) {
    t.optimizer.zero_grad();
    GradientAccumulation gathered(8);
    for (int part = 0; part < 2; ++part)
      gathered.add(nn::cross_entropy(t.model(inputs()), labels, summed));
    t.optimizer.step();
  });
}

TEST_CASE("checks: a parameter that never gets a gradient") {
  Trained t;
  Generator generator(2);
  nn::Linear forgotten(2, 2, generator), frozen(2, 2, generator);
  const auto named = [](const nn::Module& module, const std::string& prefix) {
    Parameters all = module.parameters();
    for (Parameter& p : all) p.name = prefix + p.name;
    return all;
  };
  t.optimizer.add_group({named(frozen, "frozen.")});
  for (const Parameter& p : frozen.parameters()) Variable(p.variable).set_requires_grad(false);
  CHECK_TELLS_NOTHING(for (int i = 0; i < 30; ++i) t.step());
  t.optimizer.add_group({named(forgotten, "forgotten.")});
  CHECK_TELLS_NOTHING(for (int i = 0; i < 19; ++i) t.step());
  CHECK_TELLS("plumb: [SGD] parameter 'forgotten.weight' and 1 more had no gradient in 20 steps",
              for (int i = 0; i < 20; ++i) t.step());
}

TEST_CASE("checks: a parameter that is trained by nobody") {
  Generator generator(1);
  nn::Sequential model{nn::Linear(5, 8, generator), nn::Tanh(), nn::Linear(8, 3, generator)};
  const Parameters all = model.parameters();
  const Parameters first(all.begin(), all.begin() + 2);
  const auto train = [&] {
    optim::SGD optimizer(first, optim::SGD::plain(0.1));
    for (int i = 0; i < 25; ++i) {
      model.zero_grad();
      nn::cross_entropy(model(inputs()), labels).backward();
      optimizer.step();
    }
  };
  CHECK_TELLS("plumb: [backward] a parameter of shape [3, 8] has had gradients in 20 steps",
              train());
  for (const std::size_t i : {2U, 3U}) Variable(all[i].variable).set_requires_grad(false);
  CHECK_TELLS_NOTHING(train());
  // A leaf that is no parameter, as an input that is attacked.
  const Variable x = Variable::leaf(inputs());
  Trained t;
  CHECK_TELLS_NOTHING(for (int i = 0; i < 25; ++i) {
    t.optimizer.zero_grad();
    nn::cross_entropy(t.model(x), labels).backward();
    t.optimizer.step();
  });
}

TEST_CASE("checks: training in evaluation mode, evaluation in training mode") {
  Generator generator(1), noise(2, Stream::dropout);
  nn::Sequential model{nn::Linear(5, 8, generator), nn::BatchNorm1d(8), nn::Dropout(0.5, noise),
                       nn::Linear(8, 3, generator)};
  optim::SGD optimizer(model.parameters(), optim::SGD::plain(0.1));
  const auto steps = [&](int count) {
    for (int i = 0; i < count; ++i) {
      optimizer.zero_grad();
      nn::cross_entropy(model(inputs()), labels).backward();
      optimizer.step();
    }
  };
  model.eval();
  CHECK_TELLS_NOTHING(steps(20));
  CHECK_TELLS("plumb: [SGD] in 20 steps every Dropout and BatchNorm was in evaluation mode",
              steps(21));
  // Frozen statistics beside dropout that drops.
  for (const nn::NamedModule& m : model.modules())
    if (m.module->type_name() == "Dropout") m.module->train();
  CHECK_TELLS_NOTHING(steps(40));
  model.train();
  CHECK_TELLS("plumb: [Dropout] drops under NoGrad", const NoGrad no_grad; model(inputs()));
  model.eval();
  CHECK_TELLS_NOTHING(const NoGrad no_grad; model(inputs()));
}

TEST_CASE("checks: a learning rate of 0") {
  Trained t;
  const auto steps = [&](int count) {
    for (int i = 0; i < count; ++i) t.step();
  };
  CHECK_TELLS_NOTHING(t.optimizer.set_lr(0); steps(10); t.optimizer.set_lr(0.1); steps(10);
                      t.optimizer.set_lr(0); steps(19));
  CHECK_TELLS("plumb: [SGD] the learning rate was 0 in 20 steps", steps(20));
}

TEST_CASE("checks: a loss that is NaN or infinite") {
  const Variable x = Variable::leaf(Tensor::scalar(-1));
  CHECK_TELLS("plumb: [backward] the loss is nan for the first time, in backward pass ",
              log(x).backward();
              log(x).backward());
  CHECK_TELLS_NOTHING(exp(x).backward());
}

TEST_CASE("checks: inputs that were not scaled") {
  Generator generator(1);
  nn::Linear layer(5, 3, generator);
  nn::Conv1d convolution(5, 3, 1, generator);
  CHECK_TELLS("plumb: [Linear] the inputs are of magnitude ", layer(inputs(4, 100)));
  CHECK_TELLS("plumb: [Conv1d] the inputs are of magnitude ",
              convolution(inputs(4, 100).reshape({4, 5, 1})));
  CHECK_TELLS_NOTHING(layer(inputs(4, 20)));
  CHECK_TELLS_NOTHING(layer(Variable::leaf(inputs(4, 100))));
  CHECK_TELLS_NOTHING(const NoGrad no_grad; layer(inputs(4, 100)));
}

TEST_CASE("checks: samples in the order of their classes") {
  Trained t;
  const Tensor x = inputs(8);
  const auto batches = [&](std::int64_t from, std::int64_t to) {
    for (std::int64_t i = from; i < to; ++i)
      t.step(x, Tensor::full({8}, static_cast<double>(i / 6), DType::int64));
  };
  CHECK_TELLS_NOTHING(batches(0, 6); batches(0, 6));  // one class in all: rare ones may be absent
  CHECK_TELLS_NOTHING(batches(0, 9));
  CHECK_TELLS("plumb: [cross_entropy] each of 10 batches in a row holds a single class",
              batches(0, 12));
}
