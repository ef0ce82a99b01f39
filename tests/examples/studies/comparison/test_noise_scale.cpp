#include <doctest/doctest.h>

#include <cmath>
#include <plumb/examples/studies/comparison/noise_scale.hpp>

#include "small_task.hpp"

namespace plumb::test {
namespace {

using namespace comparison;

}  // namespace

TEST_CASE("noise scale: of a quadratic, whose gradients are known") {
  // Loss sum c_j (p_j - x_j)^2 / 2: gradient c (p - mean x), covariance c_j^2 var x_j, for the
  // training set as it was drawn.
  const Task task = small_task("quadratic", 500);
  Generator random(1);
  const auto model = task.make_model(random);
  const Tensor x = std::dynamic_pointer_cast<const data::TensorDataset>(task.train)->x();
  const Tensor p = model->parameters()[0].variable.value();
  double gradient = 0, noise = 0;
  for (std::int64_t j = 0; j < 20; ++j) {
    const double c = std::pow(10, -4 * static_cast<double>(j) / 19);
    double mean = 0, square = 0;
    for (std::int64_t i = 0; i < 500; ++i) {
      mean += x.at({i, j}) / 500;
      square += x.at({i, j}) * x.at({i, j}) / 500;
    }
    gradient += std::pow(c * (p.at({j}) - mean), 2);
    noise += c * c * (square - mean * mean);
  }
  NoiseOptions few;
  few.small = 4;
  few.repeats = 2000;
  const NoiseScale scale = measure_noise(task, *model, few);
  CHECK(scale.gradient == doctest::Approx(gradient).epsilon(0.01));
  CHECK(scale.noise == doctest::Approx(noise).epsilon(0.03));
  CHECK(scale.samples() == doctest::Approx(noise / gradient).epsilon(0.03));
  CHECK_FALSE(model->parameters()[0].variable.grad().defined());
}

TEST_CASE("noise scale: bytes of a sample") {
  const Task task = small_task("spiral", 10);
  Generator random(1);
  // Input 2; twice 32 + 32 and 32 + 32 of the layers and their tanh; twice 3 logits.
  CHECK(bytes_per_sample(task, *task.make_model(random)) == 4 * (2 + 2 * (4 * 32 + 3)));
}

}  // namespace plumb::test
