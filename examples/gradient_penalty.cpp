// Measures how far apart two distributions are: by a critic whose slope is held at 1 (Gulrajani et al. 2017,
// "Improved training of Wasserstein GANs"). Here the answer is known.
#include <cmath>
#include <cstdio>
#include <plumb/plumb.hpp>

#include "support/arguments.hpp"
#include "support/program.hpp"

using namespace plumb;

namespace {

// Both are normal around their centres, so the earth mover's distance is that of the centres.
constexpr double east = 3, north = 4, truth = 5;

Tensor sample(std::int64_t n, bool moved, Generator& generator) {
  Tensor points = Tensor::empty({n, 2});
  generator.fill_normal(points);
  return moved ? points + Tensor::from({float(east), float(north)}, {2}) : points;
}

// |df/dx| of every point. It enters the loss, so its graph is recorded.
Variable slopes(nn::Layer& critic, const Variable& points) {
  const Variable slope = grad({sum(critic(points))}, {points}, {}, create_graph)[0];
  return norm(slope, {1});
}

// Where the slope is taken: between a point of one and a point of the other.
Variable between(const Tensor& a, const Tensor& b, Generator& generator) {
  Tensor share = Tensor::empty({a.dim(0), 1});
  generator.fill_uniform(share);
  return Variable::leaf(share * a + (1 - share) * b);
}

void train(nn::Layer& critic, std::int64_t steps, double weight, Generator generator) {
  constexpr std::int64_t batch = 256;
  optim::AdamOptions options;
  options.lr = 0.002;
  options.beta1 = 0.5;
  optim::Adam optimizer(critic.parameters(), options);
  optim::Schedule schedule(optimizer, optim::curve::cosine(steps));
  for (std::int64_t step = 1; step <= steps; ++step) {
    const Tensor a = sample(batch, false, generator), b = sample(batch, true, generator);
    const Variable beyond = slopes(critic, between(a, b, generator)) - 1;
    const Variable difference = mean(critic(b)) - mean(critic(a));
    const Variable loss = weight * mean(beyond * beyond) - difference;
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    schedule.step();
    if (step % 500 == 0 || step == steps)
      std::printf("step %5ld  difference %.3f  slope %.3f\n", static_cast<long>(step),
                  difference.item(), 1 + mean(beyond).item());
  }
}

// The penalty lets the slope be a little above 1, so the difference is divided by it.
double distance(nn::Layer& critic, Generator generator) {
  const Tensor a = sample(10'000, false, generator), b = sample(10'000, true, generator);
  const double slope = mean(slopes(critic, between(a, b, generator))).item();
  return (mean(critic(b)) - mean(critic(a))).item() / slope;
}

int run(std::int64_t steps, double weight, std::int64_t seed) {
  Generator generator(static_cast<std::uint64_t>(seed));
  nn::Sequential critic{nn::Linear(2, 64, generator), nn::Softplus(), nn::Linear(64, 64, generator),
                        nn::Softplus(), nn::Linear(64, 1, generator)};
  train(critic, steps, weight, Generator(static_cast<std::uint64_t>(seed), Stream::data));
  std::printf("distance %.3f, exactly %g\n", distance(critic, generator), truth);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t steps = 2000, seed = 1;
  double weight = 10;
  arguments::App app("Measures the distance of two distributions by a critic.", "gradient_penalty");
  app.add_option("--steps", steps, "of Adam").whole_number(1, 1'000'000);
  app.add_option("--penalty", weight, "times the mean of (slope - 1)^2").real_number(0, 1e6);
  app.add_option("--seed", seed, "of weights and points").whole_number(0, 1'000'000);
  const int code = app.parse(argc, argv);
  if (code >= 0) return code;
  return run_program("gradient_penalty", [&] { return run(steps, weight, seed); });
}
