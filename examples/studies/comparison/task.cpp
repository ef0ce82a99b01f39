#include "task.hpp"

#include <cmath>
#include <plumb/core.hpp>

#include "../../support/digit_nets.hpp"
#include "../../support/training.hpp"
#include "sequence_tasks.hpp"
#include "vae.hpp"

namespace comparison {
namespace {

using namespace plumb;
using nn::Sequential;
using Data = Task::Data;

constexpr double pi = 3.14159265358979323846;

// Logits [n, k] and classes [n], or of every step [n, steps, k] and [n, steps].
Variable loss_of_classes(const Variable& out, const data::Batch& batch) {
  return nn::token_cross_entropy(out, batch.y);
}

Variable squared_error(const Variable& out, const data::Batch& batch) {
  return nn::mse(out, batch.y);
}

Variable half_square(const Variable& out, const data::Batch& batch) {
  return sum(out * out) * (0.5 / static_cast<double>(batch.x.dim(0)));
}

// The samples of seed 0 that come from f(random, x, y), x [n, features]; a stream for each part.
template <class Target, class F>
Data draw_data(std::int64_t n, std::int64_t features, std::uint64_t part, const F& f) {
  Generator random(part, Stream::data);
  Tensor x = Tensor::empty({n, features});
  Tensor y =
      std::is_same_v<Target, float> ? Tensor::empty({n, 1}) : Tensor::empty({n}, DType::int64);
  float* const xs = x.mutable_data<float>();
  Target* const ys = y.mutable_data<Target>();
  for (std::int64_t i = 0; i < n; ++i) f(random, xs + i * features, ys[i]);
  return std::make_shared<data::TensorDataset>(x, y);
}

template <class Target, class F>
void draw_parts(Task& task, std::int64_t samples, std::int64_t features, const F& f) {
  task.train = draw_data<Target>(samples, features, 1, f);
  task.validation = draw_data<Target>(2000, features, 2, f);
  task.test = draw_data<Target>(2000, features, 3, f);
}

void read_digits(Task& task, const TaskOptions& options) {
  const bool channels = task.name == "lenet" || task.name == "cnn";
  const auto layout = channels ? data::ImageLayout::channels : data::ImageLayout::flat;
  if (options.data != "synthetic") {
    const Data all = data::load_mnist(options.data, data::Split::train).dataset(layout);
    const std::int64_t held_out = all->size() / 6;
    Generator random(0, Stream::split);
    const auto parts = data::random_split(all, {all->size() - held_out, held_out}, random);
    task.train = parts[0];
    task.validation = parts[1];
    task.test = data::load_mnist(options.data, data::Split::test).dataset(layout);
    return;
  }
  const auto digits = [&](std::int64_t first, std::int64_t count) {
    data::DigitOptions which;
    which.first_index = first;
    return data::draw_digits(count, which).dataset(layout);
  };
  task.train = digits(0, options.samples);
  task.validation = digits(options.samples, 5000);
  task.test = digits(options.samples + 5000, 10'000);
}

std::shared_ptr<nn::Layer> mlp(Generator& random) {
  return std::make_shared<Sequential>(
      Sequential{nn::Linear(784, 128, random), nn::ReLU(), nn::Linear(128, 10, random)});
}

std::shared_ptr<nn::Layer> lenet(Generator& random) {
  return std::make_shared<Sequential>(digit_nets::lenet(random));
}

// Batch normalization behind each of two convolutions.
std::shared_ptr<nn::Layer> cnn(Generator& random) {
  return std::make_shared<Sequential>(
      Sequential{nn::Conv2d(1, 8, 3, random, {1, 1}),  // stride 1, padding 1
                 nn::BatchNorm2d(8), nn::ReLU(), nn::MaxPool2d(2),
                 nn::Conv2d(8, 16, 3, random, {1, 1}), nn::BatchNorm2d(16), nn::ReLU(),
                 nn::MaxPool2d(2), nn::Flatten(), nn::Linear(784, 10, random)});
}

std::function<std::shared_ptr<nn::Layer>(Generator&)> plane_classifier(std::int64_t classes) {
  return [classes](Generator& random) {
    return std::make_shared<Sequential>(Sequential{nn::Linear(2, 32, random), nn::Tanh(),
                                                   nn::Linear(32, 32, random), nn::Tanh(),
                                                   nn::Linear(32, classes, random)});
  };
}

std::function<std::shared_ptr<nn::Layer>(Generator&)> linear_model(std::int64_t in,
                                                                   std::int64_t out) {
  return [in, out](Generator& random) { return std::make_shared<nn::Linear>(in, out, random); };
}

// Two interleaved half circles.
void two_moons(Generator& random, float* x, std::int64_t& y) {
  y = random.below(2);
  const double angle = pi * random.uniform();
  const double side = y == 0 ? 1 : -1;
  x[0] = static_cast<float>(side * std::cos(angle) + (y == 0 ? 0 : 1) + 0.2 * random.normal());
  x[1] = static_cast<float>(side * std::sin(angle) + (y == 0 ? 0 : 0.5) + 0.2 * random.normal());
}

// Three arms that wind round the origin once.
void spiral(Generator& random, float* x, std::int64_t& y) {
  y = random.below(3);
  const double radius = random.uniform();
  const double angle = 2 * pi * (radius + static_cast<double>(y) / 3) + 0.2 * random.normal();
  x[0] = static_cast<float>(2 * radius * std::cos(angle));
  x[1] = static_cast<float>(2 * radius * std::sin(angle));
}

constexpr std::int64_t features = 20;

// Weight j of the truth behind "logistic" and "linear".
double true_weight(std::int64_t j) {
  return (j % 2 == 0 ? 1 : -1) * 2.0 / static_cast<double>(1 + j);
}

double score(Generator& random, float* x) {
  double sum = 0;
  for (std::int64_t j = 0; j < features; ++j) {
    x[j] = static_cast<float>(random.normal());
    sum += true_weight(j) * static_cast<double>(x[j]);
  }
  return sum;
}

void logistic(Generator& random, float* x, std::int64_t& y) {
  const double logit = score(random, x);
  y = random.uniform() < 1 / (1 + std::exp(-logit)) ? 1 : 0;
}

// (p - x) sqrt(curvature) for a point p: with half the sum of squares as loss, a quadratic whose
// curvatures are 1, ..., 1e-4 and whose minimum is the mean of all x.
class Displacement : public nn::Layer {
 public:
  explicit Displacement(Generator& random) : root_(Tensor::empty({features})) {
    Tensor start = Tensor::empty({features});
    for (std::int64_t j = 0; j < features; ++j) {
      start.mutable_data<float>()[j] = static_cast<float>(random.normal());
      root_.mutable_data<float>()[j] = static_cast<float>(
          std::pow(10, -2 * static_cast<double>(j) / static_cast<double>(features - 1)));
    }
    point_ = add_parameter("point", start);
  }
  Variable forward(const Variable& x) override { return (point_ - x) * root_; }

 private:
  Tensor root_;
  Variable point_;
};

void learn_to_fit(Task& task, Variable (*loss)(const Variable&, const data::Batch&)) {
  task.classes = false;
  task.metric = "excess loss";
  task.loss = loss;
}

// Training points scatter around the minimum at 0; validation and test are the minimum itself.
void read_quadratic(Task& task, std::int64_t samples) {
  learn_to_fit(task, half_square);
  task.train = draw_data<float>(samples, features, 1, [](Generator& random, float* x, float& y) {
    for (std::int64_t j = 0; j < features; ++j) x[j] = static_cast<float>(0.1 * random.normal());
    y = 0;
  });
  task.validation = task.test =
      std::make_shared<data::TensorDataset>(Tensor::zeros({1, features}), Tensor::zeros({1, 1}));
  task.make_model = [](Generator& random) { return std::make_shared<Displacement>(random); };
}

void read_linear(Task& task, std::int64_t samples) {
  learn_to_fit(task, squared_error);
  const auto exact = [](Generator& random, float* x, float& y) {
    y = static_cast<float>(score(random, x));
  };
  draw_parts<float>(task, samples, features, exact);
  task.train = draw_data<float>(samples, features, 1, [&](Generator& random, float* x, float& y) {
    exact(random, x, y);
    y += static_cast<float>(0.5 * random.normal());
  });
  task.make_model = linear_model(features, 1);
}

void read_vae(Task& task) {
  task.classes = false;
  task.metric = "negative ELBO";
  task.loss = [](const Variable& out, const data::Batch& batch) {
    return negative_elbo(out, batch.x);
  };
  task.make_model = [](Generator& random) { return std::make_shared<Vae>(random); };
}

}  // namespace

const std::vector<std::string> task_names = {
    "mlp",       "lenet", "cnn", "vae",    "two-moons", "spiral", "logistic",  "linear",
    "quadratic", "text",  "gpt", "speech", "genes",     "table",  "regression"};

Task make_task(const TaskOptions& options) {
  Task task;
  task.name = options.name;
  task.metric = "error %";
  task.loss = loss_of_classes;
  if (task.name == "mlp" || task.name == "lenet" || task.name == "cnn" || task.name == "vae") {
    read_digits(task, options);
    task.make_model = task.name == "mlp" ? mlp : task.name == "lenet" ? lenet : cnn;
    if (task.name == "vae") read_vae(task);
  } else if (task.name == "two-moons") {
    draw_parts<std::int64_t>(task, options.samples, 2, two_moons);
    task.make_model = plane_classifier(2);
  } else if (task.name == "spiral") {
    draw_parts<std::int64_t>(task, options.samples, 2, spiral);
    task.make_model = plane_classifier(3);
  } else if (task.name == "logistic") {
    draw_parts<std::int64_t>(task, options.samples, features, logistic);
    task.make_model = linear_model(features, 2);
  } else if (task.name == "linear") {
    read_linear(task, options.samples);
  } else if (task.name == "quadratic") {
    read_quadratic(task, options.samples);
  } else if (!read_sequence_task(task, options)) {
    errors::fail("make_task", "no task named '", task.name, "'");
  }
  return task;
}

Score Task::evaluate(nn::Layer& model, const Data& dataset) const {
  const NoGrad no_grad;
  const nn::EvalMode evaluating(model);
  data::DataLoader loader = test_loader(dataset);
  Score total;
  for (const data::Batch& batch : loader) {
    const auto n = static_cast<double>(batch.x.dim(0));
    const Variable out = model(batch.x, batch.lengths);
    total.loss += n * loss(out, batch).item();
    if (!classes) continue;
    const Tensor guesses = argmax(out.value(), -1);
    const double share = 100 * n / static_cast<double>(batch.y.numel());  // of an answer, percent
    for (std::int64_t i = 0; i < batch.y.numel(); ++i)
      if (batch.y.data<std::int64_t>()[i] != guesses.data<std::int64_t>()[i]) total.metric += share;
  }
  const auto n = static_cast<double>(dataset->size());
  total.loss /= n;
  total.metric = classes ? total.metric / n : total.loss;
  return total;
}

std::uint64_t data_hash(const Task& task) {
  std::uint64_t state = 0;
  for (const Data& part : {task.train, task.validation, task.test}) {
    data::DataLoader loader = test_loader(part);
    for (const data::Batch& batch : loader) state = hash(batch.y, hash(batch.x, state));
  }
  return state;
}

}  // namespace comparison
