#include "noise_scale.hpp"

#include <cmath>
#include <limits>
#include <plumb/optim/clip.hpp>

namespace comparison {
namespace {

using namespace plumb;

double squared_norm(const Parameters& parameters) {
  return std::pow(optim::grad_norm(parameters), 2);
}

data::Batch draw_batch(const Task& task, std::int64_t count, Generator& random) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
  for (std::int64_t& index : indices) index = random.below(task.train->size());
  return task.train->gather(indices);
}

// The gradient of the mean of two losses is that of the batch of both: gradients are kept of each
// part, and the large batch's is their mean.
struct Squares {
  double small = 0, large = 0;
};

Squares measure_once(const Task& task, nn::Layer& model, const NoiseOptions& options,
                     Generator& random) {
  const Parameters parameters = model.parameters();
  const auto parts = static_cast<double>(options.parts);
  std::vector<Tensor> sums;
  Squares squares;
  for (std::int64_t part = 0; part < options.parts; ++part) {
    const data::Batch batch = draw_batch(task, options.small, random);
    model.zero_grad();
    task.loss(model(batch.x, batch.lengths), batch).backward();
    squares.small += squared_norm(parameters) / parts;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Tensor share = parameters[i].variable.grad() * (1 / parts);
      if (part == 0)
        sums.push_back(share);
      else
        sums[i] = sums[i] + share;
    }
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Variable handle = parameters[i].variable;
    handle.set_grad(sums[i]);
  }
  squares.large = squared_norm(parameters);
  model.zero_grad();
  return squares;
}

}  // namespace

double NoiseScale::samples() const {
  return gradient > 0 ? noise / gradient : std::numeric_limits<double>::infinity();
}

// E |G_B|^2 = |G|^2 + noise / B, for two B.
NoiseScale measure_noise(const Task& task, nn::Layer& model, const NoiseOptions& options) {
  Generator random(options.seed, Stream::augmentation);
  const auto small = static_cast<double>(options.small);
  const double large = small * static_cast<double>(options.parts);
  NoiseScale mean;
  for (std::int64_t repeat = 0; repeat < options.repeats; ++repeat) {
    const Squares squares = measure_once(task, model, options, random);
    const auto repeats = static_cast<double>(options.repeats);
    mean.gradient += (large * squares.large - small * squares.small) / (large - small) / repeats;
    mean.noise += (squares.small - squares.large) / (1 / small - 1 / large) / repeats;
  }
  return mean;
}

std::int64_t bytes_per_sample(const Task& task, nn::Layer& model) {
  const NoGrad no_grad;
  const data::Batch one = task.train->gather({0});
  auto bytes = static_cast<std::int64_t>(one.x.bytes());
  Variable x = one.x;
  if (auto* layers = dynamic_cast<nn::Sequential*>(&model)) {
    for (std::int64_t i = 0; i < layers->size(); ++i) {
      x = (*layers)[i](x);
      bytes += 2 * static_cast<std::int64_t>(x.value().bytes());
    }
  } else {
    bytes += 2 * static_cast<std::int64_t>(model(x).value().bytes());
  }
  return bytes;
}

}  // namespace comparison
